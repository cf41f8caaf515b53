"""Bulk events, repeated events, undone facts, and everything that cannot be handled."""
import uuid

import pytest

from fleet import schemas
from fleet.events import bill_event, cloud_event, dumps, encode
from fleet.lis import Lab, new_id
from fleet.topics import Topic
from fleet.wait import eventually
from partners import Partner, Reply


@pytest.fixture
def failed_tasks(stack):
    topic = Topic(stack, "integration.failed-tasks")
    yield topic
    topic.close()


# ---- records ----

def test_records_make_a_log_and_a_request_each(world, partner):
    row = world.row(1, partner.url())
    bills = [world.lab.bill() for _ in range(4)]
    event = world.publish({"action_id": 1, "lab_id": world.lab.id, "activity_date": "2026-11-21T09:30:00Z",
                           "records": [{"bill_id": b.id, "patient_id": b.patient_id} for b in bills]})
    logs = eventually(lambda: len(found := world.logs(event_id=event, status="SUCCESS")) == 4 and found, 20,
                      what="four SUCCESS logs")
    assert {log["bill_id"] for log in logs} == {b.id for b in bills}
    assert {log["retry_context"]["bill_id"] for log in logs} == {b.id for b in bills}
    assert {log["lab_integration_id"] for log in logs} == {row}
    assert sorted(r.json()["bill_id"] for r in partner.requests) == sorted(b.id for b in bills)


def test_a_record_with_a_bad_id_fails_alone(world, partner, failed_tasks):
    world.row(1, partner.url())
    bill = world.lab.bill()
    event = world.publish({"action_id": 1, "lab_id": world.lab.id,
                           "records": [{"bill_id": "seven"}, {"bill_id": bill.id}, {"bill_id": new_id()}]})
    failed_tasks.until(lambda m: event.encode() in m.value)
    logs = eventually(lambda: len(found := [x for x in world.logs(event_id=event) if x["status"] != "QUEUED"]) == 2
                      and found, 20, what="two logs: one sent, one not built")
    assert {(log["status"], log["error_kind"]) for log in logs} == {("SUCCESS", None), ("FAIL", "build")}


# ---- the same event again ----

def test_a_repeated_event_makes_one_log_and_one_delivery(world, partner):
    row = world.row(1, partner.url())
    data, event_id = bill_event(world.lab, world.lab.bill()), str(uuid.uuid4())
    world.publish(data, event_id=event_id)
    world.wait_log(event_id, row)
    for mode in ("structured", "binary"):
        world.publish(data, event_id=event_id, mode=mode)
    world.barrier(partner.url("/behind"))
    assert len(world.logs(event_id=event_id)) == 1
    assert len([r for r in partner.requests if r.path == "/hook"]) == 1


def test_a_repeat_within_one_batch_makes_one_log_and_one_delivery(world, partner):
    row = world.row(1, partner.url())
    event = cloud_event(bill_event(world.lab, world.lab.bill()))
    value, headers = encode(event, "binary")
    for _ in range(5):
        world.publisher.producer.produce(world.stack.topic("lis.events"), key=str(world.lab.id), value=value,
                                         headers=headers)
    world.publisher.producer.flush(30)
    world.wait_log(event.get_id(), row)
    world.barrier(partner.url("/behind"))
    assert len(world.logs(event_id=event.get_id())) == 1
    assert len([r for r in partner.requests if r.path == "/hook"]) == 1


def test_the_same_id_from_another_source_is_another_event(world, partner):
    row = world.row(1, partner.url())
    event_id, data = str(uuid.uuid4()), bill_event(world.lab, world.lab.bill())
    world.publish(data, event_id=event_id, source="/one")
    world.publish(data, event_id=event_id, source="/two")
    eventually(lambda: len(world.logs(event_id=event_id, status="SUCCESS", lab_integration_id=row)) == 2, 20,
               what="two logs")


# ---- fences ----

@pytest.mark.parametrize("action", [1, 2, 17, 18])
def test_a_fact_that_was_undone_before_building_is_superseded_and_not_sent(world, partner, action):
    bill = world.lab.bill()
    more = {}
    if action == 17:
        more = {"payment_id": world.lab.payment(bill.id, "SETTLEMENT")}
    if action == 18:
        more = {"bill_item_ids": bill.item_ids}
    world.lab.cancel(bill.id)
    row = world.row(action, partner.url())
    log = world.wait_log(world.bill_event(action, bill, **more), row)
    if action == 17:  # money did change hands; a cancelled bill does not undo that
        assert log["status"] in ("SUPERSEDED", "SUCCESS")
        return
    assert log["status"] == "SUPERSEDED" and log["error_message"]
    world.barrier(partner.url("/behind"))
    assert [r.path for r in partner.requests] == ["/behind"]


