"""The dashboard's API: what happened, and once more, please."""
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from fleet.dashboard import Dashboard
from fleet.events import bill_event
from fleet.wait import eventually
from partners import Partner, Reply


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


def ask_retry(dashboard, log, code=202, retry_id=None, **more):
    body = {"retry_id": retry_id or uuid.uuid4().hex, "lab_id": log["lab_id"], **more}
    return dashboard.post(f"logs/{log['_id']}/retry", body, code=code)


def status_of(dashboard, log):
    return dashboard.get(f"logs/{log['_id']}")["status"]


def ids(items):
    return {item["log_id"] for item in items}


def test_a_log_is_in_its_tab_and_readable_in_full(world, dashboard, partner):
    log = world.deliver(partner.url())
    log_id, lab = str(log["_id"]), world.lab.id
    assert ids(dashboard.get("logs", tab="webhook", lab_id=lab)["items"]) == {log_id}
    assert dashboard.get("logs", tab="errors", lab_id=lab)["items"] == []
    assert dashboard.get("logs", tab="api", lab_id=lab)["items"] == []

    found = dashboard.get(f"logs/{log_id}")
    assert found["status"] == "SUCCESS" and found["operation"] == "Bill Generation"
    assert found["request_body"] == log["request_body"] and found["masked"] == []
    assert found["inserted_at"].endswith("Z") and found["retry_count"] == 0
    assert dashboard.get(f"logs/{log_id}/retries")["items"] == []


@pytest.mark.parametrize("parameters, there", [
    ({"status": "SUCCESS"}, True), ({"status": "FAIL,QUEUED"}, False), ({"action_id": 1}, True), ({"action_id": 2}, False),
    ({"action_category_id": 1}, True), ({"action_category_id": 2}, False), ({"from": "-1h"}, True), ({"to": "-1h"}, False),
    ({"q": "bill"}, True), ({"q": "log"}, True), ({"q": "patient"}, True), ({"q": "zzz.*"}, False),
    ({"q": "123456789012345"}, False),
], ids=str)
def test_filters(world, dashboard, partner, parameters, there):
    log = world.deliver(partner.url())
    said = {"bill": log["bill_id"], "patient": log["patient_id"], "log": str(log["_id"])}
    parameters = {key: said.get(value, value) for key, value in parameters.items()}
    for tab in (None, "webhook"):
        items = dashboard.get("logs", lab_id=world.lab.id, tab=tab, **parameters)["items"]
        assert (str(log["_id"]) in ids(items)) == there, tab


def test_a_suppressed_log_is_shown_to_who_asks_for_it(world, dashboard):
    with Partner(Reply(code=209)) as partner:
        log = world.deliver(partner.url())
    log_id, lab = str(log["_id"]), world.lab.id
    for tab in ("webhook", "errors", None):
        assert dashboard.get("logs", lab_id=lab, tab=tab)["items"] == []
    assert ids(dashboard.get("logs", lab_id=lab, status="SUPPRESSED")["items"]) == {log_id}
    assert status_of(dashboard, log) == ""


def test_pages_are_newest_first_and_complete(world, dashboard, partner):
    world.row(1, partner.url())
    bill = world.lab.bill()
    events = [world.publish(bill_event(world.lab, bill, 1)) for _ in range(7)]
    for event in events:
        world.wait_log(event)
    items = list(dashboard.pages("logs", lab_id=world.lab.id, limit=3))
    assert len(items) == 7 and ids(items) == {str(log["_id"]) for log in world.logs()}
    assert [i["inserted_at"] for i in items] == sorted((i["inserted_at"] for i in items), reverse=True)
    assert dashboard.get("logs/counts", lab_id=world.lab.id)["by_status"]["SUCCESS"] == {"count": 7, "capped": False}


