"""retry-scheduler against the real store, broker and PostgreSQL. Logs are put there with times of
the past, so nothing waits for time to pass; what is asked for is read from integration.retries."""
import concurrent.futures
import os
import time
from datetime import datetime, timedelta, timezone

import pytest
from bson import ObjectId

from fleet import schemas
from fleet.rows import add_auth, update_auth, update_row
from fleet.scheduler import Running
from fleet.stack import dev
from fleet.topics import Topic
from fleet.wait import eventually
from partners import Partner, Reply, closed_port

URL = "http://127.0.0.1:9/hook"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PY3_PATH = "/api-v3/integration/retry-integration/"


@pytest.fixture(scope="module", autouse=True)
def alone(stack):
    """The stack's own sweeps would ask for the same logs, and trigger would make the attempts."""
    stopped = ("retry-scheduler", "trigger")
    for service in stopped:
        stack.stop(service)
    yield
    for service in stopped:
        stack.start(service)


class Sweeps:
    def __init__(self, world):
        self.world, self.stack = world, world.stack
        self.topic = Topic(self.stack, "integration.retries")

    def log(self, row, age=HOUR, **fields):
        """A log of the row as the store has it, inserted `age` ago; its id in hex."""
        at = datetime.now(timezone.utc) - age
        document = {
            "_id": ObjectId(os.urandom(12)), "integration_type": "WEBHOOK", "lab_id": self.world.lab.id,
            "lab_integration_id": row, "auth_id": self.world.auth, "transport": "http", "vendor": None,
            "status": "FAIL", "error_kind": "timeout", "error_message": "No response", "response_status_code": None,
            "retry_count": 0, "auto_retry_count": 0, "next_auto_retry_at": None, "triggered_by_py3": False,
            "inserted_at": at, "updated_at": at, "attempt": 0, **fields}
        for field in [f for f, value in document.items() if value is ...]:
            del document[field]
        self.stack.mongo.integration_directory.insert_one(document)
        return str(document["_id"])

    def run(self, *flags, check=True, **env):
        run = dev("run", "retry-scheduler", *(flags or ["--once"]), check=False, env=env)
        if check:
            assert run.returncode == 0, run.stdout + run.stderr
        return run

    def requests(self):
        """What this lab was asked for since the test began: {log_id: [request, ...]}."""
        found = {}
        for message in self.topic.to_the_end():
            request = message.json()
            if request.get("lab_id") == self.world.lab.id:
                assert message.key.decode() == request["log_id"]
                found.setdefault(request["log_id"], []).append(request)
        return found

    def asked(self, *logs, **env):
        """One sweep; which of these logs it asked for."""
        self.run(**env)
        requests = self.requests()
        return [log in requests for log in logs]


@pytest.fixture
def sweeps(world):
    s = Sweeps(world)
    yield s
    s.topic.close()
    s.stack.mongo.integration_directory.delete_many({"lab_id": world.lab.id})


@pytest.fixture
def row(world):
    return world.row(1, URL, is_auto_retry=True)


def test_a_failed_log_is_asked_for_once_an_attempt(sweeps, row):
    log = sweeps.log(row)
    sweeps.run()
    wanted = {"log_id": log, "retry_id": f"auto-{log}-1", "lab_id": sweeps.world.lab.id, "kind": "AUTO",
              "requested_by": "retry-scheduler"}
    assert sweeps.requests() == {log: [wanted]}
    schemas.check("retry-request", wanted)
    sweeps.run()  # knows nothing of the first
    assert sweeps.requests() == {log: [wanted, wanted]}, "the same attempt has the same retry_id"


def test_the_last_24_hours_count_by_the_minute(sweeps, row):
    inside, outside = sweeps.log(row, 24 * HOUR - MINUTE), sweeps.log(row, 24 * HOUR + MINUTE)
    assert sweeps.asked(inside, outside) == [True, False]


def test_a_configured_range_counts_instead(sweeps, row):
    now = datetime.now(timezone.utc)
    logs = [sweeps.log(row, age) for age in (51 * HOUR, 49 * HOUR, 47 * HOUR, HOUR)]
    assert sweeps.asked(*logs, AUTO_RETRY_FROM=(now - 50 * HOUR).isoformat(),
                        AUTO_RETRY_TO=(now - 48 * HOUR).isoformat()) == [False, True, False, False]


@pytest.mark.parametrize("case, fields, eligible", [
    ("mllp queued for 9 minutes", {"transport": "mllp", "age": 9 * MINUTE}, False),
    ("mllp queued for 11 minutes", {"transport": "mllp", "age": 11 * MINUTE}, True),
    ("http queued for 11 minutes", {"transport": "http", "age": 11 * MINUTE}, False),
    ("queued with an error of the patterns", {"error_message": "No response", "age": MINUTE}, True),
])
def test_of_the_queued_ones_those_of_mirth_after_ten_minutes(sweeps, row, case, fields, eligible):
    log = sweeps.log(row, **{"status": "QUEUED", "error_kind": None, "error_message": None, **fields})
    assert sweeps.asked(log) == [eligible], case


