"""Calls go on, and each answered one has its log, whatever ends in the middle of them."""
import http.client
import os
import signal
import threading
import time
import uuid

import pytest

from fleet.gateway import Gateway
from fleet.stack import dev
from fleet.wait import eventually
from partners.lis import Lis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
CALLS = int(os.environ.get("CHAOS_CALLS", "400"))


class Calls:
    """Numbered calls over kept connections: which were answered, which failed."""

    def __init__(self, port, path, total=CALLS, threads=4):
        self.port, self.path, self.total = port, path, total
        self.answered, self.failed = set(), []
        self.numbers, self.lock = iter(range(total)), threading.Lock()
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self):
        connection = None
        while True:
            with self.lock:
                n = next(self.numbers, None)
            if n is None:
                return
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("POST", f"{self.path}/{n}", b"{}")
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                self.answered.add(n)
            except (OSError, http.client.HTTPException):
                self.failed.append(n)
                connection = None
                time.sleep(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def done(self):
        return len(self.answered) + len(self.failed)

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join(300)


def restart(program):
    """A program that was killed may hold its port for a moment longer."""
    eventually(lambda: dev("start", program, check=False).returncode == 0, 120, every=0.5, what=f"{program} runs again")


def logged(stack, path):
    """{number: how many logs}"""
    counts = {}
    for log in stack.mongo.integration_directory.find({"path": {"$regex": f"^{path}/"}}, {"path": 1}):
        n = int(log["path"].rsplit("/", 1)[1])
        counts[n] = counts.get(n, 0) + 1
    return counts


def each_answered_call_has_one_log(stack, calls):
    eventually(lambda: calls.answered <= logged(stack, calls.path).keys(), 120, every=0.5,
               what=lambda: f"logs of {len(calls.answered)} calls; there are {len(logged(stack, calls.path))}")
    assert set(logged(stack, calls.path).values()) == {1}


@pytest.mark.parametrize("program", ["callback", "postgres", "mongodb"])
def test_a_program_is_killed_in_the_middle_of_calls(stack, program):
    path = f"/chaos-{uuid.uuid4().hex}"
    with Lis() as lis, Gateway(stack, lis.url) as gateway:
        with Calls(gateway.port, path) as calls:
            eventually(lambda: calls.done() > CALLS // 4, 60, what="some calls")
            stack.kill(program)
            before = calls.done()
            eventually(lambda: calls.done() > before or calls.done() == CALLS, 30, what="calls go on")
        assert not calls.failed
        restart(program)
        each_answered_call_has_one_log(stack, calls)


def test_the_gateway_is_killed_in_the_middle_of_calls(stack):
    path = f"/chaos-{uuid.uuid4().hex}"
    with Lis() as lis, Gateway(stack, lis.url) as gateway:
        with Calls(gateway.port, path) as calls:
            for share in (4, 2):
                eventually(lambda share=share: calls.done() > CALLS // share, 60, what="some calls")
                gateway.end(signal.SIGKILL)
                gateway.start()
        assert len(calls.failed) < CALLS // 2
        each_answered_call_has_one_log(stack, calls)


def test_kafka_is_away(stack):
    """The calls go on; their records outlive the gateway; a full spool costs records and no calls."""
    path, small_path = f"/chaos-{uuid.uuid4().hex}", f"/chaos-{uuid.uuid4().hex}"
    with Lis() as lis, Gateway(stack, lis.url) as gateway, Gateway(stack, lis.url, GATEWAY_SPOOL_LIMIT="1MiB") as small:
        with Calls(gateway.port, path) as calls:
            eventually(lambda: calls.done() > CALLS // 4, 60, what="some calls")
            stack.kill("kafka")
        assert not calls.failed
        assert gateway.post_record({"record_id": uuid.uuid4().hex, "operation": "x", "path": f"{path}/{CALLS}"})[0] == 202
        gateway.end(signal.SIGKILL)
        assert list(gateway.spool.glob("*.calls"))
        gateway.start()
        assert gateway.call("GET", f"{path}/{CALLS + 1}")[0] == 200
        calls.answered |= {CALLS, CALLS + 1}

        for _ in range(20):
            assert small.call("POST", small_path + "/0", b"x" * 100_000)[0] == 200
        assert small.metrics()['gateway_records_total{result="dropped"}'] > 5
        too_much = {"record_id": uuid.uuid4().hex, "operation": "x", "request_body": "x" * 100_000}
        assert small.post_record(too_much)[0] == 503

        restart("kafka")
        each_answered_call_has_one_log(stack, calls)
        eventually(lambda: gateway.metrics()["gateway_spool_bytes"] == 0, 60, what="an empty spool")
        eventually(lambda: small.metrics()["gateway_spool_bytes"] == 0, 60, what="an empty spool")
        assert small.call("POST", small_path + "/1", b"x" * 100_000)[0] == 200
        eventually(lambda: 1 in logged(stack, small_path), 30, what="it records again")


def test_draining_finishes_calls_and_sends_their_records(stack):
    path = f"/chaos-{uuid.uuid4().hex}"
    with Lis() as lis, Gateway(stack, lis.url) as gateway:
        lis.answers[path + "/0"] = lambda handler, asked: time.sleep(1) or \
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        answers = []
        caller = threading.Thread(target=lambda: answers.append(gateway.call("GET", path + "/0")))
        caller.start()
        eventually(lambda: lis.connections, 10, what="the call is under way")
        assert gateway.end() == 0
        caller.join()
        assert answers[0][0] == 200 and not list(gateway.spool.glob("*.calls"))
        eventually(lambda: logged(stack, path) == {0: 1}, 20, what="its log")
