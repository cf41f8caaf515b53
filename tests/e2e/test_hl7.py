"""HL7 bodies: which rows get them, what makes them, and the ids that they carry."""
import json

import pytest

from fleet.wait import eventually
from partners import Partner, Reply, closed_port

HEX32 = "0123456789abcdefghijklmnopqrstuv"


def control_id(log):
    """The log's id as MSH-10 has it: base32hex of its 12 bytes, by plain arithmetic."""
    bits = f"{int(str(log['_id']), 16):096b}" + "0000"
    return "".join(HEX32[int(bits[i:i + 5], 2)] for i in range(0, 100, 5))


def segments(body):
    assert body.endswith(b"\r") and b"\n" not in body
    return [line.split("|") for line in body.decode().split("\r")[:-1]]


def named(body, name):
    return [fields for fields in segments(body) if fields[0] == name]


@pytest.mark.parametrize("action, payload_type, message", [
    (1, "ORM", "ORM^O01^ORM_O01"), (1, "orm", "ORM^O01^ORM_O01"), (57, "ADT", "ADT^A04^ADT_A01"), (1, "HL7", "ORM^O01^ORM_O01")])
def test_an_http_row_of_an_hl7_type_gets_the_message(world, partner, action, payload_type, message):
    data = {"action_id": 57, "lab_id": world.lab.id, "patient_id": world.lab.patient()} if action == 57 else None
    log = world.deliver(partner.url(), action, data=data, payload_type=payload_type)
    assert (log["status"], log["stage"]) == ("SUCCESS", "LIVEHEALTHAPI")
    request, = partner.requests
    assert request.headers["content-type"].startswith("application/hl7-v2")
    assert request.body.decode() == log["request_body"]
    msh, zid = segments(request.body)[:2]
    assert (msh[2], msh[3], msh[8], msh[9], msh[11]) == ("LISFLEET", str(world.lab.id), message, control_id(log), "2.5.1")
    assert zid == ["ZID", str(world.lab.id), str(log["_id"]), "0", str(action)]


def test_without_an_hl7_type_an_http_row_gets_json(world, partner):
    log = world.deliver(partner.url(), 49, extra={"transport": "http"})
    assert log["status"] == "SUCCESS" and log["stage"] is None
    assert partner.requests[0].json()["webhookId"] == 49


def test_a_name_in_any_script_is_escaped_utf8(world, partner):
    patient = world.lab.patient("Asha|^~\\& देशपांडे\r\x1c", designation="Ms.")
    world.deliver(partner.url(), 57, payload_type="ADT", extra={"hl7": {"version": "2.3"}},
                  data={"action_id": 57, "lab_id": world.lab.id, "patient_id": patient})
    msh, = named(partner.requests[0].body, "MSH")
    pid, = named(partner.requests[0].body, "PID")
    assert (msh[8], msh[11], msh[17]) == ("ADT^A04", "2.3", "UNICODE UTF-8")
    assert pid[5] == "देशपांडे  ^Asha\\F\\\\S\\\\R\\\\E\\\\T\\^^^Ms."


def test_a_retry_is_the_same_message_with_another_attempt(world):
    replies = [Reply(code=500), Reply(code=500), Reply()]
    with Partner(lambda _: replies.pop(0)) as partner:
        bill = world.lab.bill()
        row = world.row(1, partner.url(), payload_type="ORM")
        event = world.bill_event(bill=bill)
        log = world.wait_log(event, row)
        retry(world, log, "same")
        world.stack.sql("UPDATE lis.bill SET order_number = 'ORD-OTHER' WHERE bill_id = %s", [bill.id])
        retry(world, log, "other")
        bodies = [request.body for request in partner.requests]
    assert [named(body, "MSH")[0][9] for body in bodies] == [control_id(log)] * 3
    assert [named(body, "ZID")[0][3] for body in bodies] == ["0", "1", "2"]
    changed = {d["_id"].split("-")[0]: d["payload_changed"] for d in world.stack.mongo.integration_retry_log.find(
        {"integration_directory_id": log["_id"]})}
    assert changed == {"same": False, "other": True}
    assert world.log(log["_id"])["stage"] == "LIVEHEALTHAPI"


