# shellcheck shell=bash
# The stack as a whole: backing services, schemas, the fleet.

BACKING=(kafka postgres mongodb)

backing_start() {
	"$1_is_ours" || return 0
	"$1_start"
}

backing_start_kafka() { backing_start kafka; }
backing_start_postgres() { backing_start postgres; }
backing_start_mongodb() { backing_start mongodb; }

backing_ready() {
	"$1_answers"
}

# The fleet's schema by its own migrations, the reference LIS beside it; both may be run again.
schemas() {
	local file
	"$BUILD/tools/integration-admin" migrate || return
	for file in "$ROOT"/deploy/sql/lis/*.sql; do
		[[ ! -f $file ]] || PGOPTIONS="-c client_min_messages=warning" psql -X -q -v ON_ERROR_STOP=1 -1 -d "$POSTGRES_URL" -f "$file" || return
	done
}

stack_up() {
	local started=$SECONDS
	packages
	environment_load
	environment_save
	all_of backing_start_kafka backing_start_postgres backing_start_mongodb build_programs web_build ||
		die "the stack is not up; what was started is running: ./dev status, ./dev down"
	logged "$STATE/log/schemas.log" "making the schemas" schemas
	fleet_stop_outdated
	fleet_start || die "the fleet is not up: ./dev status, ./dev logs NAME"
	say "the stack is up at PORT_BASE $PORT_BASE after $((SECONDS - started)) s: ./dev env, ./dev status"
}

cmd_up() {
	stack_up
}

# The fleet drains first, while what it needs is still there.
stack_down() {
	local name pids=()
	mkdir -p "$STATE"
	for name in $(fleet_names); do
		fleet_end "$name" "" stop &
		pids+=($!)
	done
	for name in $(demo_partners); do
		process_stop "$name" 5 &
		pids+=($!)
	done
	wait "${pids[@]}"
	all_of kafka_stop postgres_stop mongodb_stop
	rm -f "$STATE/environment"
}

cmd_down() {
	stack_down
	say "the stack at PORT_BASE $PORT_BASE is down; its data is kept (./dev reset deletes it)"
}

cmd_reset() {
	stack_down
	rm -rf "$STATE"
	say "the stack at PORT_BASE $PORT_BASE is down and its data deleted"
}

# cmd_program start|stop|kill NAME [N]
cmd_program() {
	local verb=$1 name=${2:-} n=${3:-}
	[[ -n $name ]] || die "$verb what? $(fleet_names | xargs) ${BACKING[*]}"
	[[ -z $n || $n =~ ^[1-9][0-9]*$ ]] || die "a number of replicas, not '$n'"
	environment_load
	if [[ " ${BACKING[*]} " == *" $name "* ]]; then
		"$name""_is_ours" || die "$name is a server of your own: the environment says where"
		case $verb in
		start) "${name}_start" ;;
		stop) "${name}_stop" ;;
		kill) process_kill "$name" ;;
		esac
	elif fleet_row "$name"; then
		case $verb in
		start) fleet_scale "$name" "${n:-1}" && fleet_await_all "$name" ;;
		*) fleet_end "$name" "$n" "$verb" ;;
		esac
	else
		die "no such program: $name (there are $(fleet_names | xargs) ${BACKING[*]})"
	fi
}

status_line() {
	printf '%-16s %-10s %s\n' "$@"
}

status_backing() {
	local name=$1 pid
	if ! "${name}_is_ours"; then
		status_line "$name" external ""
	elif ! pid=$(process_pid "$name"); then
		status_line "$name" stopped ""
	elif "${name}_answers" >/dev/null 2>&1; then
		status_line "$name" running "ready, pid $pid"
	else
		status_line "$name" running "not ready, pid $pid"
	fi
}

status_fleet() {
	local name=$1 running i ready=0 pids=()
	running=$(fleet_running "$name")
	for i in $running; do
		pids+=("$(process_pid "$(fleet_instance "$name" "$i")" || true)")
		if fleet_ready "$name" "$i"; then ready=$((ready + 1)); fi
	done
	if ((${#pids[@]})); then
		status_line "$name" running "$ready of ${#pids[@]} ready, pid ${pids[*]}"
	elif [[ -x $(fleet_program "$name") ]]; then
		status_line "$name" stopped ""
	else
		status_line "$name" absent "not in this build"
	fi
}

cmd_status() {
	local name
	environment_load
	for name in "${BACKING[@]}"; do
		status_backing "$name"
	done
	fleet_each status_fleet
	for name in $(demo_partners); do
		if process_pid "$name" >/dev/null; then status_line "$name" running "pid $(process_pid "$name")"; fi
	done
}

# logs [-f] [NAME]: NAME's replicas, or everybody's last lines.
cmd_logs() {
	local follow=() files
	if [[ ${1:-} == -f ]]; then
		follow=(-F)
		shift
	fi
	if [[ -n ${1:-} ]]; then
		files=("$STATE/log/$1".log "$STATE/log/$1".*.log)
	else
		files=("$STATE"/log/*.log)
	fi
	for i in "${!files[@]}"; do
		[[ -f ${files[i]} ]] || unset "files[i]"
	done
	((${#files[@]})) || die "no log of '${1:-any program}' in $STATE/log"
	if [[ -n ${1:-} && ${#follow[@]} -eq 0 ]]; then
		cat "${files[@]}"
	else
		tail -n 20 "${follow[@]}" "${files[@]}"
	fi
}

# run PROGRAM [ARGS]: ours from the build, else from the Python environment or the PATH.
cmd_run() {
	local program=${1:?run what?}
	shift
	environment_load
	export HEALTH_PORT=${HEALTH_PORT:-0} CALLBACK_PORT=${CALLBACK_PORT:-$(port 39)} GATEWAY_PORT=${GATEWAY_PORT:-$(port 79)} # beside those that run
	if [[ $program == lis-sim ]]; then
		program=python
		set -- -m lis_sim "$@"
	fi
	[[ $program != python* ]] || python_environment
	PATH=$BUILD/services:$BUILD/tools:$(python_folder)/bin:$PATH
	export PYTHONPATH=$ROOT/tools/lis-sim
	command -v "$program" >/dev/null || die "no program $program in $(basename "$BUILD") or on the PATH"
	exec "$program" "$@"
}
