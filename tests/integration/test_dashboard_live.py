"""What the stream tells besides logs: retry runs and the fleet's health, to whom they concern."""
import pytest

from fleet.dashboard import Dashboard, as_role
from fleet.wait import eventually
from partners import Partner, Reply


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