def test_a_failure_is_in_errors_and_can_be_retried_once_a_retry_id(world, dashboard):
    with Partner([Reply(code=500, body=b'{"error": "try later"}'), Reply(code=200)]) as partner:
        log = world.deliver(partner.url())
        shown = dashboard.get("logs", tab="errors", lab_id=world.lab.id)["items"]
        assert [i["error_message"] for i in shown] == ["try later"]
        for words, found in (("TRY lat", 1), ("later try", 0), ("t.*r", 0)):
            assert len(dashboard.get("logs", q=words, lab_id=world.lab.id)["items"]) == found, words

        asked = ask_retry(dashboard, log, retry_id="again-1-" + str(log["_id"]))
        assert asked["log_id"] == str(log["_id"])
        eventually(lambda: status_of(dashboard, log) == "SUCCESS", 30, what="delivered by the retry")
        ask_retry(dashboard, log, retry_id="again-1-" + str(log["_id"]))
        world.barrier(partner.url())
        found = dashboard.get(f"logs/{log['_id']}")
        assert found["retry_count"] == 1 and found["first_attempt"]["response_status_code"] == 500
        attempts = dashboard.get(f"logs/{log['_id']}/retries")["items"]
        assert [(a["attempt"], a["kind"], a["status"], a["requested_by"]) for a in attempts] == [
            (1, "MANUAL", "SUCCESS", "admin-token")]
        assert attempts[0]["log_id"] == str(log["_id"])


def test_what_was_delivered_is_sent_again_only_by_an_explicit_resend(world, dashboard, partner):
    log = world.deliver(partner.url())
    refused = ask_retry(dashboard, log, code=409)
    assert refused["status"] == 409 and "resend" in refused["detail"]
    ask_retry(dashboard, log, resend=True)
    eventually(lambda: len(dashboard.get(f"logs/{log['_id']}/retries")["items"]) == 1, 30, what="sent again")


@pytest.mark.parametrize("body, field", [
    ({"lab_id": 1}, "/retry_id"), ({"retry_id": "", "lab_id": 1}, "/retry_id"), ({"retry_id": 7, "lab_id": 1}, "/retry_id"),
    ({"retry_id": "x" * 65, "lab_id": 1}, "/retry_id"), ({"retry_id": "x"}, "/lab_id"), ({"retry_id": "x", "lab_id": "1"}, "/lab_id"),
    ({"retry_id": "x", "lab_id": 1, "resend": "yes"}, "/resend"), ([], ""),
], ids=str)
def test_a_faulty_retry_names_its_field(dashboard, body, field):
    problem = dashboard.post("logs/0123456789abcdef01234567/retry", body, code=400)
    assert field in {e["pointer"] for e in problem["errors"]}
    assert problem["title"] and problem["request_id"]


def test_unknown_logs_and_other_labs(world, dashboard):
    with Partner(Reply(code=500)) as partner:
        log = world.deliver(partner.url())
    dashboard.post("logs/0123456789abcdef01234567/retry", {"retry_id": "x", "lab_id": 1}, code=404)
    dashboard.post(f"logs/{log['_id']}/retry", {"retry_id": "x", "lab_id": log["lab_id"] + 1}, code=404)
    dashboard.get("logs/0123456789abcdef01234567", code=404)
    dashboard.get("logs/nonsense", code=404)


OLD, PY3 = "/integration/retry-integration/", "/api-v3/integration/retry-integration/"


@pytest.mark.parametrize("py3", [False, True], ids=["ours", "py3"])
def test_old_addresses(world, stack, dashboard, py3):
    with Partner([Reply(code=500), Reply(code=500), Reply(code=200)]) as partner:
        log = world.deliver(partner.url(), data=bill_event(world.lab, world.lab.bill(), 1, triggered_by_py3=py3))
        right, wrong = (PY3, OLD) if py3 else (OLD, PY3)
        body = {"log_id": str(log["_id"]), "retry_id": uuid.uuid4().hex, "lab_id": log["lab_id"]}
        dashboard.post(wrong, body, code=409)
        dashboard.post(right, body, code=202)
        eventually(lambda: world.log(log["_id"])["retry_count"] == 1, 30, what="the first retry")
        eventually(lambda: status_of(dashboard, log) != "QUEUED", 30, what="its end")

        # the new address finds the right way by itself
        ask_retry(dashboard, log)
        eventually(lambda: status_of(dashboard, log) == "SUCCESS", 30, what="delivered")
    internal = Dashboard(stack, token="", headers={"x-internal-token": stack.token})
    known = dashboard.get(f"logs/{log['_id']}/retries")["items"][0]["retry_id"]
    internal.post(right, {**body, "retry_id": known}, code=202)
    internal.post("logs/" + body["log_id"] + "/retry", body, code=401)


