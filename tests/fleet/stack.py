"""The stack as `./dev` runs it, and clients of its backing services."""
import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pymongo

from .wait import eventually

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ["outbox-relay", "trigger", "dispatcher", "callback", "retry-scheduler", "dashboard", "inbound-gateway"]


def dev(*args, check=True, timeout=300, env=None):
    """Runs ./dev; it finds its stack by the environment, as its user does."""
    run = subprocess.run([str(ROOT / "dev"), *map(str, args)], cwd=ROOT, text=True, timeout=timeout,
                         stdin=subprocess.DEVNULL, capture_output=True,
                         env={**os.environ, **(env or {})})
    if check and run.returncode != 0:
        raise AssertionError(f"./dev {' '.join(map(str, args))} exit {run.returncode}\n{run.stdout}\n{run.stderr}")
    return run


def parse_env(text):
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key: value.strip("'\"") for key, value in pairs}


class Http:
    """One answer: code, headers, body."""

    def __init__(self, code, headers, body):
        self.code, self.headers, self.body = code, headers, body

    def json(self):
        return json.loads(self.body)


def http(method, url, body=None, headers=None, timeout=30):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None and not any(k.lower() == "content-type" for k in (headers or {})):
        request.add_header("content-type", "application/json")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return Http(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        return Http(error.code, dict(error.headers), error.read())


class Stack:
    def __init__(self):
        run = dev("env", check=False)
        if run.returncode != 0 or "KAFKA_BROKERS=" not in run.stdout:
            dev("up", timeout=1200)
            run = dev("env")
        # An environment that names servers of one's own wins (contract, "Commands").
        self.env = {**parse_env(run.stdout)}
        for key in ("KAFKA_BROKERS", "POSTGRES_URL", "MONGODB_URL"):
            if os.environ.get(key):
                self.env[key] = os.environ[key]
        self._mongo = None
        self._pg = None

    @property
    def brokers(self):
        return self.env["KAFKA_BROKERS"]

    @property
    def token(self):
        return self.env["INTERNAL_TOKEN"]

    def topic(self, name):
        return self.env.get("KAFKA_TOPIC_PREFIX", "") + name

    @property
    def mongo(self):
        if self._mongo is None:
            self._mongo = pymongo.MongoClient(self.env["MONGODB_URL"], retryWrites=False, tz_aware=True,
                                              serverSelectionTimeoutMS=10000)
        return self._mongo["integration"]

    def sql(self, statement, parameters=None):
        """One statement, committed; the rows if there are any. Reconnects after an outage."""
        for attempt in (1, 2):
            try:
                if self._pg is None or self._pg.closed:
                    self._pg = psycopg.connect(self.env["POSTGRES_URL"], autocommit=True)
                cursor = self._pg.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self._pg = None
                if attempt == 2:
                    raise

    def health_url(self, service):
        return self.env[service.upper().replace("-", "_") + "_HEALTH_URL"]

    def ready(self, service):
        try:
            return http("GET", self.health_url(service) + "/readyz", timeout=3).code == 200
        except OSError:
            return False

    def metrics(self, service):
        """{name or name{label="value"}: value}"""
        text = http("GET", self.health_url(service) + "/metrics", timeout=5).body.decode()
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    def start(self, program, n=None):
        dev("start", program, *([n] if n else []))

    def stop(self, program, n=None):
        dev("stop", program, *([n] if n else []))

    def kill(self, program, n=None):
        dev("kill", program, *([n] if n else []))

    def ensure_running(self):
        """Whatever a test stopped runs again: each test begins with a whole stack."""
        for program in ("kafka", "postgres", "mongodb", *SERVICES):
            dev("start", program)
        for service in SERVICES:
            eventually(lambda s=service: self.ready(s), 60, what=f"{service} ready")
