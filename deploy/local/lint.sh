# shellcheck shell=bash
# Every static check, and the formatter.

sources() {
	git -C "$ROOT" ls-files -co --exclude-standard -- "$@" ':!third_party' | sort -u | while IFS= read -r file; do
		if [[ -f $ROOT/$file ]]; then echo "$file"; fi
	done
}

lint_format() {
	sources '*.c' '*.h' | xargs clang-format --dry-run --Werror
}

lint_layers() {
	tools/check-layers
}

# One module, one purpose: a longer file is two. Tests have tables of cases.
lint_sizes() {
	sources '*.c' '*.h' | xargs wc -l | awk '
		$2 != "total" && $1 > ($2 ~ /^tests/ ? 700 : 500) { print $2 ": " $1 " lines"; bad = 1 }
		END { exit bad }'
}

lint_gcc() {
	build_all "$ROOT/build-ci"
}

lint_clang() {
	build_all "$ROOT/build-asan"
}

# clang-tidy is slow: what was clean once is remembered by all that it saw.
lint_tidy_one() {
	local stamp
	stamp=$CACHE/clang-tidy/$(cat "$1" <(echo "$LINT_CONTEXT") | sha256sum | cut -c 1-40)
	[[ ! -f $stamp ]] || return 0
	clang-tidy --quiet -p "$ROOT/build-asan" "$1" 2>/dev/null && touch "$stamp"
}

lint_tidy() {
	mkdir -p "$CACHE/clang-tidy"
	LINT_CONTEXT=$(sources '*.h' .clang-tidy '*meson.build' | xargs cat | sha256sum)
	export LINT_CONTEXT CACHE ROOT
	export -f lint_tidy_one
	# shellcheck disable=SC2016 # the inner shell expands it
	sed -n 's#^ *"file": "\.\./\(.*\.c\)",\?$#\1#p' build-asan/compile_commands.json | grep -v ^third_party/ | sort -u |
		xargs -P 2 -I{} bash -c 'lint_tidy_one "$1"' _ {}
}

# Off: leaks (it does not know the cleanup attribute) and uninitialised variables (it does not know
# that a library's function fills what it is given); gcc, clang and the sanitizers look for both.
lint_cppcheck() {
	sources 'common/*.c' 'services/*.c' 'tools/*.c' | xargs cppcheck -q -j 2 -I common --std=c11 \
		--enable=warning,performance,portability --inline-suppr --suppress=memleak --suppress=uninitvar \
		--include="$LOCAL/cppcheck.h" --include="/usr/include/$(gcc -print-multiarch)/sys/queue.h" --error-exitcode=1
}

lint_shell() {
	sources dev .ci/run '*.sh' | xargs shellcheck -x
}

lint_python() {
	sources '*.py' | xargs python3 -c 'import sys
for name in sys.argv[1:]:
    compile(open(name, encoding="utf-8").read(), name, "exec")'
}

lint_web() {
	web_check
}

cmd_lint() {
	local check failed=() checks=(format layers sizes shell python web gcc clang tidy cppcheck)
	(($# == 0)) || checks=("$@")
	packages
	cd "$ROOT" || return
	for check in "${checks[@]}"; do
		say "lint: $check"
		("lint_$check") >&2 || failed+=("$check")
	done
	((${#failed[@]} == 0)) || die "lint: failed: ${failed[*]}"
	echo "lint: ${#checks[@]} checks passed (${checks[*]})"
}

cmd_fmt() {
	packages
	cd "$ROOT" || return
	sources '*.c' '*.h' | xargs clang-format -i
	web_tools && web_run prettier --write --log-level warn src
}
