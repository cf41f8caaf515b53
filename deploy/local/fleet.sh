# shellcheck shell=bash
# The fleet's services. A service runs where the build has its program.
#
# name            health  http  the http port's key   (offsets from PORT_BASE; a replica adds 1)
FLEET_TABLE='
outbox-relay      100     -     -
trigger           120     -     -
dispatcher        140     -     -
callback          160     20    CALLBACK_PORT
retry-scheduler   180     -     -
dashboard         200     40    DASHBOARD_PORT
inbound-gateway   220     60    GATEWAY_PORT
'
FLEET_REPLICAS_MAX=20 # what the port table has room for

# fleet_row NAME: sets FLEET_HEALTH, FLEET_HTTP, FLEET_HTTP_KEY; fails for a name that is no service.
fleet_row() {
	local name
	while read -r name FLEET_HEALTH FLEET_HTTP FLEET_HTTP_KEY; do
		[[ $name != "$1" ]] || return 0
	done <<<"$FLEET_TABLE"
	return 1
}

fleet_names() {
	awk 'NF { print $1 }' <<<"$FLEET_TABLE"
}

fleet_each() {
	local name
	for name in $(fleet_names); do
		"$@" "$name"
	done
}

fleet_program() {
	echo "$BUILD/services/$1"
}

fleet_built() {
	local name
	for name in $(fleet_names); do
		if [[ -x $(fleet_program "$name") ]]; then echo "$name"; fi
	done
}

# The first replica is called as its service, the others NAME.2 …
fleet_instance() {
	if (($2 == 1)); then echo "$1"; else echo "$1.$2"; fi
}

fleet_health_port() {
	fleet_row "$1"
	port $((FLEET_HEALTH + $2 - 1))
}

# fleet_running NAME: the numbers of its replicas that live.
fleet_running() {
	local i
	for ((i = 1; i <= FLEET_REPLICAS_MAX; i++)); do
		if process_pid "$(fleet_instance "$1" $i)" >/dev/null; then echo "$i"; fi
	done
}

fleet_spawn() {
	local name=$1 i=$2 ports
	fleet_row "$name"
	ports=("HEALTH_PORT=$(port $((FLEET_HEALTH + i - 1)))")
	[[ $FLEET_HTTP == - ]] || ports+=("$FLEET_HTTP_KEY=$(port $((FLEET_HTTP + i - 1)))")
	process_spawn "$(fleet_instance "$name" "$i")" "$(port $((FLEET_HEALTH + i - 1)))" env "${ports[@]}" "$(fleet_program "$name")"
}

fleet_ready() {
	curl -sf -m 2 -o /dev/null --noproxy '*' "http://127.0.0.1:$(fleet_health_port "$1" "$2")/readyz"
}

fleet_await() {
	process_await "$(fleet_instance "$1" "$2")" 60 fleet_ready "$1" "$2"
}

# fleet_scale NAME N: at least N replicas, spawned but not awaited.
fleet_scale() {
	local name=$1 missing=$2 i
	[[ -x $(fleet_program "$name") ]] || die "$name is not built: ./dev build"
	(($2 <= FLEET_REPLICAS_MAX)) || die "at most $FLEET_REPLICAS_MAX replicas of one service"
	missing=$((missing - $(fleet_running "$name" | wc -l)))
	for ((i = 1; i <= FLEET_REPLICAS_MAX && missing > 0; i++)); do
		process_pid "$(fleet_instance "$name" $i)" >/dev/null && continue
		fleet_spawn "$name" $i || return
		missing=$((missing - 1))
	done
}

fleet_await_all() {
	local i
	for i in $(fleet_running "$1"); do
		fleet_await "$1" "$i" || return
	done
}

# fleet_end NAME N stop|kill: N of its replicas, those with the highest numbers; without N all.
fleet_end() {
	local pids=() name=$1 n=${2:-$FLEET_REPLICAS_MAX} how=$3 i
	for i in $(fleet_running "$name" | sort -rn | head -n "$n"); do
		"fleet_$how" "$(fleet_instance "$name" "$i")" &
		pids+=($!)
	done
	((${#pids[@]} == 0)) || wait "${pids[@]}"
}

# Beyond the services' own DRAIN_TIMEOUT, which ends them first.
fleet_stop() {
	process_stop "$1" 60
}

fleet_kill() {
	process_kill "$1"
}

# A program that was compiled anew is not the one that runs.
fleet_stop_outdated() {
	local name i pid
	for name in $(fleet_names); do
		for i in $(fleet_running "$name"); do
			pid=$(process_pid "$(fleet_instance "$name" "$i")") || continue
			if [[ $(readlink "/proc/$pid/exe") == *"(deleted)" ]]; then fleet_stop "$(fleet_instance "$name" "$i")"; fi
		done
	done
}

fleet_start() {
	local name names
	names=$(fleet_built)
	for name in $names; do
		fleet_scale "$name" 1 || return
	done
	for name in $names; do
		fleet_await_all "$name" || return
	done
}
