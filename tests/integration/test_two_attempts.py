"""A retry that is asked for while an attempt is under way: the contract's "Moves of a status"."""
import json
import threading

import pytest

from fleet.events import bill_event
from fleet.wait import eventually
from partners import Partner, Reply


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


def ask(world, log):
    retry_id = f"again-{log['_id']}"
    request = {"log_id": str(log["_id"]), "retry_id": retry_id, "lab_id": world.lab.id, "kind": "MANUAL",
               "requested_by": "a tester"}
    world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(request))
    eventually(lambda: world.log(log["_id"])["attempt"] == 1, 20, what="the retry is taken")
    return retry_id


def document(world, retry_id, status):
    def found():
        return world.stack.mongo.integration_retry_log.find_one({"_id": retry_id, "status": status})
    return eventually(found, 20, what=lambda: f"{retry_id} {status}; now "
                      f"{world.stack.mongo.integration_retry_log.find_one({'_id': retry_id})}")


def first_on_the_wire(world, partner, **extra):
    row = world.row(1, partner.url(), extra=extra)
    event = world.publish(bill_event(world.lab, world.lab.bill(), 1))
    eventually(lambda: partner.count == 1, 20, what="the first attempt on the wire")
    return row, world.wait_log(event, row, "QUEUED")


def test_what_is_on_the_wire_is_awaited_and_its_delivery_is_enough(world, gate):
    with Partner(Reply(gate=gate)) as partner:
        row, log = first_on_the_wire(world, partner)
        retry_id = ask(world, log)
        world.bill_event()  # a later delivery of the lane passes by
        eventually(lambda: partner.count == 2, 20, what="the other bill's delivery")
        gate.set()
        retry = document(world, retry_id, "SUPERSEDED")
        assert retry["error_message"] == "attempt 0 was delivered meanwhile"
        eventually(lambda: world.log(log["_id"])["status"] == "SUCCESS", 20, what="SUCCESS")
        assert [r.headers["webhook-id"] for r in partner.requests].count(str(log["_id"])) == 1
        assert world.log(log["_id"])["retry_count"] == 1


def test_what_is_on_the_wire_and_fails_is_followed_by_the_retry(world, gate):
    with Partner([Reply(code=500, gate=gate), Reply()]) as partner:
        row, log = first_on_the_wire(world, partner)
        retry_id = ask(world, log)
        gate.set()
        document(world, retry_id, "SUCCESS")
        eventually(lambda: world.log(log["_id"])["status"] == "SUCCESS", 20, what="SUCCESS")
        assert partner.count == 2 and world.log(log["_id"])["first_attempt"]["status"] == "FAIL"


def test_what_is_not_sent_yet_gives_way(world, gate):
    with Partner(Reply(gate=gate)) as partner:
        row, blocker = first_on_the_wire(world, partner, max_concurrency=1)
        event = world.publish(bill_event(world.lab, world.lab.bill(), 1))
        waiting = world.wait_log(event, row, "QUEUED")
        retry_id = ask(world, waiting)
        eventually(lambda: world.log(waiting["_id"])["first_attempt"]["status"] == "SUPERSEDED", 20,
                   what="attempt 0 gives way")
        gate.set()
        document(world, retry_id, "SUCCESS")
        assert [r.headers["webhook-id"] for r in partner.requests].count(str(waiting["_id"])) == 1
        assert world.wait_log(event, row)["status"] == "SUCCESS"


@pytest.fixture
def stopped(stack):
    """Stops a service for as long as the test likes, and starts it in any case."""
    services = []

    def stop(service):
        services.append(service)
        stack.stop(service)
    yield stop
    for service in services:
        stack.start(service)


def test_a_retry_of_what_waits_for_a_stopped_dispatcher_is_one_delivery(world, stopped, partner):
    stopped("dispatcher")
    row = world.row(1, partner.url())
    events = [world.publish(bill_event(world.lab, world.lab.bill(), 1)) for _ in range(3)]
    logs = [world.wait_log(event, row, "QUEUED") for event in events]
    retries = [ask(world, log) for log in logs]
    world.stack.start("dispatcher")
    for event in events:
        assert world.wait_log(event, row)["status"] == "SUCCESS"
    ended = eventually(lambda: [d["status"] for d in world.stack.mongo.integration_retry_log.find(
        {"_id": {"$in": retries}, "status": {"$ne": "QUEUED"}})] if world.stack.mongo.integration_retry_log.count_documents(
        {"_id": {"$in": retries}, "status": "QUEUED"}) == 0 else None, 20, what="the retries' ends")
    assert sorted(r.headers["webhook-id"] for r in partner.requests) == sorted(str(log["_id"]) for log in logs), ended


def test_what_was_delivered_and_not_yet_reported_is_not_sent_again(world, stopped, partner):
    """The log still says QUEUED when the retry is asked for: its report waits for callback."""
    row = world.row(1, partner.url())
    stopped("callback")
    event = world.publish(bill_event(world.lab, world.lab.bill(), 1))
    log = world.wait_log(event, row, "QUEUED")
    eventually(lambda: partner.count == 1, 20, what="the delivery")
    retry_id = f"again-{log['_id']}"
    request = {"log_id": str(log["_id"]), "retry_id": retry_id, "lab_id": world.lab.id, "kind": "MANUAL",
               "requested_by": "a tester"}
    world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(request))
    eventually(lambda: world.stack.mongo.integration_retry_log.find_one({"_id": retry_id}), 20, what="the retry is taken")
    world.stack.start("callback")
    retry = document(world, retry_id, "SUPERSEDED")
    assert "delivered meanwhile" in retry["error_message"]
    assert world.wait_log(event, row)["status"] == "SUCCESS" and partner.count == 1
    assert world.log(log["_id"])["retry_count"] == 1


def test_what_is_sent_again_on_purpose_and_fails_may_be_retried(world):
    with Partner([Reply(), Reply(code=500), Reply()]) as partner:
        log = world.deliver(partner.url())
        for n, status in ((1, "FAIL"), (2, "SUCCESS")):
            request = {"log_id": str(log["_id"]), "retry_id": f"{n}-{log['_id']}", "lab_id": world.lab.id, "kind": "MANUAL",
                       "requested_by": "a tester", "resend": n == 1}
            world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(request))
            document(world, f"{n}-{log['_id']}", status)
            eventually(lambda: world.log(log["_id"])["status"] == status, 20, what=status)  # noqa: B023
        assert partner.count == 3
