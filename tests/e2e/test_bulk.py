"""Bulk events: a log a record; a request a record, or one for all where the row says is_batch."""
import json

import pytest

from fleet import schemas
from fleet.lis import new_id
from fleet.topics import Topic
from fleet.wait import eventually
from fleet.world import FINAL
from partners import Partner, Reply


def bulk(world, records, action=35):
    return world.publish({"action_id": action, "lab_id": world.lab.id, "activity_date": "2026-11-21T09:30:00Z",
                          "records": records})


def orders(world, n):
    """Bills with two signed reports each, as the records of a consolidated submission."""
    bills = [world.lab.bill(items=2) for _ in range(n)]
    return [{"bill_id": bill.id, "patient_id": bill.patient_id,
             "lab_report_ids": [world.lab.report(bill, item=item) for item in (0, 1)]} for bill in bills]


def bills(world, n):
    return [{"bill_id": bill.id, "patient_id": bill.patient_id} for bill in (world.lab.bill() for _ in range(n))]


def wait_logs(world, event, n, deadline=20):
    """The event's logs, all of them final, in the order of the records."""
    def found():
        logs = world.logs(event_id=event)
        return logs if len(logs) == n and all(log["status"] in FINAL for log in logs) else None
    logs = eventually(found, deadline, what=lambda: [(x["status"], x["error_message"]) for x in world.logs(event_id=event)])
    return sorted(logs, key=lambda log: log["retry_context"]["record_index"])


def test_each_record_of_a_consolidated_event_goes_on_its_own(world, partner):
    world.row(35, partner.url())
    records = orders(world, 3)
    logs = wait_logs(world, bulk(world, records), 3)
    assert [log["status"] for log in logs] == ["SUCCESS"] * 3
    assert [log["bill_id"] for log in logs] == [r["bill_id"] for r in records]
    assert [log["retry_context"]["lab_report_ids"] for log in logs] == [r["lab_report_ids"] for r in records]
    bodies = {r.json()["bill_id"]: r.json() for r in partner.requests}
    for record in records:
        body = bodies[record["bill_id"]]
        schemas.check("payloads/35", body)
        assert [report["labReportId"] for report in body["reportDetails"]] == record["lab_report_ids"]


def test_a_batch_is_one_request_and_its_outcome_is_every_records(world, partner):
    partner.script = Reply(code=202, body=b'{"batch": "b-1"}')
    world.row(35, partner.url(), is_batch=True)
    records = orders(world, 3)
    logs = wait_logs(world, bulk(world, records), 3)
    request, = partner.requests
    assert [body["bill_id"] for body in request.json()] == [r["bill_id"] for r in records]
    for body in request.json():
        schemas.check("payloads/35", body)
    assert request.headers["webhook-id"] == str(logs[0]["_id"])
    for log, body in zip(logs, request.json(), strict=True):
        assert (log["status"], log["response_status_code"], log["response_body"]) == ("SUCCESS", 202, '{"batch": "b-1"}')
        assert log["end_point"] == partner.url() and log["request_headers"]["webhook-id"] == str(logs[0]["_id"])
        assert json.loads(log["request_body"])["bill_id"] == body["bill_id"]


def test_the_other_rows_of_a_bulk_event_get_each_record_alone(world):
    with Partner() as together, Partner() as apart:
        world.row(1, together.url(), is_batch=True)
        world.row(1, apart.url())
        event = bulk(world, bills(world, 4), action=1)
        eventually(lambda: len(world.logs(event_id=event, status="SUCCESS")) == 8, 20, what="eight logs")
        assert [len(r.json()) for r in together.requests] == [4]
        assert len(apart.requests) == 4 and all(isinstance(r.json(), dict) for r in apart.requests)


def test_an_event_without_records_is_no_array(world, partner):
    world.deliver(partner.url(), is_batch=True)
    assert partner.requests[0].json()["webhookId"] == 1


@pytest.mark.parametrize("options", [{"request_type": 0}, {"template_text": "n={{bill.bill_id}}", "payload_type": "FORM"}],
                         ids=["GET", "form"])
def test_what_cannot_be_an_array_goes_record_by_record(world, partner, options):
    world.row(1, partner.url(), is_batch=True, **options)
    wait_logs(world, bulk(world, bills(world, 3), action=1), 3)
    assert len(partner.requests) == 3


def test_a_record_that_cannot_be_built_fails_alone_and_the_others_go(world, partner):
    world.row(1, partner.url(), is_batch=True)
    good = bills(world, 3)
    world.lab.cancel(good[1]["bill_id"])
    logs = wait_logs(world, bulk(world, [{"bill_id": new_id()}, *good], action=1), 4)
    assert [(log["status"], log["error_kind"]) for log in logs] == [
        ("FAIL", "build"), ("SUCCESS", None), ("SUPERSEDED", None), ("SUCCESS", None)]
    request, = partner.requests
    assert [body["bill_id"] for body in request.json()] == [good[0]["bill_id"], good[2]["bill_id"]]
    assert request.headers["webhook-id"] == str(logs[1]["_id"])


