# shellcheck shell=bash
# Apache Kafka: one broker and controller in one process, KRaft, loopback only.

kafka_is_ours() {
	[[ $KAFKA_BROKERS == "127.0.0.1:$(port 0)" ]]
}

# 16 random bytes in base64url, as Kafka wants them. The first character is fixed: an id that begins
# with a dash is taken for an option.
kafka_cluster_id() {
	printf 'F%s' "$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)"
}

kafka_configure() {
	local data=$STATE/kafka
	mkdir -p "$data"
	sed -e "s#@PORT@#$(port 0)#g; s#@CPORT@#$(port 1)#g; s#@DATA@#$data/data#g" \
		"$LOCAL/kafka/server.properties.in" >"$data/server.properties"
	[[ ! -f $data/data/meta.properties ]] || return 0
	java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
		-Dlog4j2.configurationFile="$LOCAL/kafka/log4j2.properties" -cp "$KAFKA_LIBS/*" \
		kafka.tools.StorageTool format -t "$(kafka_cluster_id)" \
		-c "$data/server.properties"
}

# A port that is open is not yet a broker that serves: ask for metadata, and for itself in it.
kafka_answers() {
	kcat -b "$KAFKA_BROKERS" -L -m 2 2>/dev/null | grep -q '^ 1 brokers:'
}

kafka_run() {
	process_spawn kafka "$(port 0)" java -Xmx512m -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExitOnOutOfMemoryError \
		-Djava.awt.headless=true -Dlog4j2.configurationFile="$LOCAL/kafka/log4j2.properties" \
		-cp "$KAFKA_LIBS/*" kafka.Kafka "$STATE/kafka/server.properties" || return
	process_await kafka 180 kafka_answers
}

# A PORT_BASE among the ports for outgoing connections (32768 on, as a rule) has a catch: while the
# broker is down, a connection of anybody may be given its port, and holds it for some seconds.
kafka_port_was_taken() {
	process_pid kafka >/dev/null && return 1
	tail -n 100 "$(process_log_file kafka)" | grep -q 'Address already in use'
}

kafka_start() {
	local try
	kafka_jars || return
	process_pid kafka >/dev/null ||
		logged "$STATE/log/kafka-format.log" "formatting Kafka's folder" locked "$STATE/run/kafka-format.lock" kafka_configure
	for try in 1 2 3 4 5; do
		kafka_run && return
		kafka_port_was_taken || break
		say "port $(port 0) was taken for a moment; try $try"
		sleep 2
	done
	return 1
}

kafka_stop() {
	process_stop kafka 60
}
