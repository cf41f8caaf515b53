# shellcheck shell=bash
# PostgreSQL: our own cluster under .local/, over TCP on loopback alone (no socket: its path may not
# be longer than 107 bytes). The role `fleet` owns the database `fleet` and is no superuser.

POSTGRES_BIN=/usr/lib/postgresql/$POSTGRES_VERSION/bin
POSTGRES_DATA=$STATE/postgres

postgres_is_ours() {
	[[ $POSTGRES_URL == *"@127.0.0.1:$(port 2)/"* ]]
}

# PostgreSQL refuses to run as root, so root hands it to the user of Debian's package. Where that
# user cannot reach the work tree (a clone under /root), it gets the one capability that it needs.
postgres_command() {
	local drop=(setpriv --reuid=postgres --regid=postgres --init-groups)
	if ((EUID != 0)); then
		drop=()
	elif ! "${drop[@]}" test -x "$STATE" 2>/dev/null; then
		drop+=(--inh-caps=+dac_override --ambient-caps=+dac_override)
	fi
	POSTGRES_COMMAND=("${drop[@]}")
}

postgres_configure() {
	[[ ! -f $POSTGRES_DATA/ready ]] || return 0
	rm -rf "$POSTGRES_DATA"
	mkdir -p "$POSTGRES_DATA"
	chmod 700 "$POSTGRES_DATA"
	((EUID != 0)) || chown postgres:postgres "$POSTGRES_DATA"
	cd "$POSTGRES_DATA" || return
	"${POSTGRES_COMMAND[@]}" "$POSTGRES_BIN/initdb" -D "$POSTGRES_DATA" -U postgres -A reject \
		-E UTF8 --locale=C.UTF-8 --no-instructions || return
	cat >>"$POSTGRES_DATA/postgresql.conf" <<-END
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		shared_buffers = 64MB
		max_connections = 200
		max_wal_size = 512MB
		jit = off                    # short statements: compiling them costs more than it saves
		track_commit_timestamp = on  # the outbox is read in commit order
		timezone = 'UTC'
		log_timezone = 'UTC'
	END
	echo 'host all fleet 127.0.0.1/32 scram-sha-256' >"$POSTGRES_DATA/pg_hba.conf"
	"${POSTGRES_COMMAND[@]}" "$POSTGRES_BIN/postgres" --single -D "$POSTGRES_DATA" postgres <<-END || return
		CREATE ROLE fleet LOGIN PASSWORD '$POSTGRES_PASSWORD'
		CREATE DATABASE fleet OWNER fleet
	END
	touch "$POSTGRES_DATA/ready"
}

postgres_answers() {
	"$POSTGRES_BIN/pg_isready" -q -t 2 -h 127.0.0.1 -p "$(port 2)"
}

# Helpers of a postmaster that was killed may hold its shared memory for a moment: then try again.
postgres_start() {
	local try
	mkdir -p "$STATE"
	postgres_command
	process_pid postgres >/dev/null ||
		logged "$STATE/log/postgres-init.log" "making the PostgreSQL cluster" locked "$STATE/run/postgres-init.lock" postgres_configure
	for try in 1 2 3 4 5; do
		process_spawn postgres "$(port 2)" "${POSTGRES_COMMAND[@]}" "$POSTGRES_BIN/postgres" \
			-D "$POSTGRES_DATA" -p "$(port 2)" || return
		process_await postgres 60 postgres_answers 2>"$STATE/log/postgres-start.log" && return
		process_pid postgres >/dev/null && break
		sleep "$try"
	done
	cat "$STATE/log/postgres-start.log" >&2
	return 1
}

# SIGINT is PostgreSQL's clean stop that does not wait for its clients to leave.
postgres_stop() {
	process_stop postgres 60 INT
}