def test_a_failed_batch_fails_every_record_and_each_is_retried_alone(world):
    with Partner([Reply(code=500, body=b'{"error": "full"}'), Reply()]) as partner:
        world.row(1, partner.url(), is_batch=True)
        records = bills(world, 3)
        event = bulk(world, records, action=1)
        logs = wait_logs(world, event, 3)
        assert [(log["status"], log["error_message"]) for log in logs] == [("FAIL", "full")] * 3
        log_id = str(logs[1]["_id"])
        world.publisher.raw("integration.retries", log_id, json.dumps(
            {"log_id": log_id, "retry_id": f"r-{log_id}", "lab_id": world.lab.id, "kind": "MANUAL", "requested_by": "t"}))
        retried = eventually(lambda: (log := world.log(log_id))["status"] == "SUCCESS" and log, 20, what="retried")
        assert retried["retry_count"] == 1 and retried["first_attempt"]["status"] == "FAIL"
        assert [body["bill_id"] for body in partner.requests[1].json()] == [records[1]["bill_id"]]
        assert partner.requests[1].headers["webhook-id"] == log_id
        document = world.stack.mongo.integration_retry_log.find_one({"_id": f"r-{log_id}"})
        assert document["payload_changed"] is False
        assert [log["status"] for log in wait_logs(world, event, 3)] == ["FAIL", "SUCCESS", "FAIL"]


def test_a_retry_of_a_record_waits_for_the_batch_that_has_it(world):
    """Two requests at once; the batch is on the wire: it is awaited, and the retry ends unsent."""
    with Partner([Reply(delay=2), Reply()]) as partner:
        world.row(1, partner.url(), is_batch=True)
        event = bulk(world, bills(world, 3), action=1)
        eventually(lambda: partner.requests, 15, what="the batch arrives")
        log_id = str(world.logs(event_id=event)[2]["_id"])
        world.publisher.raw("integration.retries", log_id, json.dumps(
            {"log_id": log_id, "retry_id": f"r-{log_id}", "lab_id": world.lab.id, "kind": "MANUAL", "requested_by": "t"}))
        retries = world.stack.mongo.integration_retry_log
        document = eventually(lambda: (d := retries.find_one({"_id": f"r-{log_id}"})) and d["status"] != "QUEUED" and d,
                              20, what="the retry ends")
        assert document["status"] == "SUPERSEDED"
        assert [log["status"] for log in wait_logs(world, event, 3)] == ["SUCCESS"] * 3
        assert len(partner.requests) == 1


def test_a_large_batch_is_still_one_request(world, partner):
    world.row(57, partner.url(), is_batch=True)
    patient = world.lab.patient()
    event = bulk(world, [{"patient_id": patient}] * 900, action=57)
    logs = wait_logs(world, event, 900, deadline=60)
    assert {log["status"] for log in logs} == {"SUCCESS"}
    assert [len(r.json()) for r in partner.requests] == [900]


def test_the_task_of_a_batch_names_its_logs(world, partner):
    tasks = Topic(world.stack, "integration.dispatch-tasks")
    row = world.row(1, partner.url(), is_batch=True)
    logs = wait_logs(world, bulk(world, bills(world, 2), action=1), 2)
    message, = tasks.until(lambda m: json.loads(m.headers["task"])["integration_id"] == row)
    task = json.loads(message.headers["task"])
    schemas.check("dispatch-task", task)
    assert [record["log_id"] for record in task["records"]] == [str(log["_id"]) for log in logs]
    tasks.close()


def test_an_invoices_operation_is_its_requests_method(world, partner):
    org = world.lab.org()
    world.row(62, partner.url(), is_batch=True)
    records = [{"invoice_id": world.lab.invoice(org), "operation": operation} for operation in
               ("create", "update", "create")]
    wait_logs(world, bulk(world, records, action=62), 3)
    assert sorted((r.method, len(r.json())) for r in partner.requests) == [("POST", 2), ("PUT", 1)]


def test_an_ordered_batch_goes_neither_before_nor_after_its_time(world):
    """It is about many entities: what is about one of them starts after it ended, and it after what was before."""
    with Partner(Reply(delay=0.7)) as partner:
        world.row(57, partner.url(), is_batch=True, extra={"ordered_by": "patient", "max_concurrency": 4})
        patients = [world.lab.patient() for _ in range(3)]
        single = {"action_id": 57, "lab_id": world.lab.id}
        before = world.publish({**single, "patient_id": patients[2]})
        batch = bulk(world, [{"patient_id": patient} for patient in patients], action=57)
        after = world.publish({**single, "patient_id": patients[1]})
        for event, n in ((before, 1), (batch, 3), (after, 1)):
            eventually(lambda e=event, n=n: len(world.logs(event_id=e, status="SUCCESS")) == n, 20, what="delivered")
        sizes = [len(body) if isinstance(body := r.json(), list) else 1 for r in partner.requests]
        assert sizes == [1, 3, 1]
        gaps = [b.arrived_at - a.arrived_at for a, b in zip(partner.requests, partner.requests[1:], strict=False)]
        assert all(gap >= 0.6 for gap in gaps), gaps
