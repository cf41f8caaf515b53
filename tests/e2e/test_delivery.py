"""An event reaches its partner, and the log says so."""
import base64
import hashlib
import json
from datetime import datetime, timezone

import pytest
from bson import Int64, ObjectId
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from fleet import schemas
from fleet.events import bill_event
from fleet.topics import Topic
from partners import Partner, Reply

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_an_event_of_either_cloudevents_mode_is_delivered(world, partner, mode):
    row = world.row(1, partner.url())
    bill = world.lab.bill()
    event = world.publish(bill_event(world.lab, bill), mode=mode)
    log = world.wait_log(event, row)
    assert log["status"] == "SUCCESS"
    assert len(partner.requests) == 1
    request = partner.requests[0]
    assert request.method == "POST" and request.path == "/hook"
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["webhook-id"] == str(log["_id"])
    assert request.headers["user-agent"]
    assert request.json()["bill_id"] == bill.id


def test_the_queued_log_is_there_before_the_request_arrives(world):
    seen = []

    def look_up(request):
        seen.append(world.log(request.headers["webhook-id"]))
        return Reply()
    with Partner(look_up) as partner:
        log = world.deliver(partner.url())
    assert log["status"] == "SUCCESS"
    assert seen[0] is not None and seen[0]["status"] == "QUEUED"
    assert seen[0]["response_status_code"] is None


