"""A lane that stands still: its tasks are parked outside memory, and come back when it goes on."""
import json
import threading
import time
from collections import Counter

import pytest

from fleet.events import bill_event
from fleet.stack import dev
from fleet.topics import Topic
from fleet.wait import eventually
from fleet.world import FINAL
from partners import Partner, Reply


@pytest.fixture
def small_lanes(stack):
    stack.stop("dispatcher")
    dev("start", "dispatcher", env={"LANE_QUEUE_LIMIT": "10", "PARK_DELAY": "1s"})
    yield
    stack.stop("dispatcher")
    stack.start("dispatcher")


def test_what_was_parked_is_built_again_and_delivered_once(world, small_lanes):
    gate, parked = threading.Event(), Topic(world.stack, "integration.parked-tasks")
    bills, events = [], []
    with Partner(Reply(gate=gate)) as partner, Partner() as other:
        row = world.row(1, partner.url(), extra={"max_concurrency": 1})

        def one_more_is_parked():
            bills.append(world.lab.bill())
            events.append(world.publish(bill_event(world.lab, bills[-1], 1)))
            return any(m.key == str(world.auth).encode() for m in parked.to_the_end())

        eventually(one_more_is_parked, 60, what="a parked task")
        for _ in range(10):  # which follow it
            one_more_is_parked()
        assert world.deliver(other.url(), 2, bill_event(world.lab, bills[0], 2))["status"] == "SUCCESS"
        world.lab.cancel(bills[-1].id)  # while its task rests
        gate.set()
        logs = [world.wait_log(event, row, deadline=90) for event in events]
    parked.close()
    assert [log["status"] for log in logs] == ["SUCCESS"] * (len(logs) - 1) + ["SUPERSEDED"]
    assert sorted(r.headers["webhook-id"] for r in partner.requests) == sorted(str(log["_id"]) for log in logs[:-1])


def test_a_parked_batch_comes_back_as_one_request(world, small_lanes):
    """Its records are built again: one that was undone meanwhile stays out."""
    gate, parked = threading.Event(), Topic(world.stack, "integration.parked-tasks")
    bills, events = [], []
    with Partner(Reply(gate=gate)) as partner:
        world.row(1, partner.url(), extra={"max_concurrency": 1}, is_batch=True)

        def one_more_is_parked():
            bills.append([world.lab.bill(), world.lab.bill()])
            events.append(world.publish({"action_id": 1, "lab_id": world.lab.id,
                                         "records": [{"bill_id": bill.id} for bill in bills[-1]]}))
            return any(m.key == str(world.auth).encode() for m in parked.to_the_end())

        eventually(one_more_is_parked, 60, what="a parked task")
        one_more_is_parked()
        # only what was produced last is surely parked: what waits in the lane has its body already
        eventually(lambda: len([m for m in parked.to_the_end() if m.key == str(world.auth).encode()]) >= 2, 20,
                   what="the last event's task parked")
        world.lab.cancel(bills[-1][0].id)
        gate.set()

        def final(event):
            logs = world.logs(event_id=event)
            return len(logs) == 2 and all(log["status"] in FINAL for log in logs) and logs
        logs = [eventually(lambda e=event: final(e), 90, what="two final logs") for event in events]
    parked.close()
    assert sorted(log["status"] for log in logs[-1]) == ["SUCCESS", "SUPERSEDED"]
    assert {log["status"] for pair in logs[:-1] for log in pair} == {"SUCCESS"}
    assert [len(r.json()) for r in partner.requests].count(1) == 1
    assert sorted(body["bill_id"] for r in partner.requests for body in r.json()) == sorted(
        bill.id for pair in bills for bill in pair if bill is not bills[-1][0])


def test_one_entitys_tasks_keep_their_order_through_parking(world, small_lanes):
    gate, parked = threading.Event(), Topic(world.stack, "integration.parked-tasks")
    bills, events = [world.lab.bill(), world.lab.bill()], []
    with Partner(Reply(gate=gate)) as partner, Partner() as other:
        extra = {"max_concurrency": 4, "ordered_by": "bill"}
        row = world.row(2, partner.url(), extra=extra)
        next_row = world.row(3, other.url(), extra=extra)
        n_parked = 0
        while n_parked < 8:
            assert len(events) < 200, "nothing is parked"
            events.append(world.bill_event(2, bills[len(events) % 2]))
            n_parked += sum(m.key == str(world.auth).encode() for m in parked.to_the_end())
            if len(events) > 12:
                time.sleep(0.2)  # a lane is slow after a while only
        for bill in bills:
            world.lab.cancel(bill.id)
        last = [world.bill_event(3, bill) for bill in bills]
        gate.set()
        logs = [world.wait_log(event, row, deadline=120) for event in events]
        cancelled = [world.wait_log(event, next_row, deadline=120) for event in last]
    parked.close()
    assert {log["status"] for log in cancelled} == {"SUCCESS"}
    arrived = [request.headers["webhook-id"] for request in partner.requests]
    for bill in bills:
        wanted = [str(log["_id"]) for log in logs if log["bill_id"] == bill.id and log["status"] == "SUCCESS"]
        assert wanted and [log_id for log_id in arrived if log_id in wanted] == wanted
    ended = {log["bill_id"]: log["updated_at"] for log in logs}
    assert all(log["updated_at"] >= ended[log["bill_id"]] for log in cancelled)


def ask(world, log):
    retry_id = f"parked-{log['_id']}"
    world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(
        {"log_id": str(log["_id"]), "retry_id": retry_id, "lab_id": world.lab.id, "kind": "MANUAL",
         "requested_by": "a tester"}))
    eventually(lambda: world.log(log["_id"])["attempt"] == 1, 20, what="the retry is taken")
    return retry_id


def test_a_retry_of_what_is_parked_is_delivered_once(world, small_lanes):
    """The first task rests outside the dispatcher: a retry replaces it there as well."""
    gate, parked = threading.Event(), Topic(world.stack, "integration.parked-tasks")
    events = []
    with Partner(Reply(gate=gate)) as partner:
        row = world.row(1, partner.url(), extra={"max_concurrency": 1})

        def parked_logs():
            found = {json.loads(m.text("task"))["log_id"] for m in parked.to_the_end()
                     if m.key == str(world.auth).encode()}
            return [log for log in world.logs() if str(log["_id"]) in found]

        def one_more_is_parked():
            events.append(world.publish(bill_event(world.lab, world.lab.bill(), 1)))
            return parked_logs()

        eventually(one_more_is_parked, 60, what="a parked task")
        for _ in range(4):  # which follow it
            one_more_is_parked()
        retried = eventually(lambda: parked_logs()[:3] or None, 20, what="parked logs")
        retries = [ask(world, log) for log in retried]
        gate.set()
        for event in events:
            assert world.wait_log(event, row, deadline=90)["status"] == "SUCCESS"
        done = [eventually(lambda r=r: world.stack.mongo.integration_retry_log.find_one(
            {"_id": r, "status": {"$ne": "QUEUED"}}), 60, what="the retry's end") for r in retries]
        parked.close()
        eventually(lambda: {world.log(log["_id"])["first_attempt"]["status"] for log in retried} == {"SUPERSEDED"}, 30,
                   what=lambda: f"superseded: {[world.log(log['_id'])['first_attempt'] for log in retried]}")
        sent = Counter(r.headers["webhook-id"] for r in partner.requests)
    assert {d["status"] for d in done} == {"SUCCESS"}
    assert sent == {str(log["_id"]): 1 for log in world.logs()}
