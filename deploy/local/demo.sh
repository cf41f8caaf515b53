# shellcheck shell=bash
# The demo: the stack with the sample LIS, partners of several moods, and events that a lab makes.

DEMO_MOODS=(ok fail hang mllp sftp fax)

demo_partners() {
	printf 'partner-%s\n' "${DEMO_MOODS[@]}"
	echo sample-lis
}

demo_port() {
	case $1 in
	ok) port 10 ;;
	fail) port 11 ;;
	hang) port 12 ;;
	mllp) port 13 ;;
	sftp) port 14 ;;
	fax) port 15 ;;
	esac
}

demo_partners_start() {
	local mood port
	for mood in "${DEMO_MOODS[@]}"; do
		port=$(demo_port "$mood")
		case $mood in
		sftp) set -- "$LOCAL/demo/sftp.sh" "$port" "$STATE/sftp" ;;
		fax) set -- python3 "$LOCAL/demo/fax.py" "$port" ;;
		mllp) set -- python3 "$LOCAL/demo/mllp.py" "$port" "$mood" ;;
		*) set -- python3 "$LOCAL/demo/partner.py" "$port" "$mood" ;;
		esac
		process_spawn "partner-$mood" "$port" "$@" || return
		process_await "partner-$mood" 10 port_is_open "$(demo_port "$mood")"
	done
}

# What the gateway stands in front of, and a few calls of a third party.
demo_lis_start() {
	process_spawn sample-lis "$(port 19)" python3 "$LOCAL/demo/lis.py" "$(port 19)" || return
	process_await sample-lis 10 port_is_open "$(port 19)"
}

demo_calls() {
	local key i
	key=$(psql -X -q -t -A -d "$POSTGRES_URL" -c "SELECT encode(sha256('demo caller'), 'hex')")
	psql -X -q -d "$POSTGRES_URL" -c "INSERT INTO integration.developer_authentication (id, auth_key, lab_id, developer_name, integration_type)
		VALUES (900100, '$key', 900001, 'Acme Health', 'API') ON CONFLICT (id) DO NOTHING" || return
	for ((i = 1; i <= 5; i++)); do
		curl -sf -m 10 -o /dev/null --noproxy '*' --json '{"fullName": "Asha Rao", "billDetails": {"totalAmount": 450}}' "$GATEWAY_URL/LHRegisterBillAPI/$key/" || return
	done
	curl -s -m 10 -o /dev/null --noproxy '*' -H "x-auth-key: $key" --json '{}' "$GATEWAY_URL/appointmentConfirmAPI/"
}

demo_rows() {
	psql -X -q -v ON_ERROR_STOP=1 -1 -d "$POSTGRES_URL" -f "$LOCAL/demo/integrations.sql" \
		-v ok="http://127.0.0.1:$(demo_port ok)" -v fail="http://127.0.0.1:$(demo_port fail)" \
		-v hang="http://127.0.0.1:$(demo_port hang)" -v mllp="$(demo_port mllp)" \
		-v fax="http://127.0.0.1:$(demo_port fax)" -v sftp="$(demo_port sftp)" -v sftp_user="$(id -un)" -v sftp_folder="$STATE/sftp/in" \
		-v sftp_key="$(<"$STATE/sftp/client")" \
		-v sftp_host_key="$(ssh-keygen -lf "$STATE/sftp/host.pub" | cut -d" " -f 2)"
}

lis_sim() {
	PYTHONPATH=$ROOT/tools/lis-sim "$(python_folder)/bin/python" -m lis_sim "$@"
}

# One user a role; who is there already keeps the password that was printed once.
demo_users() {
	local role labs=(--lab 900001 --lab 900002 --lab 900003)
	for role in viewer operator admin; do
		if [[ ! -f $STATE/demo-$role ]]; then
			(
				umask 077
				"$BUILD/tools/integration-admin" user add --role "$role" "${labs[@]}" "demo-$role" >"$STATE/demo-$role"
			) || rm -f "$STATE/demo-$role"
		fi
		labs=()
	done
}

demo_logins() {
	cat "$STATE"/demo-{viewer,operator,admin} 2>/dev/null | awk '{ printf "  %-14s %-10s %s\n", $1, $2, $3 }'
}

demo_guide() {
	cat <<-END

		The stack runs at PORT_BASE $PORT_BASE, with three labs (900001, 900002, 900003) and their partners:
		  Acme Health         $(demo_port ok)   takes every billing and registration event, answers 200
		  Nimbus Insurance    $(demo_port fail)   answers 500
		  Ledger ERP          $(demo_port hang)   never answers
		  City Hospital       $(demo_port mllp)   takes orders and patients as HL7 over MLLP, answers AA
		  Regional Archive    $(demo_port sftp)   takes bills and reports as HL7 files over SFTP: ${STATE#"$ROOT"/}/sftp/in
		  County Clinic       $(demo_port fax)   gets reports by fax through a vendor that needs some seconds, and is sometimes busy

		The dashboard: $DASHBOARD_URL  (login, role, password)
		$(demo_logins)

		  ./dev status                                    what runs
		  ./dev env                                       addresses and tokens
		  ./dev logs -f partner-ok                        what a partner gets
		  curl $GATEWAY_URL/patientRegister/KEY/ --json {}    a call of a third party, with a developer's auth key
		  ./dev run lis-sim play --rate 5                 more events
		  ./dev run integration-admin logs list --follow  the live list
		  ./dev down                                      the end

	END
}

cmd_demo() {
	stack_up
	python_environment
	demo_partners_start || die "a demo partner does not run"
	logged "$STATE/log/lis-sim.log" "loading the sample LIS" lis_sim load
	logged "$STATE/log/lis-sim.log" "writing the demo's integrations" demo_rows
	demo_users
	demo_lis_start || die "the sample LIS's API does not run"
	logged "$STATE/log/lis-sim.log" "calling the LIS through the gateway" demo_calls
	logged "$STATE/log/lis-sim.log" "playing events" lis_sim play --mix billing --count 60 --rate 20
	logged "$STATE/log/lis-sim.log" "faxing reports" lis_sim play --action fax_report --lab 900001 --count 4 --rate 20
	demo_guide
	if [[ -t 1 ]]; then
		say "the live list; Ctrl-C leaves it, and everything running"
		cmd_run integration-admin logs list --follow
	else
		cmd_run integration-admin logs list
	fi
}
