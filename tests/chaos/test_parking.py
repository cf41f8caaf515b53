"""A lane that stands still: its tasks are parked outside memory, and come back when it goes on."""
import threading

import pytest

from fleet.events import bill_event
from fleet.stack import dev
from fleet.topics import Topic
from fleet.wait import eventually
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
