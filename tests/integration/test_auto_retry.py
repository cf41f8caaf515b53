"""What retry-scheduler asks for, all the way: trigger builds it again, dispatcher sends it, callback
writes what became of it. A log is made due by hand, so nothing waits for time to pass."""
import concurrent.futures
from collections import Counter

import pytest

from fleet.events import bill_event
from fleet.rows import update_row
from fleet.scheduler import Running
from fleet.stack import dev
from fleet.wait import eventually
from partners import Partner, Reply

BUSY = Reply(code=503, body=b'{"error": "busy"}')
TOO_MANY = Reply(code=429, body=b'{"error": "too many"}')  # which opens no circuit


@pytest.fixture(scope="module", autouse=True)
def own_schedulers(stack):
    stack.stop("retry-scheduler")
    yield
    stack.start("retry-scheduler")


class Auto:
    def __init__(self, world):
        self.world, self.logs = world, world.stack.mongo.integration_directory
        self.retry_logs = world.stack.mongo.integration_retry_log

    def failed(self, partner, n=1, **row):
        """n bills whose first delivery failed in a way that may pass: [(bill, log)]."""
        row_id = self.world.row(1, partner.url(), is_auto_retry=True, **row)
        bills = [self.world.lab.bill() for _ in range(n)]
        events = [self.world.publish(bill_event(self.world.lab, bill, 1)) for bill in bills]
        logs = [self.world.wait_log(event, row_id, "FAIL", deadline=60) for event in events]
        self.due()
        return list(zip(bills, logs))

    def due(self):
        self.logs.update_many({"lab_id": self.world.lab.id, "status": "FAIL"}, {"$set": {"next_auto_retry_at": None}})

    def sweep(self, **env):
        run = dev("run", "retry-scheduler", "--once", check=False, env=env)
        assert run.returncode == 0, run.stderr

    def ends(self, log, status, attempt=1):
        def found():
            now = self.world.log(log["_id"])
            return now if now["status"] == status and now["attempt"] == attempt else None
        return eventually(found, 30, what=lambda: f"attempt {attempt} {status}; now {self.world.log(log['_id'])}")

    def documents(self, log):
        return list(self.retry_logs.find({"integration_directory_id": log["_id"]}, sort=[("attempt", 1)]))


@pytest.fixture
def auto(world):
    return Auto(world)


def test_a_failure_is_put_right_by_itself(world, auto):
    with Partner([BUSY, Reply()]) as partner:
        (_, log), = auto.failed(partner)
        assert log["error_message"] == "busy" and log["response_status_code"] == 503
        auto.sweep()
        log = auto.ends(log, "SUCCESS")
        assert Counter(r.headers["webhook-id"] for r in partner.requests) == {str(log["_id"]): 2}
    assert (log["auto_retry_count"], log["retry_count"], log["first_attempt"]["status"]) == (1, 0, "FAIL")
    document, = auto.documents(log)
    assert (document["_id"], document["kind"], document["requested_by"], document["status"], document["payload_changed"]) \
        == (f"auto-{log['_id']}-1", "AUTO", "retry-scheduler", "SUCCESS", False)
    auto.sweep()
    assert len(auto.documents(log)) == 1


def test_what_was_corrected_meanwhile_goes_out_corrected(world, auto):
    with Partner([BUSY, Reply()]) as partner:
        (bill, log), = auto.failed(partner)
        world.stack.sql("UPDATE lis.patient SET full_name = 'Asha Corrected', first_name = 'Asha',"
                        " last_name = 'Corrected' WHERE patient_id = %s", [bill.patient_id])
        auto.sweep()
        auto.ends(log, "SUCCESS")
        first, second = partner.requests
    assert b"Asha Rao" in first.body and b"Asha Corrected" in second.body
    assert auto.documents(log)[0]["payload_changed"] is True


