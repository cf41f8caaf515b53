"""What the first build kept is enough: every action is built again from its retry_context alone."""
import json

import pytest

from fleet.happenings import HAPPENINGS
from fleet.wait import eventually
from partners import Partner, Reply

# ids and primitives, those that the action needs (the event's other ids may be there too)
NEEDED = {5: {"payment_id"}, 17: {"payment_id"}, 18: {"bill_item_ids"}, 2: {"updated_fields"}, 52: {"organisation_id"},
          35: {"bill_id", "lab_report_ids"}, 56: {"lab_report_ids", "to"}, 62: {"invoice_id", "operation"},
          60: {"claim_id"}, 61: {"remittance_id"}, 58: {"patient_id", "updated_fields"}, 37: {"home_collection_id", "operation"},
          32: {"appointment_id", "operation"}, 9: {"sample_id", "operation"}, 19: {"lab_report_id"}}


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda h: h.name)
def test_a_retry_rebuilds_the_same_from_the_ids_it_kept(world, happening):
    with Partner([Reply(code=500), Reply()]) as partner:
        log = world.deliver(partner.url(), happening.action, data=happening.event(world.lab),
                            extra={"transport": "http"})
        assert log["status"] == "FAIL" and log["error_kind"] == "http_status", log["error_message"]
        context = log["retry_context"]
        assert {"action_id", "lab_id"} | NEEDED.get(happening.action, set()) <= set(context)
        for key, value in context.items():  # primitives: no entity travels
            assert not isinstance(value, dict), key
        log_id = str(log["_id"])
        world.publisher.raw("integration.retries", log_id, json.dumps(
            {"log_id": log_id, "retry_id": f"r-{log_id}", "lab_id": world.lab.id, "kind": "MANUAL", "requested_by": "t"}))
        eventually(lambda: world.log(log_id)["status"] == "SUCCESS", 20, what=lambda: world.log(log_id)["error_message"])
        first, second = partner.requests
    assert (first.method, first.body) == (second.method, second.body)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == log_id
    document = world.stack.mongo.integration_retry_log.find_one({"_id": f"r-{log_id}"})
    assert document["payload_changed"] is False
    assert world.log(log_id)["triggered_by_py3"] == (happening.action in (60, 61))


@pytest.mark.parametrize("name, table, key, columns", [
    ("6", "sample", "sample_id", {"accession_no": "A-NEW"}), ("15", "report", "lab_report_id", {"is_amended": True}),
    ("32-booked", "appointment", "appointment_id", {"comments": "moved"}), ("60", "claim", "claim_id", {"clia_number": "05D1"}),
    ("62-update", "invoice", "invoice_id", {"notes": "corrected"}), ("52", "organisation", "org_id", {"city": "Nashik"}),
    ("43", "home_collection", "home_collection_id", {"landmark": "Temple"}),
])
def test_what_was_corrected_meanwhile_is_what_the_retry_sends(world, name, table, key, columns):
    happening = next(h for h in HAPPENINGS if h.name == name)
    data = happening.event(world.lab)
    with Partner([Reply(code=500), Reply()]) as partner:
        log = world.deliver(partner.url(), happening.action, data=data)
        world.lab.set(table, key, data[key], **columns)
        log_id = str(log["_id"])
        world.publisher.raw("integration.retries", log_id, json.dumps(
            {"log_id": log_id, "retry_id": f"r-{log_id}", "lab_id": world.lab.id, "kind": "MANUAL", "requested_by": "t"}))
        eventually(lambda: world.log(log_id)["status"] == "SUCCESS", 20, what="the retry is delivered")
        assert partner.requests[0].body != partner.requests[1].body
    assert world.stack.mongo.integration_retry_log.find_one({"_id": f"r-{log_id}"})["payload_changed"] is True


@pytest.mark.parametrize("name, table, key, first, then, status", [
    # announced in one state, now in one before it: it was reverted, without a trace
    ("30", "sample", "sample_id", {}, {"status": "PENDING", "collected_at": None}, "SUPERSEDED"),
    ("6", "sample", "sample_id", {}, {"status": "COLLECTED", "received_at": None}, "SUPERSEDED"),
    ("15", "report", "lab_report_id", {}, {"status": "PENDING"}, "SUPERSEDED"),
    ("32-checked_in", "appointment", "appointment_id", {}, {"status": "CONFIRMED"}, "SUPERSEDED"),
    ("32-dismissed", "appointment", "appointment_id", {}, {"status": "CONFIRMED"}, "SUPERSEDED"),
    ("62-delete", "invoice", "invoice_id", {}, {"status": "ISSUED", "deleted_at": None}, "SUPERSEDED"),
    # as it was when it was announced, or the LIS has caught up
    ("30", "sample", "sample_id", {"status": "PENDING", "collected_at": None}, {}, "SUCCESS"),
    ("60", "claim", "claim_id", {"status": "DRAFT", "submitted_at": None}, {"status": "PAID"}, "SUCCESS"),
    ("30", "sample", "sample_id", {"status": "PENDING", "collected_at": None},
     {"uncollected_at": "2026-11-22T10:00:00Z"}, "SUPERSEDED"),
])
def test_a_retry_knows_the_state_in_which_the_fact_was_announced(world, name, table, key, first, then, status):
    happening = next(h for h in HAPPENINGS if h.name == name)
    data = happening.event(world.lab)
    with Partner([Reply(code=500), Reply()]) as partner:
        if first:
            world.lab.set(table, key, data[key], **first)
        log = world.deliver(partner.url(), happening.action, data=data, extra={"transport": "http"})
        assert log["error_kind"] == "http_status", log["error_message"]
        if then:
            world.lab.set(table, key, data[key], **then)
        log_id = str(log["_id"])
        world.publisher.raw("integration.retries", log_id, json.dumps(
            {"log_id": log_id, "retry_id": f"r-{log_id}", "lab_id": world.lab.id, "kind": "MANUAL", "requested_by": "t"}))
        eventually(lambda: world.log(log_id)["status"] == status, 20, what=lambda: world.log(log_id)["error_message"])
        assert len(partner.requests) == (2 if status == "SUCCESS" else 1)


def test_last_changed_is_no_change(world):
    """`lastUpdated` travels, and payload_sha256 does not see it."""
    happening = next(h for h in HAPPENINGS if h.name == "15")
    data = happening.event(world.lab)
    with Partner() as partner:
        row = world.row(15, partner.url())
        first = world.wait_log(world.publish(data), row)
        world.lab.set("report", "lab_report_id", data["lab_report_id"], updated_at="2026-11-22T10:00:00Z")
        second = world.wait_log(world.publish(data), row)
        assert partner.requests[1].json()["lastUpdated"] == "2026-11-22T10:00:00Z"
    assert first["payload_sha256"] == second["payload_sha256"]