def test_a_finished_log_is_complete_and_typed_as_the_contract_says(world, partner):
    partner.script = Reply(body=b'{"accepted": 1}', headers={"content-type": "application/json", "x-partner": "p1"})
    org = world.lab.org()
    bill = world.lab.bill(org_id=org)
    row = world.row(1, partner.url())
    data = bill_event(world.lab, bill, org_id=org)
    event = world.publish(data, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    before = datetime.now(timezone.utc)
    log = world.wait_log(event, row)

    assert isinstance(log["_id"], ObjectId)
    texts = {"integration_type": "WEBHOOK", "operation": "Bill Generation", "action_category": "Billing",
             "transport": "http", "developer_name": "Acme Health", "status": "SUCCESS",
             "end_point": partner.url(), "response_body": '{"accepted": 1}', "event_id": event}
    assert {key: log[key] for key in texts} == texts
    ids = {"action_category_list_id": 1, "lab_integration_id": row, "auth_id": world.auth,
           "lab_id": world.lab.id, "org_id": org, "bill_id": bill.id, "patient_id": bill.patient_id}
    for key, value in ids.items():
        assert log[key] == value and isinstance(log[key], Int64), key
    nulls = ["vendor", "lrr_id", "report_id", "error_message", "error_kind", "fusion_log", "stage",
             "next_auto_retry_at"]
    for key in nulls:
        assert key in log and log[key] is None, key
    assert log["request_type"] == 1 and not isinstance(log["request_type"], (bool, float))
    assert isinstance(log["request_headers"], dict) and isinstance(log["response_headers"], dict)
    assert log["response_headers"].get("x-partner") == "p1"
    assert log["request_body"] == partner.requests[0].body.decode()
    assert log["response_status_code"] == 200
    assert isinstance(log["response_time"], float) and 0 <= log["response_time"] < 20000
    assert not log["sent_to_mirth"]
    assert log["retry_count"] == 0 and log["auto_retry_count"] == 0
    assert isinstance(log["retry_context"], dict)
    assert log["retry_context"]["action_id"] == 1 and log["retry_context"]["bill_id"] == bill.id
    assert log["retry_context"]["lab_id"] == world.lab.id
    assert len(log["payload_sha256"]) == 64
    assert log["triggered_by_py3"] is False
    assert log["traceparent"].split("-")[1] == TRACE
    assert log["activity_date"] == datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
    for key in ("inserted_at", "updated_at"):
        assert abs((log[key] - before).total_seconds()) < 60, key
    assert log["updated_at"] >= log["inserted_at"]
    assert "request_body_truncated" not in log
    assert "integration_payload" not in partner.requests[0].body.decode()


def bill_with_everything(world, items=2):
    org = world.lab.org()
    return world.lab.bill(org_id=org, items=items)


def event_of(world, action):
    """A fitting event of each action that works on bills and patients."""
    lab = world.lab
    if action in (57, 58):
        more = {"updated_fields": ["mobile"]} if action == 58 else {}
        return {"action_id": action, "lab_id": lab.id, "patient_id": lab.patient(), **more}
    bill = bill_with_everything(world)
    more = {}
    if action == 2:
        more = {"updated_fields": ["comments"]}
    elif action == 3:
        lab.cancel(bill.id)
    elif action == 5:
        more = {"payment_id": lab.payment(bill.id, "REFUND")}
    elif action == 17:
        more = {"payment_id": lab.payment(bill.id, "SETTLEMENT")}
    elif action == 18:
        more = {"bill_item_ids": bill.item_ids[-1:]}
    return bill_event(lab, bill, action, **more)


@pytest.mark.parametrize("action", [1, 2, 3, 4, 5, 17, 18, 57, 58])
def test_the_body_has_the_keys_that_partners_know(world, partner, action):
    log = world.deliver(partner.url(), action, data=event_of(world, action))
    assert log["status"] == "SUCCESS", log["error_message"]
    body = partner.requests[0].json()
    assert list(body)[:2] == ["webhookId", "labId"]
    schemas.check(f"payloads/{action}", body)


def test_add_test_sends_the_added_tests_only(world, partner):
    bill = bill_with_everything(world, items=3)
    added = bill.item_ids[2:]
    world.deliver(partner.url(), 18, data=bill_event(world.lab, bill, 18, bill_item_ids=added))
    assert len(partner.requests[0].json()["addedTests"]) == 1


def test_names_in_any_script_arrive_unharmed(world, partner):
    patient = world.lab.patient("अनीता देशपांडे", designation="श्रीमती")
    world.deliver(partner.url(), 57, data={"action_id": 57, "lab_id": world.lab.id, "patient_id": patient})
    assert partner.requests[0].json()["fullName"] == "अनीता देशपांडे"


@pytest.mark.parametrize("request_type, method", [(1, "POST"), (2, "PUT"), (3, "DELETE")])
def test_the_row_chooses_the_method(world, partner, request_type, method):
    log = world.deliver(partner.url(), request_type=request_type)
    assert log["request_type"] == request_type
    assert partner.requests[0].method == method
    assert partner.requests[0].json()["webhookId"] == 1


def test_get_puts_scalars_and_nested_json_into_the_query(world, partner):
    log = world.deliver(partner.url("/hook?fixed=1"), request_type=0)
    request = partner.requests[0]
    assert log["status"] == "SUCCESS" and log["request_type"] == 0
    assert request.method == "GET" and request.body == b""
    assert request.path == "/hook" and request.query["fixed"] == "1"
    assert request.query["webhookId"] == "1"
    assert json.loads(request.query["labId"])["labId"] == world.lab.id
    assert isinstance(json.loads(request.query["labReportDetails"]), list)


def test_the_rows_headers_are_sent(world, partner):
    world.deliver(partner.url(), headers={"X-Tenant": "t-1", "X-Webhook-Token": "tok-en"})
    assert partner.requests[0].headers["x-tenant"] == "t-1"
    assert partner.requests[0].headers["x-webhook-token"] == "tok-en"


@pytest.mark.parametrize("extra, name, value", [
    ({"x-api-key": "key-1234567"}, "x-api-key", "key-1234567"),
    ({"auth": {"type": "basic", "username": "u", "password": "p:w"}}, "authorization",
     "Basic " + base64.b64encode(b"u:p:w").decode()),
    ({"auth": {"type": "bearer", "token": "tok-1234567"}}, "authorization", "Bearer tok-1234567"),
], ids=["x-api-key", "basic", "bearer"])
def test_the_partners_credentials_are_sent_and_masked_in_the_log(world, partner, extra, name, value):
    log = world.deliver(partner.url(), extra=extra)
    assert partner.requests[0].headers[name] == value
    shown = {key.lower(): text for key, text in log["request_headers"].items()}
    secret = value.split(" ")[-1]
    assert name in shown and secret not in str(log)


def test_standard_webhooks_signature_verifies_with_the_reference_library(world, partner):
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    log = world.deliver(partner.url(), extra={"webhook_secret": secret})
    request = partner.requests[0]
    Webhook(secret).verify(request.body, request.headers)
    assert request.headers["webhook-id"] == str(log["_id"])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body + b" ", request.headers)
    assert secret not in str(log)


def test_while_one_secret_replaces_another_both_verify(world, partner):
    secrets = ["whsec_" + base64.b64encode(text * 8).decode() for text in (b"new!", b"old!")]
    world.deliver(partner.url(), extra={"webhook_secret": " ".join(secrets)})
    request = partner.requests[0]
    for secret in secrets:
        Webhook(secret).verify(request.body, request.headers)
    other = "whsec_" + base64.b64encode(b"gone" * 8).decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(request.body, request.headers)


