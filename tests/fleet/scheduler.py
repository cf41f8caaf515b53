"""A retry-scheduler of a test's own."""
import os
import subprocess

from partners import closed_port

from .stack import ROOT, http
from .wait import eventually


class Running:
    """A scheduler with an environment of its own, beside the stack's."""

    def __init__(self, **env):
        self.env = env

    def __enter__(self):
        self.port = closed_port()
        self.process = subprocess.Popen(
            [str(ROOT / "dev"), "run", "retry-scheduler"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, **self.env, "HEALTH_PORT": str(self.port)})
        eventually(self.metrics, 30, what="the scheduler's metrics")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def metrics(self):
        try:
            text = http("GET", f"http://127.0.0.1:{self.port}/metrics", timeout=3).body.decode()
        except OSError:
            return None
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))}

    def sweeps(self, result="done"):
        return (self.metrics() or {}).get(f'retry_scheduler_sweeps_total{{result="{result}"}}', 0)

    def leads(self):
        return (self.metrics() or {}).get("retry_scheduler_leader") == 1

    def ready(self):
        return http("GET", f"http://127.0.0.1:{self.port}/readyz", timeout=3).code == 200

    def after(self, more=3):
        """Returns when so many more sweeps are over."""
        wanted = self.sweeps() + more
        eventually(lambda: self.sweeps() >= wanted, 30, what=f"{more} more sweeps")