def test_who_may_ask(stack):
    for token in ("", "wrong", "0" * 64):
        answer = Dashboard(stack, token=token).ask("GET", "logs")
        assert answer.code == 401 and answer.headers["content-type"] == "application/problem+json"
    me = Dashboard(stack).get("me")
    assert (me["role"], me["labs"], me["via"]) == ("admin", None, "admin-token")
    skew = datetime.now(timezone.utc) - datetime.fromisoformat(me["server_time"].replace("Z", "+00:00"))
    assert abs(skew) < timedelta(minutes=1)


@pytest.mark.parametrize("parameters, field", [
    ({"tab": "nonsense"}, "tab"), ({"limit": 0}, "limit"), ({"limit": "x"}, "limit"), ({"cursor": "x"}, "cursor"), ({"status": "DONE"}, "status"),
    ({"from": "yesterday"}, "from"), ({"lab_id": "abc"}, "lab_id"), ({"q": "x" * 201}, "q"), ({"action_id": 1.5}, "action_id"),
], ids=str)
def test_a_faulty_filter_names_its_parameter(dashboard, parameters, field):
    problem = dashboard.get("logs", code=400, **parameters)
    assert [e["pointer"] for e in problem["errors"]] == [field]


def test_methods_and_addresses(dashboard):
    assert dashboard.ask("PATCH", "logs").code == 405
    assert dashboard.ask("GET", "nothing").code == 404
    assert dashboard.ask("HEAD", "logs").code == 200


def test_changes_are_streamed(world, dashboard):
    with Partner([Reply(code=500), Reply(code=200)]) as partner, dashboard.stream() as stream:
        log = world.deliver(partner.url())
        eventually(lambda: [row["status"] for row in stream.of(log["_id"])] == ["QUEUED", "FAIL"], 20,
                   what=lambda: f"new and failed: {stream.events}")
        assert stream.of(log["_id"], "UpdateRetryIntegrationStatus") == []
        retry_id = ask_retry(dashboard, log)["retry_id"]
        eventually(lambda: stream.of(log["_id"])[-1]["status"] == "SUCCESS", 30, what="success")
    updates = stream.of(log["_id"], "UpdateRetryIntegrationStatus")
    assert [u["status"] for u in updates][-1] == "SUCCESS"
    assert {(u["retry_id"], u["lab_id"], u["retry_count"], u["auto_retry_count"]) for u in updates} == {(retry_id, world.lab.id, 1, 0)}


def test_a_stream_resumes_where_it_broke_off(world, dashboard, partner):
    with dashboard.stream(lab_id=world.lab.id) as stream:
        first = world.deliver(partner.url())
        eventually(lambda: len(stream.of(first["_id"])) == 2, 20, what="the first log")
    second = world.wait_log(world.bill_event())
    with dashboard.stream(lab_id=world.lab.id, last_id=stream.last_id) as resumed:
        eventually(lambda: len(resumed.of(second["_id"])) == 2, 20, what=lambda: f"the second: {resumed.events}")
        assert resumed.of(first["_id"]) == [] and "resync" not in {e[0] for e in resumed.events}
    with dashboard.stream(last_id="1.2") as lost:
        eventually(lambda: [e[0] for e in lost.events][:1] == ["resync"], 20, what="told to read anew")