def test_without_a_secret_nothing_is_signed(world, partner):
    world.deliver(partner.url())
    assert "webhook-signature" not in partner.requests[0].headers
    assert partner.requests[0].headers["webhook-timestamp"].isdigit()


def test_the_trace_id_is_kept_to_the_partner(world, partner):
    row = world.row(1, partner.url())
    event = world.publish(bill_event(world.lab, world.lab.bill()), mode="binary",
                          traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    world.wait_log(event, row)
    version, trace, span, _ = partner.requests[0].headers["traceparent"].split("-")
    assert (version, trace) == ("00", TRACE)
    assert len(span) == 16 and span != "0" * 16


def test_a_malformed_traceparent_starts_a_new_trace(world, partner):
    row = world.row(1, partner.url())
    event = world.publish(bill_event(world.lab, world.lab.bill()), traceparent="00-" + "0" * 32 + "-b7ad6b7169203331-01")
    world.wait_log(event, row)
    trace = partner.requests[0].headers["traceparent"].split("-")[1]
    assert len(trace) == 32 and trace != "0" * 32


def test_connections_are_kept_alive(world, partner):
    row = world.row(1, partner.url(), extra={"max_concurrency": 1})
    bill = world.lab.bill()
    for event in [world.publish(bill_event(world.lab, bill)) for _ in range(10)]:
        world.wait_log(event, row)
    assert len(partner.requests) == 10 and partner.connections <= 2


def test_a_gzip_answer_is_read(world):
    with Partner(Reply(gzip=True, body=b'{"message": "packed"}')) as partner:
        log = world.deliver(partner.url())
    assert log["status"] == "SUCCESS" and log["response_body"] == '{"message": "packed"}'


def test_a_partner_over_tls_is_verified_against_the_rows_ca(world):
    with Partner(tls=True) as partner:
        log = world.deliver(partner.url(), extra={"tls": {"ca": partner.ca}})
        assert log["status"] == "SUCCESS", log["error_message"]


def test_fan_out_makes_one_log_and_one_request_for_each_row(world):
    with Partner() as first, Partner(Reply(code=500)) as second:
        rows = [world.row(1, first.url("/a")), world.row(1, first.url("/b")), world.row(1, second.url())]
        event = world.bill_event()
        logs = [world.wait_log(event, row) for row in rows]
        assert [log["status"] for log in logs] == ["SUCCESS", "SUCCESS", "FAIL"]
        assert sorted(r.path for r in first.requests) == ["/a", "/b"]
        assert len(second.requests) == 1
        assert len({log["_id"] for log in logs}) == 3


def test_payload_hash_ignores_what_is_volatile(world, partner):
    row = world.row(1, partner.url())
    bill = world.lab.bill()
    logs = [world.wait_log(world.publish(bill_event(world.lab, bill)), row) for _ in range(2)]
    assert logs[0]["payload_sha256"] == logs[1]["payload_sha256"]
    world.stack.sql("UPDATE lis.bill SET comments = 'changed', updated_at = now() WHERE bill_id = %s", [bill.id])
    changed = world.wait_log(world.publish(bill_event(world.lab, bill)), row)
    assert changed["payload_sha256"] != logs[0]["payload_sha256"]


def test_template_text_renders_the_body_instead(world, partner):
    log = world.deliver(partner.url(), template_text=(
        '{"who": "{{patient.full_name}}", "bill": {{bill.bill_id}}, "partners know": {{webhookId}} }'))
    assert log["status"] == "SUCCESS"
    body = partner.requests[0].json()
    assert (body["who"], body["partners know"]) == ("Asha Rao", 1)


def test_the_body_is_sent_as_logged_in_full(world, partner):
    bill = world.lab.bill(items=40)
    log = world.deliver(partner.url(), data=bill_event(world.lab, bill))
    assert hashlib.sha256(log["request_body"].encode()).digest() == hashlib.sha256(partner.requests[0].body).digest()
    assert len(partner.requests[0].json()["labReportDetails"]) == 40


def test_status_updates_announce_queued_and_the_outcome(world, partner):
    updates = Topic(world.stack, "integration.status-updates")
    log = world.deliver(partner.url())
    mine = updates.until(lambda m: m.json()["log_id"] == str(log["_id"]), count=2)
    assert [m.json()["status"] for m in mine] == ["QUEUED", "SUCCESS"]
    for message in mine:
        assert message.key == str(world.lab.id).encode()
        schemas.check("status-update", message.json())
    updates.close()
