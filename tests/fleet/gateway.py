"""An inbound gateway of the test's own, in front of an upstream of the test's own."""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from partners import closed_port

from .stack import ROOT, http as fetch
from .wait import eventually


class Gateway:
    def __init__(self, stack, upstream, spool=None, **env):
        self.stack, self.port, self.health = stack, closed_port(), closed_port()
        self.folder = tempfile.TemporaryDirectory(prefix="gateway-")
        self.spool = spool or Path(self.folder.name) / "spool"
        self.log = Path(self.folder.name) / "log"
        self.env = {**os.environ, "LIS_UPSTREAM_URL": upstream, "GATEWAY_PORT": str(self.port),
                    "HEALTH_PORT": str(self.health), "GATEWAY_SPOOL": str(self.spool), **env}
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([ROOT / "dev", "run", "inbound-gateway"], cwd=ROOT, env=self.env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self.is_ready, 30, what=lambda: "the gateway is ready; " + self.log.read_text()[-2000:])
        return self

    def is_ready(self):
        try:
            return fetch("GET", f"http://127.0.0.1:{self.health}/readyz", timeout=3).code == 200
        except OSError:
            return False

    def end(self, how=signal.SIGTERM):
        """The exit code."""
        self.process.send_signal(how)
        return self.process.wait(60)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        code = self.end() if self.process.poll() is None else self.process.returncode
        text = self.log.read_text()
        self.folder.cleanup()
        assert code in (0, -9), text[-3000:]
        assert "Sanitizer" not in text and "runtime error" not in text, text[-3000:]

    def metrics(self):
        text = fetch("GET", f"http://127.0.0.1:{self.health}/metrics", timeout=5).body.decode()
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    # ---- callers ----
    def call(self, method, target, body=None, headers=None, timeout=30):
        """(code, headers, body) over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def post_record(self, record, token=None):
        code, _, body = self.call("POST", "/inbound-calls", json.dumps(record),
                                  {"x-internal-token": token or self.stack.token})
        return code, json.loads(body)

    def raw(self, data, timeout=20):
        """What the gateway answers to these bytes until it closes, or the time is over."""
        return raw_call(self.port, data, timeout)

    # ---- logs ----
    def wait_log(self, deadline=20, count=1, **conditions):
        logs = eventually(lambda: (found := list(self.stack.mongo.integration_directory.find(
            {"integration_type": "API", **conditions}))) and len(found) >= count and found, deadline,
            what=lambda: f"{count} API logs with {conditions}; " + self.log.read_text()[-500:])
        assert len(logs) == count, logs
        return logs[0] if count == 1 else logs


def raw_call(port, data, timeout=20, end=False):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.sendall(data)
        if end:
            s.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := s.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return answer
