# shellcheck shell=bash
# The store that speaks MongoDB's wire protocol.

mongodb_is_ours() {
	[[ $MONGODB_URL == "mongodb://127.0.0.1:$(port 3)" ]]
}

# OP_MSG {ping: 1, $db: "admin"}; the answer's document holds "ok".
mongodb_ping() {
	exec 3<>"/dev/tcp/127.0.0.1/$(port 3)" || return
	# shellcheck disable=SC2016 # $db is a field's name
	printf '\x33\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x1e\0\0\0\x10ping\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0' >&3
	timeout 2 dd bs=4096 count=1 <&3 2>/dev/null | tr -d '\0' | grep -aq ok
}

mongodb_answers() {
	(mongodb_ping)
}

mongodb_start() {
	local server=("$STORE_RUST/bin/secantusd-rs")
	store || return
	[[ -d $STORE_RUST && ${STORE_FLAVOUR:-rust} == rust ]] ||
		server=("$STORE_PYTHON/bin/python" -m secantus)
	mkdir -p "$STATE/mongodb"
	process_spawn mongodb "$(port 3)" "${server[@]}" --host 127.0.0.1 --port "$(port 3)" --storage-path "$STATE/mongodb" \
		--standalone --sync-on-commit --cache-size 512M --log-level WARNING || return
	process_await mongodb 60 mongodb_answers
}

mongodb_stop() {
	process_stop mongodb 60
}
