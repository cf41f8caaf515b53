"""What the stream tells besides logs: retry runs and the fleet's health, to whom they concern."""
from datetime import timedelta

import pytest

from fleet.dashboard import Dashboard, as_role
from fleet.stack import http
from fleet.wait import eventually
from partners import MllpPartner, Partner, Reply, closed_port


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


def states(stream, run):
    return [r["state"] for r in stream.data("run") if r["id"] == run["id"]]


def held(stream, lane):
    """Is the lane held, in the newest health that the stream told?"""
    return any(one["id"] == str(lane) and one["paused"] for one in stream.data("health")[-1]["lanes"])


def test_runs_and_health_are_streamed_to_whom_they_concern(world, stack, dashboard):
    stranger = as_role(stack, "operator", world.lab.id + 1)
    viewer = as_role(stack, "viewer", world.lab.id)
    with Partner([Reply(code=500), Reply(code=200)]) as partner:
        log = world.deliver(partner.url())
        with dashboard.stream() as all_labs, viewer.stream() as own, stranger.stream() as other:
            for stream in (all_labs, own, other):
                eventually(lambda s=stream: s.data("health"), 20, what="how it is at the beginning")
                assert stream.data("health")[0]["stores"] == {"postgres": True, "mongodb": True, "kafka": True}
            assert all_labs.data("health")[0]["failed_tasks"] is not None and own.data("health")[0]["failed_tasks"] is None

            preview = dashboard.post("logs/retry", {"filter": {"lab_id": world.lab.id, "q": str(log["patient_id"])}, "dry_run": True})
            run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "live", "start_paused": True}, code=202)
            eventually(lambda: states(all_labs, run) == ["PAUSED"], 20, what="the run's beginning")
            dashboard.post(f"retry-runs/{run['id']}/resume")
            for stream in (all_labs, own):
                eventually(lambda s=stream: states(s, run)[-1:] == ["DONE"], 60, what="the run's end")
            assert own.data("run")[-1]["counts"]["success"] == 1 and all_labs.data("run")[-1]["total"] == 1
            # what was looked for may be a patient's
            assert all_labs.data("run")[0]["filter"]["q"] == str(log["patient_id"]) and own.data("run")[0]["filter"]["q"] is None
            assert viewer.get(f"retry-runs/{run['id']}")["filter"]["q"] is None
            assert all("q" not in one["filter"] or one["filter"]["q"] is None for one in viewer.get("retry-runs")["items"])

            dashboard.post(f"lanes/{world.auth}/pause", {"reason": "maintenance"})
            for stream in (all_labs, own):
                eventually(lambda s=stream: held(s, world.auth), 20, what="the lane is held")
            dashboard.post(f"lanes/{world.auth}/resume")
            for stream in (all_labs, own):
                eventually(lambda s=stream: not held(s, world.auth), 20, what="the lane goes on")
            assert other.data("run") == [] and not any(h["lanes"] for h in other.data("health"))
            last_id = own.last_id
        with viewer.stream(last_id=last_id) as resumed:
            eventually(lambda: resumed.data("health"), 20, what="how it is, after a resumption")


def test_health_has_its_own_address(stack, dashboard):
    health = dashboard.get("health")
    assert health["stores"] == {"postgres": True, "mongodb": True, "kafka": True}
    assert {(c["group"], c["topic"]) for c in health["consumers"]} >= {
        ("trigger", "lis.events"), ("dispatcher", "integration.dispatch-tasks"), ("callback", "integration.callbacks"),
        ("callback-calls", "integration.inbound-calls"), ("trigger-retries", "integration.retries"), ("dispatcher", "integration.parked-tasks")}
    assert all(c["lag"] >= 0 for c in health["consumers"]) and health["failed_tasks"] >= 0


