"""PDFs are read when a request is sent, streamed into it, and kept nowhere on the way."""
import base64
import hashlib
import json
import os

import pytest
from standardwebhooks import Webhook

from fleet import schemas
from fleet.dashboard import Dashboard
from fleet.lis import Lab
from fleet.topics import Topic
from partners import MllpPartner, Partner, Reply

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def pdf(size):
    return b"%PDF-1.4 " + os.urandom(size - 9)


def report_event(lab, report, action=19, **more):
    return {"action_id": action, "lab_id": lab.id, "lab_report_id": report, "activity_date": "2026-11-21T12:00:00Z",
            **more}


def report_with(world, content):
    return world.lab.report(world.lab.bill(), document=content)


@pytest.mark.parametrize("size", [9, 10, 11, 12, 100_000, (1 << 20) + 5, 3_000_000])
def test_the_partner_gets_the_pdf_whatever_its_size(world, partner, size):
    content = pdf(size)
    log = world.deliver(partner.url(), 19, data=report_event(world.lab, report_with(world, content)),
                        extra={"webhook_secret": SECRET})
    assert log["status"] == "SUCCESS", log["error_message"]
    request = partner.requests[0]
    assert base64.b64decode(request.json()["reportBase64"], validate=True) == content
    assert "transfer-encoding" not in request.headers
    Webhook(SECRET).verify(request.body, request.headers)


def test_neither_the_task_nor_the_log_has_its_content(world, partner):
    content = pdf(5000)
    tasks = Topic(world.stack, "integration.dispatch-tasks")
    log = world.deliver(partner.url(), 19, data=report_event(world.lab, report_with(world, content)))
    task, = tasks.until(lambda m: json.loads(m.text("task"))["log_id"] == str(log["_id"]))
    schemas.check("dispatch-task", json.loads(task.text("task")))
    inside = base64.b64encode(content[9:3009]).decode()
    assert inside in partner.requests[0].body.decode()
    assert inside not in task.value.decode() and inside not in str(task.headers)
    place, = json.loads(task.text("task"))["documents"]
    body = task.value.decode()
    whole = body[:place["offset"]] + base64.b64encode(content).decode() + body[place["offset"]:]
    assert whole == partner.requests[0].body.decode()
    assert inside not in str(log)
    shown = log["request_body"]
    assert hashlib.sha256(content).hexdigest() in shown and "5000" in shown and place["name"] in shown
    tasks.close()


def test_several_documents_stand_each_at_its_place(world, partner):
    bill = world.lab.bill(items=3)
    contents = [pdf(4001), pdf(70_000), pdf(12)]
    reports = [world.lab.report(bill, item=i, document=content) for i, content in enumerate(contents)]
    log = world.deliver(partner.url(), 35, data={
        "action_id": 35, "lab_id": world.lab.id, "bill_id": bill.id, "lab_report_ids": reports,
        "activity_date": "2026-11-21T12:00:00Z"})
    assert log["status"] == "SUCCESS", log["error_message"]
    details = partner.requests[0].json()["reportDetails"]
    assert [base64.b64decode(d["reportBase64"]) for d in details] == contents


def test_the_payloads_hash_follows_the_document(world, partner):
    report = report_with(world, b"%PDF one")
    row = world.row(19, partner.url())
    first, again = [world.wait_log(world.publish(report_event(world.lab, report)), row) for _ in range(2)]
    world.lab.document(report, b"%PDF two")
    changed = world.wait_log(world.publish(report_event(world.lab, report)), row)
    assert first["payload_sha256"] == again["payload_sha256"] != changed["payload_sha256"]


def test_put_streams_and_get_has_no_document(world, partner):
    data = report_event(world.lab, report_with(world, pdf(100)))
    put = world.deliver(partner.url(), 19, data=data, request_type=2)
    assert put["status"] == "SUCCESS" and partner.requests[0].method == "PUT"
    assert partner.requests[0].json()["reportBase64"]
    with Partner() as asked:
        got = world.deliver(asked.url(), 19, data=data, request_type=0)
        assert got["status"] == "SUCCESS"
        assert "reportBase64" not in asked.requests[0].query and asked.requests[0].body == b""