def test_of_what_was_undone_meanwhile_the_partner_gets_nothing(world, auto):
    with Partner([BUSY, Reply()]) as partner:
        (bill, log), = auto.failed(partner)
        world.lab.cancel(bill.id)
        auto.sweep()
        log = auto.ends(log, "SUPERSEDED")
        auto.due()
        auto.sweep()
        assert len(partner.requests) == 1
    assert f"bill {bill.id} was cancelled" in log["error_message"]
    document, = auto.documents(log)
    assert document["status"] == "SUPERSEDED" and document["error_message"] == log["error_message"]


def test_a_failure_is_retried_until_its_attempts_are_used_up(world, auto):
    with Partner(BUSY) as partner:
        (_, log), = auto.failed(partner, extra={"auto_retry": {"max": 2}})
        for attempt in (1, 2):
            auto.sweep()
            auto.ends(log, "FAIL", attempt)
            auto.due()
        auto.sweep()
        assert len(partner.requests) == 3
    assert [(d["attempt"], d["kind"], d["status"]) for d in auto.documents(log)] == [(1, "AUTO", "FAIL"), (2, "AUTO", "FAIL")]
    assert world.log(log["_id"])["auto_retry_count"] == 2


def test_two_schedulers_and_a_kill_of_either_make_no_attempt_twice(world, auto):
    """Each log gets exactly its 3 attempts, whoever of the schedulers dies amid them."""
    limits = {"AUTO_RETRY_INTERVAL": "100ms"}
    with Partner(TOO_MANY) as partner:
        logs = [log for _, log in auto.failed(partner, n=20, extra={"auto_retry": {"max": 3}})]

        def all_have(count):
            auto.due()
            return all(log["auto_retry_count"] >= count and log["status"] == "FAIL" for log in world.logs())

        with Running(**limits) as first, Running(**limits) as second:
            eventually(lambda: all_have(1), 60, what="a first attempt of each")
            leader, other = (first, second) if first.leads() else (second, first)
            leader.process.kill()
            eventually(lambda: all_have(2), 60, what="a second one")
            with Running(**limits) as third:
                other.process.kill()
                eventually(lambda: all_have(3), 60, what="a third one")
                auto.due()
                third.after(3)
        assert Counter(r.headers["webhook-id"] for r in partner.requests) == {str(log["_id"]): 4 for log in logs}
    for log in logs:
        assert [(d["_id"], d["attempt"], d["status"]) for d in auto.documents(log)] == [
            (f"auto-{log['_id']}-{n}", n, "FAIL") for n in (1, 2, 3)]
        assert world.log(log["_id"])["auto_retry_count"] == 3 and world.log(log["_id"])["retry_count"] == 0


def test_sweeps_at_once_make_one_attempt(world, auto):
    with Partner([BUSY, BUSY, BUSY, Reply()]) as partner:
        logs = [log for _, log in auto.failed(partner, n=3)]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: auto.sweep(), range(3)))
        for log in logs:
            auto.ends(log, "SUCCESS")
        assert len(partner.requests) == 6
    assert {log["auto_retry_count"] for log in world.logs()} == {1}


def test_a_log_of_py3_goes_over_its_route_and_is_put_right(world, auto):
    with Partner([BUSY, Reply()]) as partner:
        (_, log), = auto.failed(partner)
        auto.logs.update_one({"_id": log["_id"]}, {"$set": {"triggered_by_py3": True}})
        auto.sweep()  # PY3_RETRY_URL is the stack's own dashboard
        log = auto.ends(log, "SUCCESS")
    assert (log["auto_retry_count"], log["retry_count"]) == (1, 0)
    document, = auto.documents(log)
    assert (document["_id"], document["kind"]) == (f"auto-{log['_id']}-1", "AUTO")


def test_a_row_that_is_switched_off_meanwhile_is_left_alone(world, auto):
    with Partner([BUSY, Reply()]) as partner:
        (_, log), = auto.failed(partner)
        update_row(world.stack, log["lab_integration_id"], is_disable=True)
        auto.sweep()
        assert len(partner.requests) == 1 and not auto.documents(log)
