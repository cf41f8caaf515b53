#!/bin/bash
# sftp.sh PORT FOLDER: OpenSSH's server for the demo's files, as this user, with keys of its own.
# What partners drop is in FOLDER/in.
set -eu
port=$1 folder=$2
mkdir -p "$folder/in"
chmod 700 "$folder"
for key in host client; do
	[[ -f $folder/$key ]] || ssh-keygen -q -t ed25519 -N '' -f "$folder/$key" </dev/null
done
cat >"$folder/sshd_config" <<-END
	Port $port
	ListenAddress 127.0.0.1
	HostKey $folder/host
	PidFile none
	AuthorizedKeysFile $folder/client.pub
	StrictModes no
	UsePAM no
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	PermitRootLogin yes
	Subsystem sftp internal-sftp
END
if ((EUID == 0)); then mkdir -p /run/sshd; fi
exec /usr/sbin/sshd -D -e -f "$folder/sshd_config"
