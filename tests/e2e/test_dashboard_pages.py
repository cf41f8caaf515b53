"""What the other pages of the dashboard ask: failed tasks, rates, traces, reveals, notes, the audit."""
import json
import uuid

import pytest

from fleet import rows
from fleet.dashboard import Dashboard, Session
from fleet.stack import dev, http
from fleet.wait import eventually
from partners import Partner, Reply


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


@pytest.fixture(scope="module")
def operator(stack):
    login = f"operator-{uuid.uuid4().hex[:12]}"
    password = dev("run", "integration-admin", "user", "add", "--role", "operator", login).stdout.split()[2]
    return Session(stack, login, password)


def failed_of(dashboard, **parameters):
    return {item["id"]: item for item in dashboard.pages("failed-tasks", **parameters)}


def test_a_failed_task_is_read_and_sent_again(world, stack, dashboard, partner):
    marker = uuid.uuid4().hex
    retry = {"log_id": "0123456789abcdef01234567", "retry_id": marker, "lab_id": world.lab.id, "kind": "MANUAL", "requested_by": "test"}
    world.publisher.raw("integration.retries", retry["log_id"], json.dumps(retry))

    def mine():
        return [item for item in dashboard.get("failed-tasks", limit=100)["items"] if marker in (item["value"] or "")]
    task = eventually(mine, 30, what="the refused request")[0]
    assert task["source_topic"].endswith("integration.retries") and task["reason"] and task["exception"]
    assert task["lab_id"] == world.lab.id and task["masked"] == []
    assert task["id"] in {item["id"] for item in dashboard.get("failed-tasks", limit=1, reason=task["reason"])["items"]} | set(failed_of(dashboard, limit=7))

    sent = dashboard.post(f"failed-tasks/{task['id']}/requeue", code=202)
    assert sent == {"id": task["id"], "topic": "integration.retries"}
    eventually(lambda: len(mine()) == 2, 30, what="refused once more")
    dashboard.post("failed-tasks/0-999999999/requeue", code=404)
    dashboard.post("failed-tasks/nonsense/requeue", code=404)


def test_the_bytes_of_a_failed_task_are_shown_for_a_reason(world, dashboard, operator):
    marker = uuid.uuid4().hex
    world.publisher.raw("lis.events", str(world.lab.id), f'{{"name": "{marker}"')

    def mine(who):
        return [item for item in who.get("failed-tasks", limit=100)["items"] if item["lab_id"] == world.lab.id]
    task = eventually(lambda: mine(operator), 30, what="the undecodable event")[0]
    assert marker not in json.dumps(task) and task["masked"] == ["value"] and marker in mine(dashboard)[0]["value"]
    path = f"failed-tasks/{task['id']}"
    for wrong in ({}, {"reason": ""}, {"reason": "no"}, {"reason": 17}):
        operator.post(path + "/reveal", wrong, code=400)
    shown = operator.post(path + "/reveal", {"reason": "support call"})
    assert shown["task"] == {**task, "value": f'{{"name": "{marker}"', "masked": []} and shown["revealed_until"] > task["at"]
    operator.post(path + "/requeue", {"reason": "no"}, code=400)
    operator.post(path + "/requeue", {"reason": "it was mended"}, code=202)
    noted = dashboard.get("audit", object="failed-task", object_id=task["id"])["items"]
    assert [(n["action"], n["actor"], n["lab_id"], n["detail"]["reason"]) for n in noted] == [
        ("requeue", operator.me["login"], world.lab.id, "it was mended"), ("reveal", operator.me["login"], world.lab.id, "support call")]