def test_a_cancel_of_a_bill_that_is_active_again_is_superseded(world, partner):
    row, bill = world.row(3, partner.url()), world.lab.bill()
    world.lab.cancel(bill.id)
    world.lab.set("bill", "bill_id", bill.id, status="ACTIVE")
    log = world.wait_log(world.bill_event(3, bill), row)
    assert log["status"] == "SUPERSEDED" and log["error_message"]
    assert partner.requests == []


# ---- what cannot be handled ----

def failed(world, failed_tasks, value, headers, reason_has=None):
    """Publishes raw bytes and returns the failed task they became; the partition must go on."""
    partition, offset = world.publisher.raw("lis.events", str(world.lab.id), value, headers)
    topic = world.stack.topic("lis.events")

    def is_it(m):
        return (m.text("source_topic") in (topic, "lis.events") and m.text("source_partition") == str(partition)
                and m.text("source_offset") == str(offset))
    message = failed_tasks.until(is_it)[0]
    assert message.value == value
    assert message.key == str(world.lab.id).encode()
    schemas.check("failed-task", {name: text.decode() for name, text in message.headers.items()})
    return message


STRUCTURED = [("content-type", b"application/cloudevents+json")]


@pytest.mark.parametrize("value, headers", [
    (b"\x00\xff not json", STRUCTURED),
    (b"{", STRUCTURED),
    (b"[]", STRUCTURED),
    (b'{"specversion": "1.0", "id": "x", "source": "s", "type": "t"}', STRUCTURED),
    (b'{"specversion": "1.0", "source": "s", "type": "t", "data": {"action_id": 1, "lab_id": 1}}', STRUCTURED),
    (b'{"action_id": 1, "lab_id": 1}', []),
    (b'{"action_id": 1, "lab_id": ' + b"[" * 5000 + b"]" * 5000 + b"}",
     [("ce_id", b"1"), ("ce_source", b"/s"), ("ce_type", b"t"), ("ce_specversion", b"1.0"),
      ("content-type", b"application/json")]),
    (b"", STRUCTURED),
    (None, [("ce_id", b"1"), ("ce_source", b"/s"), ("ce_type", b"t"), ("ce_specversion", b"1.0")]),
    (None, []),
], ids=["bytes", "half-json", "array", "no-data", "no-id", "no-mode", "too-deep", "empty", "tombstone", "bare-tombstone"])
def test_what_cannot_be_decoded_goes_to_failed_tasks_whole(world, partner, failed_tasks, value, headers):
    message = failed(world, failed_tasks, value, headers)
    for name, text in headers:
        assert message.headers[name] == text
    assert world.barrier(partner.url())["status"] == "SUCCESS"


@pytest.mark.parametrize("change", [
    {"action_id": 999}, {"action_id": "1"}, {"action_id": None}, {"action_id": 1.5}, {"action_id": -1},
    {"lab_id": "17"}, {"lab_id": None}, {"lab_id": [1]}, {"bill_id": "9001"}, {"bill_id": {}}, {"bill_id": 1.25},
    {"bill_id": True}, {"bill_item_ids": ["1"]}, {"records": {}},
], ids=str)
def test_unknown_actions_and_ids_of_a_wrong_type_go_to_failed_tasks(world, partner, failed_tasks, change):
    world.row(1, partner.url())
    data = {**bill_event(world.lab, world.lab.bill()), **change}
    event = cloud_event(data)
    value, headers = encode(event, "structured")
    failed(world, failed_tasks, value, headers)
    assert world.barrier(partner.url("/behind"))["status"] == "SUCCESS"
    assert world.logs(event_id=event.get_id()) == []


