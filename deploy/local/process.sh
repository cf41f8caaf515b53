# shellcheck shell=bash
# Programs in the background: a pid file holds the pid and the kernel's start time of it, so that a
# pid that another program got meanwhile is never taken for ours, let alone signalled.

process_pid_file() {
	echo "$STATE/run/$1.pid"
}

process_log_file() {
	echo "$STATE/log/$1.log"
}

# Ticks since boot; fails for a pid that is gone or a zombie.
process_start_time() {
	local stat fields
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -ra fields <<<"${stat##*) }" # behind the program's name, which may hold anything
	[[ ${fields[0]} != Z ]] || return 1
	echo "${fields[19]}"
}

# process_pid NAME: prints the pid while the program that we started lives.
process_pid() {
	local pid started
	{ read -r pid started <"$(process_pid_file "$1")"; } 2>/dev/null || return 1
	[[ -n $started && $(process_start_time "$pid") == "$started" ]] || return 1
	echo "$pid"
}

port_is_open() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# process_spawn NAME PORT COMMAND...: harmless when it runs; refuses a port that a stranger holds,
# whose answers would be taken for those of NAME.
process_spawn() {
	locked "$STATE/run/$1.lock" process_spawn_locked "$@"
}

process_spawn_locked() {
	local name=$1 port=$2 log pid
	shift 2
	process_pid "$name" >/dev/null && return
	if port_is_open "$port"; then
		die "$name: another program listens on port $port (PORT_BASE chooses other ports)"
	fi
	log=$(process_log_file "$name")
	mkdir -p "$(dirname "$log")"
	if [[ -f $log && $(stat -c %s "$log") -gt 67108864 ]]; then mv "$log" "$log.1"; fi
	setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
	pid=$!
	echo "$pid $(process_start_time "$pid" || echo 0)" >"$(process_pid_file "$name")"
}

process_signal() {
	local pid
	pid=$(process_pid "$1") || return 0
	kill "-$2" "$pid" 2>/dev/null || true
}

# process_wait_gone NAME SECONDS
process_wait_gone() {
	local end=$((SECONDS + $2))
	while process_pid "$1" >/dev/null; do
		((SECONDS <= end)) || return 1
		sleep 0.05
	done
	rm -f "$(process_pid_file "$1")"
}

# process_stop NAME SECONDS [SIGNAL]: asks, waits, and past the deadline kills, which it says.
process_stop() {
	process_signal "$1" "${3:-TERM}"
	process_wait_gone "$1" "$2" && return
	say "$1 did not stop within $2 s: killed"
	process_signal "$1" KILL
	process_wait_gone "$1" 10
}

process_kill() {
	process_signal "$1" KILL
	process_wait_gone "$1" 10
}

# process_await NAME SECONDS COMMAND...: until COMMAND succeeds; fails at once when NAME ends.
process_await() {
	local name=$1 end=$((SECONDS + $2)) seconds=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		process_pid "$name" >/dev/null || {
			tail -n 20 "$(process_log_file "$name")" >&2 || true
			say "$name ended before it was ready; its log is $(process_log_file "$name")"
			return 1
		}
		((SECONDS <= end)) || {
			tail -n 5 "$(process_log_file "$name")" >&2 || true
			say "$name is not ready after $seconds s; its log is $(process_log_file "$name")"
			return 1
		}
		sleep 0.1
	done
}
