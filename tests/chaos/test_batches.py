"""Several records in one request, when what carries it dies or is away."""
import threading

import pytest

from fleet.wait import eventually
from fleet.world import FINAL
from partners import Partner, Reply

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def publish(world, n):
    bills = [world.lab.bill() for _ in range(n)]
    event = world.publish({"action_id": 1, "lab_id": world.lab.id, "records": [{"bill_id": bill.id} for bill in bills]})
    return event, [bill.id for bill in bills]


def wait_logs(world, event, n):
    def final():
        logs = world.logs(event_id=event)
        return len(logs) == n and all(log["status"] in FINAL for log in logs) and logs
    return eventually(final, 90, what=lambda: [log["status"] for log in world.logs(event_id=event)])


def test_a_batch_on_the_wire_when_the_dispatcher_dies_goes_again_as_the_same(world, stack):
    gate = threading.Event()
    with Partner(Reply(gate=gate)) as partner:
        world.row(1, partner.url(), is_batch=True)
        event, bills = publish(world, 5)
        eventually(lambda: partner.requests, 30, what="the batch arrives")
        stack.kill("dispatcher")
        gate.set()
        stack.start("dispatcher")
        logs = wait_logs(world, event, 5)
        assert {log["status"] for log in logs} == {"SUCCESS"}
        first, *again = partner.requests
        assert len(again) == 1 and first.headers["webhook-id"] == again[0].headers["webhook-id"]
        assert [body["bill_id"] for body in again[0].json()] == bills


def test_a_batch_is_delivered_while_the_log_store_is_away_and_its_logs_follow(world, stack, partner):
    world.row(1, partner.url(), is_batch=True)
    stack.stop("mongodb")
    event, bills = publish(world, 5)
    eventually(lambda: partner.requests, 60, what="the batch arrives")
    stack.start("mongodb")
    logs = wait_logs(world, event, 5)
    assert {log["status"] for log in logs} == {"SUCCESS"}
    assert [[body["bill_id"] for body in r.json()] for r in partner.requests] == [bills]


def test_a_trigger_that_dies_makes_one_batch_of_what_it_left(world, stack, partner):
    """Killed somewhere in the making: each record is delivered, in a whole batch."""
    world.row(1, partner.url(), is_batch=True)
    events = [publish(world, 40) for _ in range(8)]
    stack.kill("trigger")
    stack.start("trigger")
    for event, bills in events:
        logs = wait_logs(world, event, len(bills))
        assert {log["status"] for log in logs} == {"SUCCESS"}
        sent = [[body["bill_id"] for body in r.json()] for r in partner.requests
                if r.json()[0]["bill_id"] in bills]
        assert bills in sent, [len(bodies) for bodies in sent]
