"""An SFTP partner: OpenSSH's own server, unprivileged, with a folder of its own."""
import base64
import getpass
import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SSHD = "/usr/sbin/sshd"


def keygen(path, kind="ed25519"):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True, stdin=subprocess.DEVNULL)
    return Path(path)


def fingerprint(key):
    blob = base64.b64decode(Path(f"{key}.pub").read_text().split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


class SftpPartner:
    """`with SftpPartner() as p`: `p.inbox` is the folder that rows upload to; `p.extra()` their details.
    `file_limit`: bytes that a file of it may have at most, as on a full disk."""

    def __init__(self, host_keys=("ed25519",), file_limit=None):
        self.kinds, self.file_limit = host_keys, file_limit

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sftp-"))
        self.inbox = self.folder / "in"
        self.inbox.mkdir()
        self.host_keys = {kind: keygen(self.folder / f"host_{kind}", kind) for kind in self.kinds}
        self.key = keygen(self.folder / "client")
        shutil.copy(self.folder / "client.pub", self.folder / "authorized")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.start()
        return self

    def start(self):
        config = self.folder / "sshd_config"
        config.write_text("\n".join([
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"PidFile {self.folder}/pid",
            *[f"HostKey {path}" for path in self.host_keys.values()],
            f"AuthorizedKeysFile {self.folder}/authorized", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
            "Subsystem sftp internal-sftp", "LogLevel ERROR", "MaxStartups 100", "MaxSessions 100", ""]))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)

        def limit():
            if self.file_limit:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_limit, self.file_limit))
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], preexec_fn=limit, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stderr=open(self.folder / "log", "w"))
        self._await()

    def _await(self):
        end = time.monotonic() + 15
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                    if s.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            assert time.monotonic() < end and self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _children(self, pid):
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
        return [int(p) for p in found] + [g for p in found for g in self._children(p)]

    def signal_sessions(self, number):
        for pid in self._children(self.process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self):
        """The server and its sessions end, as when the machine goes down."""
        self.signal_sessions(signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def details(self, **sftp):
        return {"username": getpass.getuser(), "private_key": self.key.read_text(),
                "host_key_sha256": [fingerprint(path) for path in self.host_keys.values()],
                "directory": str(self.inbox), **sftp}

    def extra(self, sftp=None, **more):
        return {"transport": "sftp", "host": "127.0.0.1", "port": self.port, "sftp": self.details(**(sftp or {})),
                **more}

    def names(self):
        return sorted(p.name for p in self.inbox.iterdir())