def test_rates_and_groups(world, dashboard):
    with Partner([Reply(code=500, body=b'{"error": "order 17 not found"}'), Reply(code=500, body=b'{"error": "order 18 not found"}'), Reply()]) as partner:
        row = world.row(1, partner.url())
        for _ in range(3):
            world.wait_log(world.bill_event())
    stats = dashboard.get("stats", lab_id=world.lab.id)
    assert stats["totals"] == {"total": 3, "success": 1, "fail": 2, "queued": 0, "superseded": 0}
    assert [(i["lab_integration_id"], i["total"], i["success"], i["fail"]) for i in stats["integrations"]] == [(row, 3, 1, 2)]
    integration = stats["integrations"][0]
    assert integration["p95_ms"] > 0 and sum(hour["total"] for hour in integration["hours"]) == 3
    assert {c["group"] for c in stats["health"]["consumers"]} == {"trigger", "trigger-retries", "dispatcher", "callback", "callback-calls"}
    assert stats["health"]["stores"] == {"postgres": True, "mongodb": True, "kafka": True}
    groups = dashboard.get("logs/groups", **{"lab_id": world.lab.id, "from": "-24h"})["items"]
    assert [(len(g["over_time"]), sum(g["over_time"]), g["over_time"][-1]) for g in groups] == [(24, 2, 2)]
    assert [(g["error"], g["error_kind"], g["count"]) for g in groups] == [("order # not found", "http_status", 2)]


def test_the_trace_of_a_bill(world, stack, dashboard, partner):
    bill = world.lab.bill()
    world.row(1, partner.url())
    event = world.bill_event(bill=bill)
    log = world.wait_log(event)
    note = {"lab_id": world.lab.id, "bill_id": log["bill_id"], "note": "called the partner"}
    assert http("POST", stack.env["CALLBACK_URL"] + "/integration-status-callback", note, {"x-internal-token": stack.token}).code == 200
    for kind, number in (("bill", log["bill_id"]), ("order", stack.sql("SELECT order_number FROM lis.bill WHERE bill_id = %s", [log["bill_id"]])[0][0] or log["bill_id"])):
        trace = dashboard.get(f"trace/{kind}/{number}", lab_id=world.lab.id)
        assert [item["kind"] for item in trace["items"]] == ["log", "activity"]
        assert trace["items"][0]["log"]["log_id"] == str(log["_id"])
    patient = dashboard.get(f"trace/patient/{log['patient_id']}", lab_id=world.lab.id)
    assert [item["log"]["log_id"] for item in patient["items"]] == [str(log["_id"])]
    notes = dashboard.get("activity", lab_id=world.lab.id)["items"]
    assert [(n["note"], n["bill_id"]) for n in notes] == [("called the partner", log["bill_id"])]
    dashboard.get("trace/nothing/1", code=404)


def test_a_reveal_needs_a_reason_and_leaves_a_trace(world, stack, dashboard, operator, partner):
    log = world.deliver(partner.url())
    path = f"logs/{log['_id']}"
    assert "Asha Rao" in log["request_body"] and "Asha" not in operator.get(path)["request_body"]
    for wrong in ({"parts": ["request"]}, {"parts": [], "reason": "support call"}, {"parts": ["everything"], "reason": "support call"}):
        operator.post(path + "/reveal", wrong, code=400)
    shown = operator.post(path + "/reveal", {"parts": ["request", "context"], "reason": "support call"})
    assert shown["log"]["request_body"] == log["request_body"] and shown["log"]["patient_id"] == log["patient_id"]
    assert "response_body" not in shown["log"] and shown["retries"] == []
    entry = dashboard.get("audit", action="reveal", object_id=str(log["_id"]))["items"][0]
    assert (entry["actor"], entry["lab_id"], entry["detail"]["reason"]) == (operator.me["login"], world.lab.id, "support call")
    operator.get("audit", code=403)