def test_a_later_attempt_of_mirth_is_queued_since_it_was_made(sweeps, row):
    now = datetime.now(timezone.utc)
    logs = [sweeps.log(row, 3 * HOUR, status="QUEUED", error_kind=None, error_message=None, transport="mllp",
                       attempt=1, auto_retry_count=1, updated_at=now - age) for age in (9 * MINUTE, 11 * MINUTE)]
    assert sweeps.asked(*logs) == [False, True]


ERRORS = [
    ("No response", {"error_kind": None, "error_message": "No response"}, True),
    ("a connect time-out in Java's words",
     {"error_kind": None, "error_message": "Session.connect: java.net.SocketTimeoutException: x"}, True),
    ("the kind timeout", {"error_kind": "timeout", "error_message": "slow"}, True),
    ("the kind connect", {"error_kind": "connect", "error_message": "refused"}, True),
    ("the kind dns", {"error_kind": "dns", "error_message": "no such host"}, True),
    *((f"code {code}", {"error_kind": "http_status", "error_message": "busy", "response_status_code": code}, wanted)
      for code, wanted in ((429, True), (502, True), (503, True), (504, True), (500, False), (400, False))),
    ("410, whatever it says",
     {"error_kind": "http_status", "error_message": "No response", "response_status_code": 410}, False),
    ("a nack", {"error_kind": "nack", "error_message": "AE", "transport": "mllp"}, False),
    ("what the row adds", {"error_kind": "nack", "error_message": "AE: table locked", "transport": "mllp"}, True),
    ("superseded", {"status": "SUPERSEDED"}, False),
    ("suppressed", {"status": ""}, False),
    ("delivered", {"status": "SUCCESS"}, False),
    ("due", {"next_auto_retry_at": datetime.now(timezone.utc) - MINUTE}, True),
    ("not due yet", {"next_auto_retry_at": datetime.now(timezone.utc) + 24 * HOUR}, False),  # of when the tests began
    ("no word of when it is due", {"next_auto_retry_at": ...}, True),
    ("four attempts were made", {"auto_retry_count": 4}, True),
    ("five attempts were made", {"auto_retry_count": 5}, False),
]


def test_the_error_and_the_count_decide(sweeps):
    row = sweeps.world.row(1, URL, is_auto_retry=True, extra={"auto_retry": {"patterns": ["table locked"]}})
    logs = {case: sweeps.log(row, **fields) for case, fields, _ in ERRORS}
    sweeps.run()
    requests = sweeps.requests()
    assert {case for case, log in logs.items() if log in requests} == {case for case, _, wanted in ERRORS if wanted}
    assert requests[logs["four attempts were made"]][0]["retry_id"].endswith("-5")


def test_the_patterns_of_the_deployment_replace_the_defaults(sweeps, row):
    logs = [sweeps.log(row, error_kind="http_status", error_message=text, response_status_code=code)
            for text, code in (("No response", None), ("please come back", 418), ("x", 507))]
    assert sweeps.asked(*logs, AUTO_RETRY_PATTERNS="come back,code=507") == [False, True, True]


def test_the_maximum_of_the_row_goes_before(sweeps, world):
    rows = {most: world.row(1, URL, is_auto_retry=True, extra={"auto_retry": {"max": most}}) for most in (0, 2, 7)}
    logs = [sweeps.log(rows[most], auto_retry_count=made) for most, made in ((0, 0), (2, 1), (2, 2), (7, 6), (7, 7))]
    assert sweeps.asked(*logs) == [False, True, False, True, False]


def test_the_switches_decide_as_they_are_now(sweeps, world):
    rows = [world.row(1, URL, is_auto_retry=on) for on in (True, False, True)]
    update_row(world.stack, rows[2], is_disable=True)
    other = add_auth(world.stack, world.lab)
    rows.append(world.row(1, URL, auth=other, is_auto_retry=True))
    update_auth(world.stack, other, is_integration_enable=False)
    logs = [sweeps.log(row) for row in [*rows, 2**40]]
    assert sweeps.asked(*logs) == [True, False, False, False, False]


def test_switching_it_on_touches_no_failure_from_before(sweeps, world):
    row = world.row(1, URL, is_auto_retry=False)
    before = sweeps.log(row, MINUTE)
    update_row(world.stack, row, is_auto_retry=True)
    time.sleep(0.01)  # the store keeps milliseconds: the next one's, surely
    after = sweeps.log(row, timedelta(0))
    assert sweeps.asked(before, after) == [False, True]


