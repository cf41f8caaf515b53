"""The outbox: an event exists exactly if the LIS's change did, in commit order per lab."""
import json
import uuid

import psycopg
import pytest

from fleet.events import bill_event
from fleet.topics import Topic
from fleet.wait import eventually


@pytest.fixture
def events(stack):
    topic = Topic(stack, "lis.events")
    yield topic
    topic.close()


def write(connection, lab, data, event_id=None, traceparent=None):
    event_id = event_id or str(uuid.uuid4())
    connection.execute("INSERT INTO lis.outbox (event_id, lab_id, type, subject, data, traceparent)"
                       " VALUES (%s, %s, 'lis.bill.generated', %s, %s, %s)",
                       [event_id, lab.id, f"bill/{data.get('bill_id')}", json.dumps(data), traceparent])
    return event_id


def ids_of(topic, lab, count, deadline=20):
    found = topic.until(lambda m: m.key == str(lab.id).encode(), deadline, count)
    return [event_id(m) for m in found]


def event_id(message):
    return message.text("ce_id") or message.json()["id"]


def connect(stack):
    return psycopg.connect(stack.env["POSTGRES_URL"])


def test_a_committed_change_is_an_event_that_is_delivered(world, partner, stack):
    row = world.row(1, partner.url())
    bill = world.lab.bill()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with connect(stack) as connection:
        event = write(connection, world.lab, bill_event(world.lab, bill), traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    log = world.wait_log(event, row)
    assert log["status"] == "SUCCESS" and log["bill_id"] == bill.id
    assert partner.requests[0].headers["traceparent"].split("-")[1] == trace
    eventually(lambda: stack.sql("SELECT count(*) FROM lis.outbox WHERE lab_id = %s", [world.lab.id])[0][0] == 0, 10,
               what="the outbox is empty")


def test_a_change_that_is_rolled_back_is_no_event(world, stack, events):
    with connect(stack) as connection:
        lost = write(connection, world.lab, bill_event(world.lab, world.lab.bill()))
        connection.rollback()
        kept = write(connection, world.lab, bill_event(world.lab, world.lab.bill()))
    assert ids_of(events, world.lab, 1) == [kept] and lost != kept


def test_events_of_a_lab_are_in_commit_order_not_in_insert_order(world, stack, events):
    data = bill_event(world.lab, world.lab.bill())
    with connect(stack) as early, connect(stack) as late:
        second = write(early, world.lab, data)  # inserted first, committed last
        first = write(late, world.lab, data)
        late.commit()
        assert ids_of(events, world.lab, 1) == [first]
        third = write(early, world.lab, data)
        early.commit()
    assert ids_of(events, world.lab, 3) == [first, second, third]


def test_many_transactions_keep_their_order(world, stack, events):
    data = bill_event(world.lab, world.lab.bill())
    written = []
    with connect(stack) as connection:
        for _ in range(300):
            written.append(write(connection, world.lab, data))
            connection.commit()
    assert ids_of(events, world.lab, 300, 30) == written


def test_a_relay_that_is_killed_loses_nothing(world, stack, events):
    data = bill_event(world.lab, world.lab.bill())
    written = []
    with connect(stack) as connection:
        for i in range(400):
            written.append(write(connection, world.lab, data))
            connection.commit()
            if i == 150:
                stack.kill("outbox-relay")
    stack.start("outbox-relay")
    eventually(lambda: len(set(ids_of(events, world.lab, 400, 40))) == 400, 40, what="every event")
    seen = list(dict.fromkeys(ids_of(events, world.lab, 400)))
    assert seen == written


def test_a_row_that_is_no_event_stops_nothing(world, stack, events):
    with connect(stack) as connection:
        write(connection, world.lab, {"nonsense": True})
        good = write(connection, world.lab, bill_event(world.lab, world.lab.bill()))
    assert good in ids_of(events, world.lab, 2)


def test_a_row_that_kafka_cannot_take_goes_to_failed_tasks_and_blocks_nothing(world, stack, events):
    failed = Topic(stack, "integration.failed-tasks")
    data = bill_event(world.lab, world.lab.bill())
    with connect(stack) as connection:
        before = write(connection, world.lab, data)
        large = write(connection, world.lab, data | {"padding": "x" * 9_000_000})
        after = write(connection, world.lab, data)
    assert ids_of(events, world.lab, 2) == [before, after]
    message = failed.until(lambda m: m.text("ce_id") == large)[0]
    failed.close()
    assert message.text("reason") == "too_large" and message.json()["padding"]


def test_relays_hand_over_when_the_leader_loses_its_session(world, stack, events):
    data = bill_event(world.lab, world.lab.bill())
    written = []
    stack.start("outbox-relay", 2)
    with connect(stack) as connection:
        for i in range(200):
            written.append(write(connection, world.lab, data))
            connection.commit()
            if i % 50 == 25:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    eventually(lambda: len(set(ids_of(events, world.lab, 200, 40))) == 200, 40, what="every event")
    stack.stop("outbox-relay", 1)
    assert list(dict.fromkeys(ids_of(events, world.lab, 200))) == written


def test_the_published_event_is_a_valid_cloudevent(world, stack, events):
    bill = world.lab.bill()
    with connect(stack) as connection:
        written = write(connection, world.lab, bill_event(world.lab, bill))
    message = events.until(lambda m: m.key == str(world.lab.id).encode())[0]
    if message.text("ce_id"):
        assert message.text("ce_specversion") == "1.0"
        attributes = {name: message.text(f"ce_{name}") for name in ("id", "source", "type", "subject", "time")}
        data = message.json()
    else:
        assert message.text("content-type").startswith("application/cloudevents+json")
        attributes, data = message.json(), message.json()["data"]
    assert attributes["id"] == written and attributes["source"] == f"/labs/{world.lab.id}"
    assert attributes["type"] == "lis.bill.generated" and attributes["subject"] == f"bill/{bill.id}"
    assert attributes["time"]
    assert data["bill_id"] == bill.id