def test_a_lane_is_held_and_let_go(world, stack, dashboard, partner):
    lane = world.auth
    world.row(1, partner.url())
    dashboard.post(f"lanes/{lane}/pause", {"reason": ""}, code=400)
    dashboard.post("lanes/no-such-lane/pause", {"reason": "maintenance"}, code=404)
    assert dashboard.post(f"lanes/{lane}/pause")["paused"], "a reason is welcome, not needed"
    held = dashboard.post(f"lanes/{lane}/pause", {"reason": "maintenance"})
    assert held["paused"] and held["lab_ids"] == [world.lab.id] and held["actor"] == "admin-token"
    assert lane in {int(item["id"]) for item in dashboard.get("lanes")["items"] if item["id"].isdigit()}

    # another partner gets the same event meanwhile
    with Partner() as other:
        world.row(1, other.url(), auth=rows.add_auth(stack, world.lab))
        event = world.bill_event()
        eventually(lambda: other.requests, 20, what="the other partner's request")
    assert partner.requests == [] and {log["status"] for log in world.logs(event_id=event, auth_id=lane)} == {"QUEUED"}
    assert dashboard.post(f"lanes/{lane}/resume")["paused"] is False
    eventually(lambda: partner.requests, 20, what="delivered after the pause")


def test_many_are_retried_after_a_preview(world, dashboard):
    with Partner([Reply(code=500)] * 3 + [Reply()]) as partner:
        world.row(1, partner.url())
        logs = [world.wait_log(world.bill_event()) for _ in range(3)]
        preview = dashboard.post("logs/retry", {"filter": {"tab": "errors", "lab_id": world.lab.id}, "dry_run": True})
        beside = dashboard.post("logs/retry", {"tab": "errors", "lab_id": world.lab.id, "dry_run": True})
        assert beside["matched"] == preview["matched"]
        assert (preview["matched"], preview["eligible"]) == (3, 3) and preview["preview_id"]
        run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "partner is back", "rate": 100}, code=202)
        assert run["total"] == 3 and isinstance(run["id"], str)
        again = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "partner is back"}, code=202)
        assert again["id"] == run["id"]
        eventually(lambda: dashboard.get(f"retry-runs/{run['id']}")["counts"].get("success") == 3, 60,
                   what=lambda: str(dashboard.get(f"retry-runs/{run['id']}")))
        items = list(dashboard.pages(f"retry-runs/{run['id']}/items", limit=2))
        assert {item["log_id"] for item in items} == {str(log["_id"]) for log in logs}
        assert run["id"] in {r["id"] for r in dashboard.get("retry-runs", lab_id=world.lab.id)["items"]}
    dashboard.post(f"retry-runs/{run['id']}/pause", code=409)
    dashboard.get("retry-runs/999999999", code=404)
    dashboard.post("retry-runs", {"preview_id": "nothing", "reason": "none such"}, code=404)
    for wrong in ({}, {"ids": []}, {"ids": ["x"]}, {"filter": {"tab": "x"}}, {"filter": {"lab": 1}}, {"filter": {"lab_id": {}}}):
        dashboard.post("logs/retry", {**wrong, "dry_run": True}, code=400)


def test_a_row_is_tried_out(world, stack, dashboard, partner):
    saved = dashboard.post("integrations", {"lab_id": world.lab.id, "url": partner.url(), "action_category_list_id": 1,
                                            "template_text": '{"bill": {{bill.bill_id}}}'})
    row, bill = saved["integrations"][0], world.lab.bill()
    bill_id = bill if isinstance(bill, int) else bill["bill_id"] if isinstance(bill, dict) else bill.id
    shown = dashboard.post("templates/preview", {"lab_id": world.lab.id, "action_id": 1, "entity_id": bill_id, "template_text": row["template_text"]})
    assert json.loads(shown["body"]) == {"bill": bill_id} and shown["errors"] == []
    broken = dashboard.post("templates/preview", {"lab_id": world.lab.id, "action_id": 1, "entity_id": bill_id, "template_text": "a\n{{#b}}"})
    assert broken["errors"][0]["line"] == 2 and broken["body"] is None
    sent = dashboard.post(f"integrations/{row['id']}/test", {"entity_id": bill_id})
    assert sent["ok"] and sent["response"]["status_code"] == 200 and json.loads(sent["request"]["body"]) == {"bill": bill_id}
    assert [json.loads(r.body) for r in partner.requests] == [{"bill": bill_id}]
    assert dashboard.get("logs", lab_id=world.lab.id)["items"] == []
    dashboard.post(f"integrations/{row['id']}/test", {"entity_id": 1}, code=400)
