"""`ordered_by`: one entity's deliveries in the events' order, over all rows of a lane, and others beside it."""
import json
import threading

import pytest

from fleet import rows
from fleet.wait import eventually, stays
from partners import Ack, MllpPartner, Partner, Reply

ORDERED = {"ordered_by": "bill", "max_concurrency": 10}


class Gates:
    """A Reply or Ack a bill, which waits until that bill's gate is opened."""

    def __init__(self, make):
        self._gates, self._make = {}, make

    def shut(self, bill):
        self._gates[str(bill.id)] = threading.Event()

    def open(self, bill):
        self._gates[str(bill.id)].set()

    def __call__(self, text):
        gate = next((gate for bill, gate in self._gates.items() if bill in text), None)
        return self._make(gate=gate)


def bills_of(messages, bill):
    return [m for m in messages if str(bill.id) in m.body.decode()]


def test_order_holds_over_rows_and_transports(world):
    gates = Gates(Reply)
    first, second = world.lab.bill(), world.lab.bill()
    gates.shut(first)
    with Partner(lambda request: gates(request.body.decode())) as partner, MllpPartner() as peer:
        world.row(1, partner.url(), extra=ORDERED)
        world.row(2, "", extra=peer.details(**ORDERED))
        for bill in (first, second):
            world.bill_event(1, bill)
            world.bill_event(2, bill)
        eventually(lambda: bills_of(peer.messages, second), 20, what="the second bill's update")
        assert bills_of(partner.requests, first)  # on the wire, without an answer
        stays(lambda: not bills_of(peer.messages, first), 0.5)
        gates.open(first)
        eventually(lambda: bills_of(peer.messages, first), 20, what="the first bill's update")


def test_many_of_one_entity_come_as_they_happened(world):
    bill, other = world.lab.bill(), world.lab.bill()
    with Partner(lambda request: Reply(delay=0.02)) as partner:
        row = world.row(2, partner.url(), extra=ORDERED)
        events = []
        for _ in range(15):
            events.append(world.bill_event(2, bill))
            world.bill_event(2, other)
        logs = {event: world.wait_log(event, row) for event in events}
    wanted = [str(logs[event]["_id"]) for event in events]
    got = [request.headers["webhook-id"] for request in partner.requests]
    assert [log_id for log_id in got if log_id in wanted] == wanted


@pytest.mark.parametrize("ack, status", [(Ack(code="AR"), "FAIL"), (Ack(silent=True), "FAIL")])
def test_a_failure_ends_a_delivery_too(world, ack, status):
    bill = world.lab.bill()
    with MllpPartner(ack) as peer, Partner() as partner:
        failing = world.row(1, "", extra=peer.details(**ORDERED, ack={"timeout_ms": 600}))
        row = world.row(2, partner.url(), extra=ORDERED)
        first, second = world.bill_event(1, bill), world.bill_event(2, bill)
        assert world.wait_log(second, row)["status"] == "SUCCESS"
        failed = world.wait_log(first, failing)
    assert failed["status"] == status
    assert partner.requests[0].arrived_at >= peer.messages[0].arrived_at


def test_a_retry_waits_for_its_turn(world):
    bill = world.lab.bill()
    gate = threading.Event()
    with Partner([Reply(code=500), Reply()]) as failing, Partner(lambda request: Reply(gate=gate)) as slow:
        row = world.row(1, failing.url(), extra=ORDERED)
        world.row(2, slow.url(), extra=ORDERED)
        log = world.wait_log(world.bill_event(1, bill), row)
        assert log["status"] == "FAIL"
        world.bill_event(2, bill)
        eventually(lambda: slow.requests, 20, what="the later event on the wire")
        world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(
            {"log_id": str(log["_id"]), "retry_id": f"order-{log['_id']}", "lab_id": world.lab.id, "kind": "MANUAL",
             "requested_by": "test"}).encode())
        eventually(lambda: world.log(log["_id"])["retry_count"] == 1, 20, what="the retry under way")
        stays(lambda: len(failing.requests) == 1, 0.5)
        gate.set()
        eventually(lambda: world.log(log["_id"])["status"] == "SUCCESS", 20, what="the retry delivered")


def test_one_hanging_entity_does_not_use_up_the_lanes_look(world):
    """More tasks of it wait than any look ahead could pass over."""
    gate = threading.Event()
    stuck, free = world.lab.bill(), world.lab.bill()
    with Partner(lambda request: Reply(gate=gate if str(stuck.id) in request.body.decode() else None)) as partner:
        row = world.row(2, partner.url(), extra={**ORDERED, "timeout_ms": 60_000})
        for _ in range(150):
            world.bill_event(2, stuck)
        event = world.bill_event(2, free)
        assert world.wait_log(event, row)["status"] == "SUCCESS"
        assert len(bills_of(partner.requests, stuck)) == 1
        eventually(lambda: world.stack.metrics("dispatcher")["dispatcher_order_waiting"] >= 100, 20)
        rows.update_row(world.stack, row, is_disable=True)  # the others end unsent
        gate.set()


def test_rows_that_want_no_order_do_not_wait(world):
    bill = world.lab.bill()
    gate = threading.Event()
    with Partner(lambda request: Reply(gate=gate)) as slow, Partner() as partner:
        world.row(1, slow.url(), extra=ORDERED)
        row = world.row(2, partner.url())
        world.bill_event(1, bill)
        eventually(lambda: slow.requests, 20)
        assert world.wait_log(world.bill_event(2, bill), row)["status"] == "SUCCESS"
        gate.set()
