"""One lab's flood, one slow partner: another lab does not wait for them, wherever the two meet."""
import contextlib
import os

import pytest

from fleet.load import Load, deliveries
from fleet.rows import add_auth
from fleet.stack import dev
from fleet.topics import partition_of
from fleet.wait import eventually
from partners import Partner, Reply

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

FLOOD = int(os.environ.get("CHAOS_FLOOD", "5000"))


def another(world, same_partition_as):
    """A lab of its own whose events are in the partition of that lab's."""
    while True:
        other = type(world)(world.stack, world.publisher)
        if partition_of(other.lab.id) == partition_of(same_partition_as.lab.id):
            return other


def auth_beside(world, auth):
    """An authentication whose tasks are in the partition of that one's."""
    while True:
        other = add_auth(world.stack, world.lab)
        if partition_of(other) == partition_of(auth):
            return other


def gone_before(flooded, quiet):
    """How much of the flood had come when the quiet lab's delivery did."""
    eventually(lambda: quiet.count, 60, what="the quiet lab's delivery")
    arrived = quiet.requests[0].arrived_at
    return sum(request.arrived_at < arrived for request in list(flooded.requests))


@pytest.fixture
def waiting_trigger(stack):
    stack.stop("trigger")
    yield lambda: stack.start("trigger")
    stack.start("trigger")


def test_a_labs_flood_does_not_delay_another_lab_of_its_partition(world, stack, waiting_trigger):
    quiet = another(world, world)
    with Partner() as flooded, Partner() as other:
        row = world.row(1, flooded.url())
        quiet.row(1, other.url(), auth=auth_beside(quiet, world.auth))
        load = Load(world, total=FLOOD).start()
        load.finish()
        quiet.bill_event()
        waiting_trigger()
        before = gone_before(flooded, other)
        logs = load.settle([row])
        repeated = deliveries(flooded, logs, row)
    print(f"\na flood of {FLOOD}: {before} of its deliveries went before the quiet lab's; {repeated} repeated")
    assert before < FLOOD / 2
    assert repeated == 0
    assert stack.metrics("trigger")["trigger_quiet_lab_wait_seconds_count"] > 0


@contextlib.contextmanager
def dispatcher_with(stack, **settings):
    stack.stop("dispatcher")
    dev("start", "dispatcher", env=settings)
    yield
    stack.stop("dispatcher")
    stack.start("dispatcher")


@pytest.fixture
def short_lanes(stack):
    with dispatcher_with(stack, LANE_QUEUE_LIMIT="200", SLOW_AFTER="1s", PARK_DELAY="1s"):
        yield


@pytest.fixture
def long_lanes(stack):
    """None is full: no task rests, and deliveries come in the order that trigger made."""
    with dispatcher_with(stack, LANE_QUEUE_LIMIT="100000"):
        yield


def test_a_flood_keeps_its_order_and_is_not_repeated_by_a_kill(world, stack, long_lanes, waiting_trigger):
    """What was done ahead of the flood is known to the next owner of the partition."""
    quiet = another(world, world)
    with Partner(Reply(delay=0.001)) as flooded, Partner() as other:
        row = world.row(1, flooded.url(), extra={"max_concurrency": 1})
        quiet_row = quiet.row(1, other.url())
        load = Load(world, total=2000).start()
        load.finish()
        few = Load(quiet, total=200).start()
        few.finish()
        waiting_trigger()
        eventually(lambda: other.count > 20, 60, what="some of the quiet lab's")
        stack.kill("trigger")
        stack.start("trigger")
        logs, others = load.settle([row]), few.settle([quiet_row])
        repeated = deliveries(flooded, logs, row) + deliveries(other, others, quiet_row)
        name = {str(log["_id"]): log["event_id"] for log in logs}
        place = {event: i for i, event in enumerate(load.published)}
        came = [place[name[request.headers["webhook-id"]]] for request in flooded.requests]
    first = {at: i for i, at in reversed(list(enumerate(came)))}
    assert [first[i] for i in range(len(load.published))] == sorted(first.values())
    print(f"\ntrigger killed in a flood: {repeated} repeated deliveries")
    assert repeated <= 1000  # a batch, as in test_faults.py


def test_a_partner_that_is_rather_slow_does_not_hold_its_partition_for_long(world, short_lanes):
    flood = 3000
    with Partner(Reply(delay=0.04)) as slow, Partner() as other:  # some 240 a second: 200 are no second's work
        row = world.row(1, slow.url(), extra={"max_concurrency": 10})
        quiet = type(world)(world.stack, world.publisher)
        quiet.row(1, other.url(), auth=auth_beside(quiet, world.auth))
        load = Load(world, total=flood).start()
        load.finish()
        eventually(lambda: slow.count > 20, 60, what="the load is on")
        quiet.bill_event()
        before = gone_before(slow, other)
        logs = load.settle([row])
        repeated = deliveries(slow, logs, row)
    print(f"\na partner of 240 a second: {before} of its {flood} deliveries went before the quiet lab's")
    assert before < flood / 3
    assert repeated == 0


@pytest.fixture
def slow_contexts(world, stack):
    """Bills of the world's lab take eight seconds to read: below the time-out, and far more than others should wait."""
    stack.sql(f"""ALTER FUNCTION lis_api.bill_context(bigint, bigint[]) RENAME TO bill_context_sound;
                  CREATE FUNCTION lis_api.bill_context(lab_id bigint, ids bigint[])
                  RETURNS TABLE (id bigint, context jsonb) LANGUAGE plpgsql STABLE AS $$
                  BEGIN
                      IF lab_id = {world.lab.id} THEN PERFORM pg_sleep(8); END IF;
                      RETURN QUERY SELECT * FROM lis_api.bill_context_sound(lab_id, ids);
                  END $$""")
    yield
    stack.sql("""DROP FUNCTION lis_api.bill_context(bigint, bigint[]);
                 ALTER FUNCTION lis_api.bill_context_sound(bigint, bigint[]) RENAME TO bill_context""")


def test_a_lab_whose_contexts_are_slow_delays_no_other(world, stack, slow_contexts, waiting_trigger):
    quiet = another(world, world)
    with Partner() as slow, Partner() as other:
        row, quiet_row = world.row(1, slow.url(), extra={"max_concurrency": 1}), quiet.row(1, other.url())
        load, others = Load(world, total=20, bills=5).start(), Load(quiet, total=30).start()
        load.finish()
        others.finish()
        waiting_trigger()
        eventually(lambda: other.count >= 30, 60, what="the quiet lab's deliveries")
        assert stack.metrics("trigger")["trigger_labs_aside"] == 1
        load.published.append(world.bill_event())  # now without even trying
        others.published += [quiet.bill_event() for _ in range(30)]
        logs = load.settle([row])
        others.settle([quiet_row])
        assert deliveries(slow, logs, row) == 0
        name = {str(log["_id"]): log["event_id"] for log in logs}
        assert [name[request.headers["webhook-id"]] for request in slow.requests] == load.published
    built = {log["event_id"]: log["inserted_at"].timestamp() for log in logs}
    arrived = [request.arrived_at for request in other.requests]
    assert arrived[29] < built[load.published[0]], "the quiet lab's were delivered before the slow one's were built"
    assert arrived[-1] < built[load.published[-1]]
