# shellcheck shell=bash disable=SC2034
# Places, ports and messages. Progress goes to stderr; stdout is kept for answers.

PORT_BASE=${PORT_BASE:-18000}
if [[ ! $PORT_BASE =~ ^[0-9]{4,5}$ ]] || ((PORT_BASE < 1024 || PORT_BASE > 65000)); then
	echo "PORT_BASE must be a number between 1024 and 65000" >&2
	exit 1
fi
export PORT_BASE
STATE=$ROOT/.local/$PORT_BASE
CACHE=${FLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/integration-fleet}
BUILD=$ROOT/${FLEET_BUILD:-build}
LOCAL=$ROOT/deploy/local

say() {
	printf '%s\n' "$*" >&2
}

die() {
	printf 'dev: %s\n' "$*" >&2
	exit 1
}

# port OFFSET: the port table's offsets are here and in fleet.sh.
#   0 Kafka, 1 its controller, 2 PostgreSQL, 3 the MongoDB-compatible store,
#   10-19 demo partners, 20-79 HTTP of the services, 100-299 health and metrics
port() {
	echo $((PORT_BASE + $1))
}

# locked FILE COMMAND...: one at a time over all calls of ./dev. Daemons must close fd 9.
locked() {
	local file=$1
	shift
	mkdir -p "$(dirname "$file")"
	(
		flock 9
		"$@"
	) 9>"$file"
}

# logged FILE WHAT COMMAND...: quiet unless it fails, then the end of what it said.
logged() {
	local file=$1 what=$2
	shift 2
	mkdir -p "$(dirname "$file")"
	say "$what …"
	if ! ("$@") >"$file" 2>&1 </dev/null; then
		tail -n 40 "$file" >&2
		die "$what failed; all of it is in $file"
	fi
}

# all_of COMMAND...: each a function without arguments, side by side; fails when one does.
all_of() {
	local pids=() failed=0 function pid
	for function; do
		"$function" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	return $failed
}
