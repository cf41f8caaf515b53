"""MLLP listeners that others wrote: HAPI (strict parsing), python-hl7 (asyncio)."""
import asyncio

import hl7
import pytest
from hl7.mllp import start_hl7_server

from fleet.wait import eventually
from partners import hapi
from partners.http import _shared_loop

ACTIONS = {"ADT": 57, "ORM": 1}


def send(world, port, action_id, **details):
    row = world.row(action_id, "", extra={"host": "127.0.0.1", "port": port, **details})
    event = world.publish({"action_id": 57, "lab_id": world.lab.id, "patient_id": world.lab.patient("Zoë O|Neil^~&\\ 李")}) \
        if action_id == 57 else world.bill_event(action_id)
    return world.wait_log(event, row)


class PythonHl7:
    """python-hl7's server; `code` is what it answers."""

    def __init__(self):
        self.code, self.messages = "AA", []

    async def _process(self, reader, writer):
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                self.messages.append(message)
                writer.writemessage(message.create_ack(self.code))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    def __enter__(self):
        future = asyncio.run_coroutine_threadsafe(
            start_hl7_server(self._process, host="127.0.0.1", port=0, encoding="utf-8"), _shared_loop())
        self._server = future.result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        _shared_loop().call_soon_threadsafe(self._server.close)


@pytest.fixture(scope="module")
def listener():
    with hapi.Listener() as running:
        yield running


@pytest.mark.parametrize("code, status", [("AA", "SUCCESS"), ("CA", "SUCCESS"), ("AE", "FAIL"), ("AR", "FAIL")])
def test_python_hl7(world, code, status):
    with PythonHl7() as peer:
        peer.code = code
        log = send(world, peer.port, 57)
        message, = peer.messages
    assert log["status"] == status and log["error_kind"] == (None if status == "SUCCESS" else "nack")
    assert isinstance(message, hl7.Message) and str(message.segment("MSH")[4]) == str(world.lab.id)


@pytest.mark.parametrize("name", ACTIONS)
def test_hapi_takes_our_messages(world, listener, name):
    listener.answer()
    log = send(world, listener.port, ACTIONS[name])
    assert (log["status"], log["error_message"]) == ("SUCCESS", None)
    message = listener.wait()
    assert str(log["_id"]) in message and f"|{name}^" in message


@pytest.mark.parametrize("code", ["AE", "AR"])
def test_hapis_refusals(world, listener, code):
    listener.answer(code=code, text="the ward is closed")
    log = send(world, listener.port, 57)
    assert (log["status"], log["error_kind"]) == ("FAIL", "nack") and "the ward is closed" in log["error_message"]
    listener.wait()


def test_hapi_answers_too_late(world, listener):
    listener.answer(delay_ms=2500)
    log = send(world, listener.port, 57, ack={"timeout_ms": 800})
    assert (log["status"], log["error_kind"], log["error_message"]) == ("FAIL", "timeout", "No response")
    listener.wait()
    listener.answer()
    log = send(world, listener.port, 57, ack={"timeout_ms": 20_000})
    assert log["status"] == "SUCCESS"
    eventually(lambda: listener.wait(), 20)