def test_health_says_how_lanes_are_and_why_work_is_stuck(world, stack, dashboard):
    row = world.row(1, f"http://127.0.0.1:{closed_port()}/")
    viewer, stranger = as_role(stack, "viewer", world.lab.id), as_role(stack, "viewer", world.lab.id + 1)
    with viewer.stream() as stream:
        for _ in range(16):
            world.bill_event()

        def state(of=dashboard):
            return next((s for s in of.get("health")["lane_states"] if s["lab_integration_id"] == row), None)
        eventually(lambda: (found := state()) and found["circuit"] == "open", 40, what=lambda: f"an open circuit: {state()}")
        assert {k: v for k, v in state(viewer).items() if k in ("id", "lab_id", "error_kind", "developer_name", "operation")} == {
            "id": str(world.auth), "lab_id": world.lab.id, "error_kind": "connect", "developer_name": "Acme Health", "operation": "Bill Generation"}
        assert state()["queued"] > 0 and state()["since"] and state()["last_success_at"] is None
        assert state(stranger) is None and stranger.get("health")["open_circuits"] == []
        eventually(lambda: [c["lab_integration_id"] for c in stream.data("health")[-1]["open_circuits"]] == [row], 20, what="it is told")

    waiting = next(log for log in world.logs() if log["status"] == "QUEUED")
    stack.mongo.integration_directory.update_one({"_id": waiting["_id"]}, {"$set": {
        "inserted_at": waiting["inserted_at"] - timedelta(minutes=30), "updated_at": waiting["inserted_at"] - timedelta(minutes=30)}})

    def stuck(of=viewer):
        return {item["log_id"]: (item["why"], item["lane"]) for item in of.get("health")["stuck"]["items"]}
    eventually(lambda: stuck() == {str(waiting["_id"]): ("circuit", str(world.auth))}, 20, what=stuck)

    def checks():
        return {check["name"]: check["ok"] for check in viewer.get(f"logs/{waiting['_id']}")["checks"]}
    assert viewer.get(f"logs/{waiting['_id']}")["hint"] == "Its partner fails for some time, so it is spared and tried now and then."
    assert (checks()["circuit"], checks()["row_active"], "lag" in checks(), "row_unchanged" in checks()) == (False, True, True, False)
    dashboard.post("integrations", {"id": row, "lab_id": world.lab.id, "payload_type": "ORM"})
    assert checks()["row_unchanged"] is False

    dashboard.post(f"lanes/{world.auth}/pause", {"reason": "maintenance"})
    eventually(lambda: stuck() == {str(waiting["_id"]): ("paused", str(world.auth))}, 20, what=stuck)
    assert stuck(stranger) == {}


def test_a_trace_has_attempts_and_what_a_downstream_said(world, stack, dashboard):
    patient = world.lab.patient()
    event = {"action_id": 57, "lab_id": world.lab.id, "patient_id": patient}
    with Partner([Reply(code=500), Reply(code=200)]) as partner, MllpPartner() as peer:
        http_row, mllp_row = world.row(57, partner.url()), world.row(57, "", extra=peer.details(ack={"await_downstream": True}))
        event_id = world.publish(event)
        sent = world.wait_log(event_id, http_row)
        eventually(lambda: (log := world.wait_log(event_id, mllp_row, status=["QUEUED"])) and log["sent_to_mirth"], 20, what="it is with Mirth")
        waiting = world.wait_log(event_id, mllp_row, status=["QUEUED"])
        dashboard.post(f"logs/{sent['_id']}/retry", {"retry_id": f"trace-{sent['_id']}", "lab_id": world.lab.id}, code=202)
        said = {"LOGID": str(waiting["_id"]), "status": "FAIL", "ack_code": "AE", "destination": "the analyser"}
        assert http("POST", stack.env["CALLBACK_URL"] + "/mirth-status", said, {"x-internal-token": stack.token}).code == 202

        def items():
            return dashboard.get(f"trace/patient/{patient}")["items"]
        eventually(lambda: {i["kind"] for i in items()} == {"log", "retry", "callback"} and
                   [i["retry"]["status"] for i in items() if i["kind"] == "retry"] == ["SUCCESS"], 30, what=items)
    by_kind = {i["kind"]: i[i["kind"]] for i in items()}
    assert by_kind["retry"]["log_id"] == str(sent["_id"]) and by_kind["retry"]["attempt"] == 1 and by_kind["retry"]["requested_by"] == "admin-token"
    assert by_kind["callback"]["log_id"] == str(waiting["_id"]) and by_kind["callback"]["status"] == "FAIL"
    assert [i["at"] for i in items()] == sorted(i["at"] for i in items())
    assert len([i for i in items() if i["kind"] == "log"]) == 2
