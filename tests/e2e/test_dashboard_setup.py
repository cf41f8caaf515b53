"""Manage integrations: find a lab, see its partners, add and change what they get."""
import uuid

import pytest

from fleet.dashboard import Dashboard
from fleet.lis import Lab


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


def body(world, partner, **more):
    return {"lab_id": world.lab.id, "developer_name": "Acme Health", "url": partner.url(), "action_category_list_id": 1, **more}


def test_a_lab_is_found_by_id_and_name(stack, dashboard, world):
    mine = {"lab_id": world.lab.id, "lab_name": stack.sql("SELECT lab_name FROM lis.lab WHERE lab_id = %s", [world.lab.id])[0][0]}
    assert dashboard.get("labs", query=world.lab.id)["items"] == [mine]
    assert mine in dashboard.get("labs", query=mine["lab_name"].lower(), limit=500)["items"]
    assert dashboard.get("labs", query="no lab is called so")["items"] == []


def test_the_inventory(dashboard):
    items = dashboard.get("action-categories")["items"]
    actions = {a["id"]: (c["name"], a["name"]) for c in items for a in c["actions"]}
    assert len(actions) == 31 and actions[1] == ("Billing", "Bill Generation") and actions[30] == ("Sample Lifecycle", "Sample Collect")


def test_a_new_partner_gets_the_next_event(world, dashboard, partner):
    saved = dashboard.post("integrations", body(world, partner, action_category_list_id=[1, 2], headers={"x-tenant": "17"}))
    assert saved["created"] and len(saved["auth_key"]) == 32
    assert [(r["action_category_list_id"], r["operation"], r["version"]) for r in saved["integrations"]] == [
        (1, "Bill Generation", 1), (2, "Bill Update", 1)]
    log = world.wait_log(world.bill_event())
    assert log["status"] == "SUCCESS" and log["lab_integration_id"] == saved["integrations"][0]["id"]

    found = dashboard.get(f"labs/{world.lab.id}/developer-authentications")["items"]
    assert [(a["id"], a["developer_name"], a["auth_key_hint"], a["n_integrations"]) for a in found] == [
        (saved["auth_id"], "Acme Health", saved["auth_key"][-4:], 2)]
    assert saved["auth_key"] not in str(found)
    rows = dashboard.get(f"developer-authentications/{saved['auth_id']}/integrations")["items"]
    assert rows == saved["integrations"] and rows[0]["config_error"] is None and rows[0]["transport"] == "http"


def test_a_change_by_auth_key_keeps_what_is_left_out(world, dashboard, partner):
    first = dashboard.post("integrations", body(world, partner, payload_type="JSON", is_auto_retry=True))
    again = dashboard.post("integrations", {"lab_id": world.lab.id, "auth_key": first["auth_key"], "action_category_list_id": 1,
                                            "is_disable": True, "developer_name": "Acme Group"})
    assert not again["created"] and again["auth_id"] == first["auth_id"]
    row = again["integrations"][0]
    assert row == {**first["integrations"][0], "is_disable": True, "version": 2, "updated_at": row["updated_at"]}
    history = dashboard.get(f"integrations/{row['id']}/history")["items"]
    assert [(h["action"], h["version"], h["actor"]) for h in history] == [("update", 2, "admin-token"), ("create", 1, "admin-token")]
    assert history[0]["before"]["is_disable"] is False and history[0]["after"]["is_disable"] is True

    # nothing changes: no new version, no history
    same = dashboard.post("integrations", {"lab_id": world.lab.id, "id": row["id"], "is_disable": True})
    assert same["integrations"][0]["version"] == 2 and len(dashboard.get(f"integrations/{row['id']}/history")["items"]) == 2


