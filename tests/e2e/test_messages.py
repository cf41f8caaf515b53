"""Every message on every topic is what docs/schemas says."""
import json

import pytest

from fleet import schemas
from fleet.topics import Topic
from partners import Partner, Reply

LIMIT = 20_000


def read(stack, name):
    topic = Topic(stack, name, from_start=True)
    messages = topic.to_the_end(LIMIT)
    topic.close()
    return messages


@pytest.fixture(scope="module")
def traffic(stack, publisher):
    """Something of every kind, in case this runs on an empty stack."""
    from fleet.world import World
    world = World(stack, publisher)
    with Partner() as good, Partner(Reply(code=500)) as bad:
        rows = [world.row(1, good.url()), world.row(1, bad.url()), world.row(1, good.url(), request_type=0)]
        event = world.bill_event()
        for row in rows:
            world.wait_log(event, row)
        cancelled = world.lab.bill()
        world.lab.cancel(cancelled.id)
        world.wait_log(world.bill_event(bill=cancelled), rows[0])
        publisher.raw("lis.events", "1", b"junk", [("content-type", b"application/cloudevents+json")])
        world.barrier(good.url())
    return world


def own(stack, messages):
    """Tests put junk on topics on purpose; a failed task of this topic says which it was."""
    junk = {(m.text("source_topic").removeprefix(stack.topic("")), m.text("source_partition"), m.text("source_offset"))
            for m in read(stack, "integration.failed-tasks")}
    return [m for m in messages if (m.topic, str(m.partition), str(m.offset)) not in junk]


def test_dispatch_tasks(stack, traffic):
    for message in read(stack, "integration.dispatch-tasks"):
        header = json.loads(message.headers["task"])
        schemas.check("dispatch-task", header)
        assert message.key
        if header["method"] != "GET" and message.value and header["content_type"] == "application/json":
            assert "integration_payload" not in json.loads(message.value)


def test_a_partners_tasks_share_a_partition(stack, traffic):
    places = {}
    for message in read(stack, "integration.dispatch-tasks"):
        places.setdefault(message.key, set()).add(message.partition)
    assert all(len(partitions) == 1 for partitions in places.values())


def test_parked_tasks(stack, traffic):
    for message in read(stack, "integration.parked-tasks"):
        schemas.check("dispatch-task", json.loads(message.headers["task"]))
        assert not message.value


def test_callbacks(stack, traffic):
    for message in own(stack, read(stack, "integration.callbacks")):
        document = message.json()
        schemas.check("report", document)
        assert message.key == document["log_id"].encode()


def test_status_updates(stack, traffic):
    messages = read(stack, "integration.status-updates")
    assert messages
    for message in messages:
        document = message.json()
        schemas.check("status-update", document)
        assert message.key == str(document["lab_id"]).encode()


def test_failed_tasks(stack, traffic):
    messages = read(stack, "integration.failed-tasks")
    assert messages
    for message in messages:
        schemas.check("failed-task", {name: text.decode("utf-8", "replace") for name, text in message.headers.items()})


def test_events_of_the_relay(stack, traffic):
    for message in own(stack, read(stack, "lis.events")):
        data = message.json()
        if not message.text("ce_id"):
            data = data["data"]
        if data.get("action_id"):
            schemas.check("lis-event", data)


def test_retries(stack, traffic):
    for message in own(stack, read(stack, "integration.retries")):
        document = message.json()
        schemas.check("retry-request", document)
        assert message.key == document["log_id"].encode()