def retry(world, log, name):
    retry_id = f"{name}-{log['_id']}"
    world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(
        {"log_id": str(log["_id"]), "retry_id": retry_id, "lab_id": world.lab.id, "kind": "MANUAL",
         "requested_by": "test"}))
    eventually(lambda: (world.stack.mongo.integration_retry_log.find_one({"_id": retry_id}) or {}).get("status")
               not in (None, "QUEUED"), 30, what=f"retry {name}")


TEMPLATE = ("MSH|^~\\&|US|WE|THEM|THERE|20260101||ADT^A08|X|P|2.3\n"
            "PID|1||{{patient.patient_id}}||{{patient.full_name}}\nZZZ|$LABID|$LOGID\n")


def test_a_template_is_a_message_with_our_ids(world, partner):
    patient = world.lab.patient("A|B $LOGID")
    log = world.deliver(partner.url(), 58, payload_type="ADT", template_text=TEMPLATE,
                        data={"action_id": 58, "lab_id": world.lab.id, "patient_id": patient})
    lab, log_id = str(world.lab.id), str(log["_id"])
    assert segments(partner.requests[0].body) == [
        f"MSH|^~\\&|US|{lab}|THEM|THERE|20260101||ADT^A08|{control_id(log)}|P|2.3".split("|"),
        ["ZID", lab, log_id, "0", "58"], ["PID", "1", "", str(patient), "", "A\\F\\B $LOGID"], ["ZZZ", lab, log_id]]


def test_a_template_may_keep_its_own_ids(world, partner):
    world.deliver(partner.url(), 1, payload_type="ORM", template_text=TEMPLATE, extra={"hl7": {"id_injection": ["none"]}})
    assert [fields[0] for fields in segments(partner.requests[0].body)] == ["MSH", "PID", "ZZZ"]
    assert named(partner.requests[0].body, "MSH")[0][9] == "X"


@pytest.mark.parametrize("action, extra, columns, words", [
    (62, {"host": "127.0.0.1"}, {}, "no HL7 message of Create/Update/Delete Invoice"),
    (57, {"host": "127.0.0.1"}, {"payload_type": "ORU"}, "payload_type ORU"),
    (57, {"host": "127.0.0.1"}, {"template_text": "hello"}, "template_text must begin with an MSH segment"),
    (57, {"host": "127.0.0.1", "hl7": {"version": "2.9"}}, {}, "integration_extra_details.hl7.version"),
    (57, None, {"payload_type": "ADT", "request_type": 0}, "request_type"),
], ids=["no message", "another action's", "no MSH", "unknown version", "GET"])
def test_what_cannot_be_hl7_is_a_failure_of_configuration(world, partner, action, extra, columns, words):
    extra = extra and {**extra, "port": closed_port()}
    row = world.row(action, "" if extra else partner.url(), extra=extra, **columns)
    data = {"action_id": 57, "lab_id": world.lab.id, "patient_id": world.lab.patient()}
    if action == 62:
        data = {"action_id": 62, "lab_id": world.lab.id, "invoice_id": invoice(world), "operation": "create"}
    log = world.wait_log(world.publish(data), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "config")
    assert words in log["error_message"]
    assert not partner.requests


def invoice(world):
    org = world.lab.org()
    return world.stack.sql(
        "INSERT INTO lis.invoice (invoice_id, lab_id, org_id, invoice_no, issue_date, status, subtotal, total, balance)"
        " VALUES (nextval('lis.entity_id'), %s, %s, 'I-1', '2026-11-01', 'ISSUED', 1, 1, 1) RETURNING invoice_id",
        [world.lab.id, org])[0][0]
