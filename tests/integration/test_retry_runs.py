"""Bulk retries from the shell: a preview that says what would happen, and a run that can be steered."""
import re
import time
from collections import Counter

import pytest

from fleet.events import bill_event
from fleet.rows import update_row
from fleet.scheduler import Running
from fleet.stack import dev
from fleet.wait import eventually
from partners import Partner, Reply, closed_port


class Runs:
    def __init__(self, world):
        self.world, self.stack = world, world.stack

    def failed(self, n, partner, action=1, **row):
        """n bills whose first delivery failed, on one row; [(bill, log)], the newest first."""
        before, partner.script = partner.script, Reply(code=500)
        row_id = self.world.row(action, partner.url(), **row)
        bills = [self.world.lab.bill() for _ in range(n)]
        events = [self.world.publish(bill_event(self.world.lab, bill, action)) for bill in bills]
        logs = [self.world.wait_log(event, row_id, deadline=60) for event in events]
        assert {log["status"] for log in logs} == {"FAIL"}
        partner.script = before
        partner.requests.clear()
        return row_id, list(zip(bills, logs))

    def admin(self, *args, code=0):
        run = dev("run", "integration-admin", "retry", *args, check=False)
        assert run.returncode == code, run.stdout + run.stderr
        return run.stdout

    def retry(self, *args, code=0):
        """The run's id, and what was said."""
        said = self.admin("--lab", self.world.lab.id, *args, code=code)
        return int(re.search(r"^run (\d+) ", said, re.M)[1]), said

    def state(self, run):
        return self.stack.sql("SELECT state FROM integration.retry_run WHERE id = %s", [run])[0][0]

    def items(self, run):
        """{log_id: (state, status)}"""
        rows = self.stack.sql("SELECT log_id, i.state, i.status FROM integration.retry_run_item i"
                              " JOIN integration.retry_run r USING (preview_id) WHERE r.id = %s", [run])
        return {log_id: (state, status) for log_id, state, status in rows}

    def counts(self, run):
        return Counter(status or state for state, status in self.items(run).values())

    def until(self, run, state, deadline=60):
        eventually(lambda: self.state(run) == state, deadline, what=lambda: f"{state}; now {self.state(run)}")

    def documents(self, logs):
        ids = [log["_id"] for _, log in logs]
        return list(self.stack.mongo.integration_retry_log.find({"integration_directory_id": {"$in": ids}}))


@pytest.fixture
def runs(world):
    return Runs(world)


@pytest.fixture
def own_schedulers(stack):
    """The stack's own would take the runs."""
    stack.stop("retry-scheduler")
    yield
    stack.start("retry-scheduler")


def test_a_preview_says_what_would_become_of_each_and_does_nothing(world, runs, partner):
    row, failed = runs.failed(5, partner)
    world.lab.cancel(failed[0][0].id)
    world.stack.sql("UPDATE lis.patient SET full_name = 'Asha Corrected' WHERE patient_id = %s",
                    [failed[1][0].patient_id])
    off, disabled = runs.failed(2, partner, action=4)
    update_row(world.stack, off, is_disable=True)
    world.stack.mongo.integration_directory.update_one({"_id": failed[2][1]["_id"]}, {"$set": {"retry_context": None}})
    said = runs.admin("--lab", world.lab.id, "--dry-run")
    assert "7 matched, 5 eligible" in said
    assert "1 would be superseded, 1 changed, 2 same, 0 unknown, 1 cannot be built" in said
    assert "refused, integration_disabled: 2" in said
    assert f"superseded, bill {failed[0][0].id} was cancelled" in said
    assert f"partner {world.auth} Acme Health: 7 matched, 5 eligible, 1 would be superseded" in said
    to = max(log["inserted_at"] for _, log in failed)
    earlier = sum(log["inserted_at"] < to for _, log in failed)
    assert f"{earlier} matched, {earlier} eligible" in runs.admin(
        "--lab", world.lab.id, "--dry-run", "--action", 1, "--to", to.isoformat())
    assert "0 matched" in runs.admin("--lab", world.lab.id, "--dry-run", "--error-kind", "timeout")
    assert not partner.requests and not runs.documents(failed + disabled)


def test_a_run_keeps_a_result_for_each_log(world, runs, partner):
    row, failed = runs.failed(6, partner)
    world.lab.cancel(failed[0][0].id)
    delivered = str(failed[1][1]["_id"])
    world.stack.mongo.integration_directory.update_one({"_id": failed[1][1]["_id"]}, {"$set": {"status": "SUCCESS"}})
    partner.script = lambda r: Reply(code=418 if r.headers["webhook-id"] == str(failed[2][1]["_id"]) else 200)
    run, said = runs.retry("--status", "FAIL", "--status", "SUCCESS", "--reason", "they are back")
    assert f"run {run} DONE" in said
    assert runs.items(run) == {str(log["_id"]): ("DONE", "SUCCESS") for _, log in failed} | {
        str(failed[0][1]["_id"]): ("DONE", "SUPERSEDED"), delivered: ("REFUSED", None),
        str(failed[2][1]["_id"]): ("DONE", "FAIL")}
    documents = runs.documents(failed)
    assert {d["_id"] for d in documents} == {f"run-{run}-{log['_id']}" for _, log in failed if str(log["_id"]) != delivered}
    assert {d["kind"] for d in documents} == {"MANUAL"}
    assert len(partner.requests) == 4
    assert f"{failed[2][1]['_id']} DONE FAIL" in runs.admin("runs", run)
    assert world.stack.sql("SELECT reason, total FROM integration.retry_run WHERE id = %s", [run])[0] == ("they are back", 6)
    runs.admin("pause", run, code=1)


