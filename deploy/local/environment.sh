# shellcheck shell=bash
# The stack's environment: what programs get and `./dev env` prints. What the caller's environment
# says wins, then what it said at `./dev up`, then the defaults here.

ENVIRONMENT_KEYS=()

# setting KEY DEFAULT; a KEY_FILE counts as said, and so does an empty value.
setting() {
	local file=${1}_FILE
	ENVIRONMENT_KEYS+=("$1")
	if [[ ! -v $1 && ! -v $file ]]; then printf -v "$1" %s "$2"; fi
	if [[ -v $1 ]]; then export "${1?}"; fi
}

random_hex() {
	head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# Made once a stack, readable by its owner alone.
secrets_make() {
	[[ ! -f $STATE/secrets ]] || return 0
	(
		umask 077
		cat >"$STATE/secrets.partial" <<-END
			INTERNAL_TOKEN $(random_hex 24)
			ADMIN_TOKEN $(random_hex 24)
			SECRETS_KEY $(random_hex 32)
			POSTGRES_PASSWORD $(random_hex 16)
		END
	)
	mv "$STATE/secrets.partial" "$STATE/secrets"
}

environment_load() {
	local key value
	locked "$STATE/run/secrets.lock" secrets_make
	if [[ -f $STATE/environment ]]; then
		while IFS='=' read -r key value; do
			if [[ ! -v $key ]]; then printf -v "$key" %s "$value"; fi
		done <"$STATE/environment"
	fi
	while read -r key value; do
		if [[ $key == POSTGRES_PASSWORD ]]; then POSTGRES_PASSWORD=$value; else setting "$key" "$value"; fi
	done <"$STATE/secrets"
	setting KAFKA_BROKERS "127.0.0.1:$(port 0)"
	setting KAFKA_TOPIC_PREFIX ""
	setting POSTGRES_URL "postgresql://fleet:$POSTGRES_PASSWORD@127.0.0.1:$(port 2)/fleet"
	setting MONGODB_URL "mongodb://127.0.0.1:$(port 3)"
	setting CALLBACK_URL "http://127.0.0.1:$(port 20)"
	setting DASHBOARD_URL "http://127.0.0.1:$(port 40)"
	setting GATEWAY_URL "http://127.0.0.1:$(port 60)"
	setting LIS_UPSTREAM_URL "http://127.0.0.1:$(port 19)"
	setting GATEWAY_SPOOL "$STATE/inbound-spool"
	setting PY3_RETRY_URL "$DASHBOARD_URL"
	setting ALLOW_PRIVATE_DESTINATIONS "127.0.0.0/8,::1"
	setting AUTO_RETRY_INTERVAL 5s
	setting FAX_POLL_AFTER 3s
	setting AUTO_RETRY_BASE 1s
	setting AUTO_RETRY_CAP 10s
	fleet_each environment_health_url
}

environment_health_url() {
	local key=${1^^}
	setting "${key//-/_}_HEALTH_URL" "http://127.0.0.1:$(fleet_health_port "$1" 1)"
}

# What the caller said at `./dev up` stays said until `./dev down`.
environment_save() {
	local key
	for key in "${ENVIRONMENT_KEYS[@]}"; do
		if [[ -v $key && $key != *_TOKEN && $key != SECRETS_KEY ]]; then echo "$key=${!key}"; fi
	done >"$STATE/environment.partial"
	chmod 600 "$STATE/environment.partial" # POSTGRES_URL holds a password
	mv "$STATE/environment.partial" "$STATE/environment"
}

cmd_env() {
	local key
	[[ -f $STATE/environment ]] || die "no stack is up at PORT_BASE $PORT_BASE: ./dev up"
	environment_load
	for key in "${ENVIRONMENT_KEYS[@]}"; do
		if [[ -v $key ]]; then echo "$key=${!key}"; fi
	done
	echo "PORT_BASE=$PORT_BASE"
}