def test_a_partner_that_is_back_gets_its_budget_the_oldest_first(sweeps, world, row):
    many = [sweeps.log(row, MINUTE * (90 - i)) for i in range(12)]
    other_auth = add_auth(world.stack, world.lab)
    other_row = world.row(1, URL, auth=other_auth, is_auto_retry=True)
    few = [sweeps.log(other_row, auth_id=other_auth) for _ in range(3)]
    assert sweeps.asked(*many, *few, AUTO_RETRY_BUDGET="5") == [True] * 5 + [False] * 7 + [True] * 3


def test_what_is_under_way_is_not_asked_for_with_each_sweep(sweeps, row):
    log = sweeps.log(row)
    with Running(AUTO_RETRY_INTERVAL="100ms") as scheduler:
        scheduler.after(5)
        assert len(sweeps.requests()[log]) == 1
        sweeps.stack.mongo.integration_directory.update_one(
            {"_id": ObjectId(log)}, {"$set": {"auto_retry_count": 1, "attempt": 1}})
        scheduler.after(5)
    assert [r["retry_id"] for r in sweeps.requests()[log]] == [f"auto-{log}-1", f"auto-{log}-2"]


def test_what_is_under_way_counts_against_the_budget(sweeps, row):
    logs = [sweeps.log(row, MINUTE * (90 - i)) for i in range(10)]
    with Running(AUTO_RETRY_INTERVAL="100ms", AUTO_RETRY_BUDGET="4") as scheduler:
        scheduler.after(5)
        assert sorted(sweeps.requests()) == sorted(logs[:4])
        sweeps.stack.mongo.integration_directory.update_one({"_id": ObjectId(logs[0])}, {"$set": {"status": "SUCCESS"}})
        scheduler.after(5)
    assert sorted(sweeps.requests()) == sorted(logs[:5])


def test_one_of_two_schedulers_sweeps_and_the_other_takes_over(sweeps, row):
    with Running(AUTO_RETRY_INTERVAL="100ms") as first:
        eventually(first.leads, 20, what="the first leads")
        with Running(AUTO_RETRY_INTERVAL="100ms") as second:
            eventually(lambda: second.sweeps("standby") > 3, 20, what="the second stands by")
            assert second.sweeps() == 0 and not second.leads()
            assert second.ready(), "who stands by is ready to take over"
            log = sweeps.log(row)
            first.after(5)
            assert len(sweeps.requests()[log]) == 1
            first.process.kill()
            eventually(second.leads, 20, what="the second leads")
            second.after(3)
            assert {r["retry_id"] for r in sweeps.requests()[log]} == {f"auto-{log}-1"}


def test_two_that_sweep_at_once_ask_for_the_same_attempts(sweeps, row):
    logs = {sweeps.log(row, MINUTE * i) for i in range(1, 41)}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: sweeps.run(check=False), range(2)))
    assert [r.returncode for r in runs] == [0, 0]
    ids = {r["retry_id"] for requests in sweeps.requests().values() for r in requests}
    assert ids == {f"auto-{log}-1" for log in logs}


def test_once_sweeps_beside_a_leader(sweeps, row):
    with Running(AUTO_RETRY_INTERVAL="1h") as scheduler:
        eventually(scheduler.sweeps, 20, what="its first sweep")
        log = sweeps.log(row)
        assert sweeps.asked(log) == [True]