def test_a_run_is_never_faster_than_its_rate(runs, partner):
    runs.failed(14, partner)
    runs.retry("--rate", 4)
    times = sorted(r.arrived_at for r in partner.requests)
    assert len(times) == 14
    for first, later in zip(times, times[6:]):  # at most one second's worth gathers
        assert later - first > 0.2
    assert times[-1] - times[0] > 14 / 4 - 1 - 0.5


def test_a_run_is_paused_resumed_and_cancelled(runs, partner):
    runs.failed(12, partner)
    run, said = runs.retry("--rate", 2, "--start-paused")
    assert f"run {run} PAUSED" in said and runs.counts(run) == {"WAITING": 12}
    runs.admin("resume", run)
    eventually(lambda: runs.counts(run)["SUCCESS"] >= 2, 30, what="the first results")
    runs.admin("pause", run)
    eventually(lambda: not runs.counts(run)["ASKED"], 30, what="what was asked for has ended")
    so_far = runs.counts(run)
    time.sleep(1.5)
    assert runs.counts(run) == so_far and so_far["WAITING"] > 0 and runs.state(run) == "PAUSED"
    said = runs.admin("cancel", run)
    assert f"cancelled {so_far['WAITING']}" in said
    assert runs.counts(run) == {"SUCCESS": so_far["SUCCESS"], "CANCELLED": so_far["WAITING"]}
    runs.admin("resume", run, code=1)
    assert len(partner.requests) == so_far["SUCCESS"]


def test_a_run_stops_when_nobody_is_there_and_goes_on_when_told_to(world, runs, partner):
    row, failed = runs.failed(40, partner)
    update_row(world.stack, row, url=f"http://127.0.0.1:{closed_port()}/hook")
    run, said = runs.retry("--rate", 50, code=1)
    assert f"run {run} STOPPED" in said and f"integration {row}: the last 5 attempts found nobody there (connect)" in said
    assert runs.counts(run)["WAITING"] > 0 and runs.counts(run)["FAIL"] >= 5
    update_row(world.stack, row, url=partner.url())
    runs.admin("resume", run)
    runs.until(run, "DONE")
    assert runs.counts(run)["SUCCESS"] > 0 and set(runs.counts(run)) == {"SUCCESS", "FAIL"}


def test_a_run_stops_when_too_many_fail(runs, partner):
    runs.failed(30, partner)
    partner.script = lambda r: Reply(code=200 if partner.count % 4 == 0 else 400)
    run, said = runs.retry("--rate", 20, "--stop-when-failing", 50, code=1)
    assert "attempts failed, more than 50 %" in said and runs.state(run) == "STOPPED"
    assert runs.counts(run)["WAITING"] > 0


def test_a_killed_scheduler_leaves_its_run_to_another_and_no_log_gets_two_attempts(world, runs, partner, own_schedulers):
    row, failed = runs.failed(30, partner)
    with Running() as first:
        run, _ = runs.retry("--rate", 10, "--start-paused")
        runs.admin("resume", run)
        eventually(lambda: runs.counts(run)["SUCCESS"] >= 3, 30, what="the first results")
        first.process.kill()
        first.process.wait()
        with Running():
            runs.until(run, "DONE")
    assert runs.counts(run) == {"SUCCESS": 30}
    assert len(runs.documents(failed)) == 30
    assert Counter(r.headers["webhook-id"] for r in partner.requests) == {str(log["_id"]): 1 for _, log in failed}
    assert {log["retry_count"] for log in world.logs()} == {1}


def test_two_schedulers_make_one_run_no_faster(runs, partner, own_schedulers):
    row, failed = runs.failed(12, partner)
    with Running(), Running():
        run, _ = runs.retry("--rate", 4)
    times = sorted(r.arrived_at for r in partner.requests)
    assert len(times) == 12 and times[-1] - times[0] > 12 / 4 - 1 - 0.5


def test_logs_of_py3_in_a_run_go_by_http(world, runs, partner, own_schedulers):
    row, failed = runs.failed(3, partner)
    mine = str(failed[0][1]["_id"])
    world.stack.mongo.integration_directory.update_one({"_id": failed[0][1]["_id"]}, {"$set": {"triggered_by_py3": True}})
    with Partner(Reply(code=409)) as route, Running(PY3_RETRY_URL=route.url("")):
        run, _ = runs.retry()
        assert [(r.path, r.json()["log_id"], r.json()["retry_id"]) for r in route.requests] == [
            ("/api-v3/integration/retry-integration/", mine, f"run-{run}-{mine}")]
    assert runs.items(run)[mine] == ("REFUSED", None) and runs.counts(run) == {"SUCCESS": 2, "REFUSED": 1}


def test_what_was_delivered_meanwhile_is_not_asked_for(world, runs, partner):
    row, failed = runs.failed(2, partner)
    run, _ = runs.retry("--start-paused")
    world.stack.mongo.integration_directory.update_one({"_id": failed[0][1]["_id"]}, {"$set": {"status": "SUCCESS"}})
    runs.admin("resume", run)
    runs.until(run, "DONE")
    assert runs.items(run) == {str(failed[0][1]["_id"]): ("REFUSED", None), str(failed[1][1]["_id"]): ("DONE", "SUCCESS")}


def test_what_cannot_begin_says_why(world, runs, partner):
    assert "none of these logs" in dev("run", "integration-admin", "retry", "--lab", world.lab.id, check=False).stderr
    assert "--lab or --integration" in dev("run", "integration-admin", "retry", "--status", "FAIL", check=False).stderr
    assert "there is no run" in dev("run", "integration-admin", "retry", "pause", 2**40, check=False).stderr
