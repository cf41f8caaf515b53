"""An SFTP partner that knows users by password, of an independent implementation (AsyncSSH)."""
import asyncio
import shutil
import tempfile
import threading
from pathlib import Path

import asyncssh


class Login(asyncssh.SSHServer):
    def __init__(self, partner):
        self._partner = partner

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        self._partner.log_ins += 1
        return (username, password) == (self._partner.username, self._partner.password)


class PasswordSftpPartner:
    """`with PasswordSftpPartner() as p`: `p.names()` are the files in its folder "/in"; `p.extra()` a row's details."""

    username, password = "lab 17", "s3cret/päss wörd"

    def __init__(self):
        self.log_ins = 0
        self._key = asyncssh.generate_private_key("ssh-ed25519")

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sftp-"))
        (self.folder / "in").mkdir()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(self._listen())
        self.port = self._server.get_port()
        return self

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(15)

    async def _listen(self):
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: Login(self), server_host_keys=[self._key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.folder)))

    async def _close(self):
        self._server.close()
        await self._server.wait_closed()

    def __exit__(self, *_):
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(15)
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def extra(self, **sftp):
        return {"transport": "sftp", "host": "127.0.0.1", "port": self.port,
                "sftp": {"username": self.username, "password": self.password, "directory": "/in",
                         "host_key_sha256": [self._key.get_fingerprint()], **sftp}}

    def names(self):
        return sorted(p.name for p in (self.folder / "in").iterdir())