def test_an_entity_that_is_not_there_is_a_fail_of_build(world, partner):
    row = world.row(1, partner.url())
    event = world.publish({"action_id": 1, "lab_id": world.lab.id, "bill_id": new_id()})
    log = world.wait_log(event, row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert log["error_message"] and partner.requests == []


def test_an_entity_of_another_lab_is_a_fail_of_build_and_its_data_goes_nowhere(world, partner, stack):
    other = Lab(stack, "Other Lab")
    bill = other.bill(other.patient("Secret Person"))
    row = world.row(1, partner.url())
    log = world.wait_log(world.publish({"action_id": 1, "lab_id": world.lab.id, "bill_id": bill.id}), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert "Secret Person" not in str(log) and partner.requests == []


@pytest.mark.parametrize("action, data", [
    (1, {}), (17, {"bill_id": "a bill"}), (5, {"bill_id": "a bill"}), (18, {"bill_id": "a bill"}), (57, {}),
])
def test_an_id_that_is_missing_is_a_fail_of_build_that_names_it(world, partner, action, data):
    row = world.row(action, partner.url())
    if data.get("bill_id"):
        data = {"bill_id": world.lab.bill().id}
    log = world.wait_log(world.publish({"action_id": action, "lab_id": world.lab.id, **data}), row)
    missing = {1: "bill_id", 5: "payment_id", 17: "payment_id", 18: "bill_item_ids", 57: "patient_id"}[action]
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert missing in log["error_message"]
    assert partner.requests == []


def test_a_payment_of_another_bill_is_a_fail_of_build(world, partner):
    row = world.row(5, partner.url())
    foreign = world.lab.payment(world.lab.bill().id, "REFUND")
    log = world.wait_log(world.bill_event(5, payment_id=foreign), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert partner.requests == []


@pytest.fixture
def poison(stack):
    """A context function that raises for one bill: what a broken row in a LIS's own table does."""
    bad = new_id()
    stack.sql("ALTER FUNCTION lis_api.bill_context(bigint, bigint[]) RENAME TO bill_context_sound")
    stack.sql(f"""CREATE FUNCTION lis_api.bill_context(lab_id bigint, ids bigint[])
                  RETURNS TABLE (id bigint, context jsonb) LANGUAGE plpgsql STABLE AS $$
                  BEGIN
                      IF {bad} = ANY (ids) THEN RAISE division_by_zero; END IF;
                      RETURN QUERY SELECT * FROM lis_api.bill_context_sound(lab_id, ids);
                  END $$""")
    yield bad
    stack.sql("DROP FUNCTION lis_api.bill_context(bigint, bigint[])")
    stack.sql("ALTER FUNCTION lis_api.bill_context_sound(bigint, bigint[]) RENAME TO bill_context")


def test_one_poison_entity_does_not_fail_its_batch(world, partner, poison):
    row = world.row(1, partner.url())
    bills = [world.lab.bill().id for _ in range(6)]
    ids = world.publisher.many([{"action_id": 1, "lab_id": world.lab.id, "bill_id": bill}
                                for bill in (*bills[:3], poison, *bills[3:])])
    logs = [world.wait_log(event, row) for event in ids]
    assert [log["status"] for log in logs] == ["SUCCESS"] * 3 + ["FAIL"] + ["SUCCESS"] * 3
    assert logs[3]["error_kind"] == "build" and logs[3]["error_message"]
    assert len(partner.requests) == 6


@pytest.mark.parametrize("columns, names", [
    ({"url": ""}, "url"), ({"url": "not a url"}, "url"), ({"url": "gopher://127.0.0.1/x"}, "url"),
    ({"url": "file:///etc/passwd"}, "url"),
    ({"extra": {"timeout_ms": "soon"}}, "timeout_ms"), ({"extra": {"transport": "pigeon"}}, "transport"),
    ({"extra": {"auth": {"type": "magic"}}}, "auth"), ({"extra": {"no_such_key": 1}}, "no_such_key"),
    ({"headers": {"Bad\r\nName": "x"}}, "header"), ({"headers": {"X": "a\r\nInjected: yes"}}, "header"),
    ({"headers": ["x"]}, "headers"), ({"extra": ["x"]}, "integration_extra_details"),
], ids=str)
def test_a_row_that_cannot_be_used_is_a_fail_of_config_that_names_the_field(world, partner, columns, names):
    columns = dict(columns)
    url = columns.pop("url", partner.url())
    log = world.deliver(url, **columns)
    assert (log["status"], log["error_kind"]) == ("FAIL", "config")
    assert names in log["error_message"].lower()
    assert partner.requests == []


def test_an_event_of_one_mebibyte_is_taken(world, partner):
    row = world.row(2, partner.url())
    data = bill_event(world.lab, world.lab.bill(), 2, updated_fields=["x" * 1000] * 900)
    assert world.wait_log(world.publish(data), row, deadline=30)["status"] == "SUCCESS"


def test_an_event_of_five_mebibytes_stops_nothing(world, partner, failed_tasks):
    """The topic may refuse it to its producer; if it takes it, it is an event or a failed task."""
    from confluent_kafka import KafkaException
    value = dumps({**bill_event(world.lab, world.lab.bill()), "updated_fields": ["x" * (5 << 20)]})
    event = cloud_event(bill_event(world.lab, world.lab.bill()))
    _, headers = encode(event, "binary")
    try:
        failed(world, failed_tasks, value, headers)
    except (AssertionError, KafkaException) as refused:
        assert "MSG_SIZE_TOO_LARGE" in str(refused) or "too large" in str(refused).lower(), refused
    assert world.barrier(partner.url())["status"] == "SUCCESS"


def test_bad_events_between_good_ones_lose_none(world):
    with Partner(Reply()) as partner:
        row = world.row(1, partner.url())
        good = []
        for i in range(30):
            world.publisher.raw("lis.events", str(world.lab.id), b"\xff" * i, STRUCTURED)
            good.append(world.bill_event())
        for event in good:
            assert world.wait_log(event, row)["status"] == "SUCCESS"
        assert len(partner.requests) == 30
