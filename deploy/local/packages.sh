# shellcheck shell=bash
# Debian packages: those of packages.txt that are missing, in one call.

packages_missing() {
	local installed line alternative alternatives found
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
	while IFS= read -r line; do
		line=${line%%#*}
		read -ra alternatives <<<"${line//|/ }"
		((${#alternatives[@]})) || continue
		found=
		for alternative in "${alternatives[@]}"; do
			if grep -qxF "$alternative" <<<"$installed"; then found=1; fi
		done
		[[ -n $found ]] || echo "${alternatives[0]}"
	done <"$LOCAL/packages.txt"
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

# Packages bring services of the system with them (nginx, sshd, PostgreSQL). The stack runs its own
# instances, so Debian is told, while it installs, to start none.
packages_install() {
	local policy=/usr/sbin/policy-rc.d ours=
	if [[ ! -e $policy ]]; then
		ours=1
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	as_root apt-get -q update &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
			-o DPkg::Lock::Timeout=300 install "$@"
	local status=$?
	if [[ -n $ours ]]; then as_root rm -f "$policy"; fi
	return $status
}

packages() {
	local missing
	mapfile -t missing < <(packages_missing)
	((${#missing[@]})) || return 0
	((EUID == 0)) || command -v sudo >/dev/null || die "these packages are missing and there is no sudo: ${missing[*]}"
	say "installing ${#missing[@]} packages: ${missing[*]}"
	logged "$ROOT/.local/log/packages.log" "installing packages" packages_install "${missing[@]}"
}