def test_secrets_are_masked_kept_and_sealed(world, stack, dashboard, partner):
    secret, details = uuid.uuid4().hex, {"auth": {"type": "bearer", "token": uuid.uuid4().hex}, "timeout_ms": 1000}
    first = dashboard.post("integrations", body(world, partner, headers={"Authorization": secret, "x-a": "b"}, integration_extra_details=details))
    row = first["integrations"][0]
    assert row["headers"] == {"Authorization": "***", "x-a": "b"}
    assert row["integration_extra_details"] == {**details, "auth": {"type": "bearer", "token": "***"}}
    stored = stack.sql("SELECT headers::text || integration_extra_details::text FROM integration.lab_integration WHERE id = %s", [row["id"]])[0][0]
    assert secret not in stored and details["auth"]["token"] not in stored and "sealed:" in stored

    # what is sent back masked stays
    row["integration_extra_details"]["timeout_ms"] = 2000
    again = dashboard.post("integrations", {"lab_id": world.lab.id, "id": row["id"], "headers": row["headers"],
                                            "integration_extra_details": row["integration_extra_details"]})
    assert again["integrations"][0]["integration_extra_details"]["timeout_ms"] == 2000
    log = world.wait_log(world.bill_event())
    assert log["status"] == "SUCCESS"
    assert partner.requests[0].headers["authorization"] in (secret, "Bearer " + details["auth"]["token"])
    history = dashboard.get(f"integrations/{row['id']}/history")["items"]
    assert secret not in str(history) and "sealed:" not in str(history) and details["auth"]["token"] not in str(history)
    lost = dashboard.post("integrations", body(world, partner, headers={"Authorization": "***"}), code=400)
    assert [e["pointer"] for e in lost["errors"]] == ["/headers/Authorization"]


@pytest.mark.parametrize("more, pointer", [
    ({"url": "ftp://x"}, "/url"), ({"request_type": 7}, "/request_type"), ({"request_type": "1"}, "/request_type"), ({"typo": 1}, "/typo"),
    ({"action_category_list_id": 999}, "/action_category_list_id"), ({"action_category_list_id": "x"}, "/action_category_list_id"),
    ({"integration_extra_details": {"hots": "x"}}, "/integration_extra_details/hots"), ({"template_text": "{{#a}}"}, "/template_text"),
    ({"integration_extra_details": {"timeout_ms": "x"}}, "/integration_extra_details/timeout_ms"), ({"integration_type": "NONE"}, "/integration_type"),
    ({"is_batch": 1}, "/is_batch"), ({"url": None}, "/url"), ({"headers": {"a b": "c"}}, "/headers"), ({"auth_key": "short"}, "/auth_key"),
], ids=str)
def test_a_fault_is_told_at_its_field(world, dashboard, partner, more, pointer):
    problem = dashboard.post("integrations", body(world, partner, **more), code=400)
    assert pointer in [e["pointer"] for e in problem["errors"]], problem
    assert dashboard.get(f"labs/{world.lab.id}/developer-authentications")["items"] == []


def test_two_people_do_not_overwrite_each_other(world, dashboard, partner):
    row = dashboard.post("integrations", body(world, partner))["integrations"][0]
    change = {"lab_id": world.lab.id, "id": row["id"], "payload_type": "JSON2"}
    dashboard.post("integrations", {**change, "is_batch": True, "payload_type": "JSON"}, **{"if-match": '"1"'})
    dashboard.post("integrations", {**change, "is_batch": False, "payload_type": "JSON"}, code=412, **{"if-match": '"1"'})


def test_several_rows_of_one_action_and_other_labs(world, stack, dashboard, partner):
    first = dashboard.post("integrations", body(world, partner))
    more = dashboard.post("integrations", body(world, partner, auth_id=first["auth_id"], add=True))
    assert more["integrations"][0]["id"] != first["integrations"][0]["id"] and more["auth_key"] is None
    other = Lab(stack)
    for wanted in ({"auth_id": first["auth_id"]}, {"auth_key": first["auth_key"]}, {"id": first["integrations"][0]["id"]}):
        dashboard.post("integrations", {"lab_id": other.id, "url": partner.url(), "action_category_list_id": 1, **wanted}, code=404)
    rotated = dashboard.post("integrations", {"lab_id": world.lab.id, "auth_id": first["auth_id"], "rotate_auth_key": True})
    assert rotated["auth_key"] != first["auth_key"] and rotated["integrations"] == []