def test_logs_of_py3_go_by_http_and_the_others_never(sweeps, row):
    py3, other = sweeps.log(row, triggered_by_py3=True), sweeps.log(row)
    with Partner(Reply(code=202)) as route:
        assert sweeps.asked(py3, other, PY3_RETRY_URL=route.url("")) == [False, True]
    mine = [r for r in route.requests if r.json()["lab_id"] == sweeps.world.lab.id]
    assert [(r.method, r.path, r.json()) for r in mine] == [
        ("POST", PY3_PATH, {"log_id": py3, "retry_id": f"auto-{py3}-1", "lab_id": sweeps.world.lab.id})]
    assert mine[0].headers["x-internal-token"] == sweeps.stack.token
    assert mine[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("failure", ["refuses", "is broken", "does not answer", "is not there"])
def test_a_failure_of_pys_route_is_tried_again_and_holds_nothing_up(sweeps, row, failure):
    py3, other = sweeps.log(row, triggered_by_py3=True), sweeps.log(row)
    reply = {"refuses": Reply(code=409), "is broken": Reply(code=500), "does not answer": Reply(reset=True)}
    with Partner([reply.get(failure, Reply()), Reply(code=202)]) as route:
        url = f"http://127.0.0.1:{closed_port()}" if failure == "is not there" else route.url("")
        with Running(AUTO_RETRY_INTERVAL="100ms", PY3_RETRY_URL=url) as scheduler:
            eventually(lambda: scheduler.metrics()["retry_scheduler_py3_failures_total"] >= 1, what="a failure")
            scheduler.after(5)
        mine = [r.json()["log_id"] for r in route.requests].count(py3)
    assert mine == (0 if failure == "is not there" else 2), "asked for until it was accepted, then no more"
    assert len(sweeps.requests()[other]) == 1 and py3 not in sweeps.requests()


def test_without_a_route_logs_of_py3_are_left_alone(sweeps, row):
    py3 = sweeps.log(row, triggered_by_py3=True)
    run = sweeps.run("--dry-run", PY3_RETRY_URL="")
    line = next(x for x in run.stdout.splitlines() if x.startswith(py3))
    assert line.endswith("left alone: a log of py3, and PY3_RETRY_URL is not set")


def test_stuck_work_is_found_and_driven_again(sweeps, world, row):
    quiet = world.row(1, URL, is_auto_retry=False)
    queued = {"status": "QUEUED", "error_kind": None, "error_message": None}
    cases = {
        "16 minutes": (sweeps.log(row, 16 * MINUTE, **queued), True),
        "14 minutes": (sweeps.log(row, 14 * MINUTE, **queued), False),
        "without auto-retry": (sweeps.log(quiet, 16 * MINUTE, **queued), True),
        "waits for its vendor": (sweeps.log(row, 16 * MINUTE, transport="fax", vendor="humblefax", **queued), False),
        "waits for Mirth": (sweeps.log(quiet, 16 * MINUTE, transport="mllp", **queued), False),
        "driven once, 16 minutes": (sweeps.log(row, 16 * MINUTE, auto_retry_count=1, **queued), False),
        "driven once, 31 minutes": (sweeps.log(row, 31 * MINUTE, auto_retry_count=1, **queued), True),
        "came in": (sweeps.log(row, 16 * MINUTE, integration_type="API", **queued), False),
        "driven too often": (sweeps.log(row, 23 * HOUR, auto_retry_count=5, **queued), False),
    }
    sweeps.run()
    requests = sweeps.requests()
    assert {case: log in requests for case, (log, _) in cases.items()} == {c: wanted for c, (_, wanted) in cases.items()}
    assert {r["requested_by"] for rs in requests.values() for r in rs} == {"stuck-work"}
    assert requests[cases["driven once, 31 minutes"][0]][0]["retry_id"].endswith("-2")
    with Running() as scheduler:
        eventually(scheduler.sweeps, 20, what="its first sweep")
        assert scheduler.metrics()["retry_scheduler_stuck"] >= 4, "the one that was driven too often counts too"


def test_a_dry_run_says_what_and_why_and_does_nothing(sweeps, world, row):
    off = world.row(1, URL, is_auto_retry=False)
    soon = datetime.now(timezone.utc) + 5 * MINUTE
    cases = {
        sweeps.log(row): "would be tried again, automatic attempt 1 (eligible)",
        sweeps.log(row, triggered_by_py3=True): "would be tried again, automatic attempt 1, by py3 (eligible)",
        sweeps.log(row, auto_retry_count=5): "left alone: all automatic attempts are used up",
        sweeps.log(row, next_auto_retry_at=soon): "left alone: waiting for its next attempt's time",
        sweeps.log(row, error_kind="nack", error_message="AE"):
            "left alone: the error is not one that is retried by itself",
        sweeps.log(row, response_status_code=410): "left alone: the partner answered 410: the address is gone for good",
        sweeps.log(off): "left alone: is_auto_retry is off",
        sweeps.log(row, MINUTE, status="QUEUED", error_kind=None, error_message=None): "left alone: still on its way",
    }
    for status in ("FAIL", "QUEUED"):  # calls that came in: there is nothing to say of them
        sweeps.log(row, integration_type="API", status=status)
    with Partner(Reply(code=202)) as route:
        run = sweeps.run("--dry-run", PY3_RETRY_URL=route.url(""))
        assert not route.requests
    said = {line.split()[0]: line.split(": ", 1)[1] for line in run.stdout.splitlines()
            if f" lab {world.lab.id} " in line}
    assert said == cases
    assert sweeps.requests() == {}


@pytest.mark.parametrize("key, value", [
    ("AUTO_RETRY_PATTERNS", "No response,,kind=timeout"), ("AUTO_RETRY_PATTERNS", "kind=weather"),
    ("AUTO_RETRY_PATTERNS", "code=5xx"), ("AUTO_RETRY_FROM", "yesterday"), ("AUTO_RETRY_TO", "soon"),
    ("AUTO_RETRY_INTERVAL", "60"), ("AUTO_RETRY_MAX", "-1"), ("AUTO_RETRY_BUDGET", "0")])
def test_a_faulty_key_is_named(key, value):
    run = dev("run", "retry-scheduler", "--check-config", check=False, env={key: value})
    assert run.returncode == 78
    assert [line.split(":")[0] for line in run.stderr.splitlines()] == [key]