def test_a_retry_sends_the_document_of_today(world):
    report = report_with(world, b"%PDF draft")
    with Partner([Reply(code=500), Reply()]) as partner:
        log = world.deliver(partner.url(), 19, data=report_event(world.lab, report))
        assert log["status"] == "FAIL"
        world.lab.document(report, b"%PDF final")
        world.publisher.raw("integration.retries", str(log["_id"]), (
            '{"log_id": "%s", "retry_id": "r1-%s", "lab_id": %d, "kind": "MANUAL", "requested_by": "test"}'
            % (log["_id"], log["_id"], world.lab.id)).encode())
        world.wait_log(log["event_id"], status="SUCCESS")
        sent = [base64.b64decode(r.json()["reportBase64"]) for r in partner.requests]
    assert sent == [b"%PDF draft", b"%PDF final"]


def test_a_document_that_is_gone_is_a_failure_that_says_so(world, partner):
    """Deleted after the task was made: a lane that waits makes the time for it."""
    report = report_with(world, b"%PDF gone soon")
    with Partner([Reply(delay=1.5), Reply()]) as slow:
        row = world.row(19, slow.url(), extra={"max_concurrency": 1})
        other = report_with(world, b"%PDF stays")
        first = world.publish(report_event(world.lab, other))
        world.wait_log(first, row, status={"QUEUED", "SUCCESS"})
        event = world.publish(report_event(world.lab, report))
        world.wait_log(event, row, status={"QUEUED", "SUCCESS", "FAIL"})
        world.stack.sql("DELETE FROM lis.report_document WHERE lab_report_id = %s", [report])
        log = world.wait_log(event, row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "build"), log["error_message"]
    assert "document" in log["error_message"] and log["response_status_code"] is None
    assert len(slow.requests) == 1


def test_another_partner_is_not_delayed_by_one_that_hangs_with_documents(world, partner):
    with Partner(Reply(hang=True)) as hanging:
        stuck = world.row(19, hanging.url(), extra={"timeout_ms": 8000})
        report = report_with(world, pdf(500_000))
        events = [world.publish(report_event(world.lab, report)) for _ in range(6)]
        quick = Lab(world.stack)
        world.lab = quick
        world._auth = None
        log = world.deliver(partner.url(), 19, data=report_event(quick, report_with(world, pdf(1000))))
        assert log["status"] == "SUCCESS"
        assert stuck and len(events) == 6


def test_records_in_one_request_have_their_documents_each(world, partner):
    row = world.row(19, partner.url(), is_batch=True, extra={"webhook_secret": SECRET})
    contents = [pdf(1000), pdf(2001)]
    reports = [report_with(world, content) for content in contents]
    event = world.publish({"action_id": 19, "lab_id": world.lab.id, "activity_date": "2026-11-21T12:00:00Z",
                           "records": [{"lab_report_id": report} for report in reports]})
    world.wait_log(event, row)
    request, = partner.requests
    assert [base64.b64decode(part["reportBase64"]) for part in request.json()] == contents
    Webhook(SECRET).verify(request.body, request.headers)


def test_a_row_that_is_tried_out_sends_the_document_too(world, partner):
    """The dashboard's Send test: no event, no log."""
    dashboard = Dashboard(world.stack)
    content = pdf(2_000_003)
    report = report_with(world, content)
    row = world.row(19, partner.url(), extra={"webhook_secret": SECRET})
    sent = dashboard.post(f"integrations/{row}/test", {"entity_id": report})
    assert sent["ok"], sent
    request, = partner.requests
    assert base64.b64decode(request.json()["reportBase64"]) == content
    Webhook(SECRET).verify(request.body, request.headers)
    assert base64.b64encode(content[9:999]).decode() not in sent["request"]["body"]
    assert world.logs() == []
    world.stack.sql("DELETE FROM lis.report_document WHERE lab_report_id = %s", [report])
    dashboard.post(f"integrations/{row}/test", {"entity_id": report}, code=400)


def test_a_message_over_mllp_has_its_pdf_embedded(world):
    contents = [pdf(10), pdf(2_000_000)]
    with MllpPartner() as peer:
        row = world.row(28, "", extra=peer.details())
        for content in contents:
            log = world.wait_log(world.publish(report_event(world.lab, report_with(world, content), 28)), row)
            assert log["status"] == "SUCCESS", log["error_message"]
            assert len(log["request_body"]) < 10_000 and "sha256" in log["request_body"]
        embedded = [m.body.split(b"^application^pdf^Base64^")[1].split(b"|")[0] for m in peer.messages]
    assert [base64.b64decode(text, validate=True) for text in embedded] == contents
