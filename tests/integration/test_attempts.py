"""Attempts of retries, as callback writes them: reports straight into integration.callbacks."""
import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from bson import ObjectId

from fleet.topics import Topic
from fleet.wait import eventually

FIRST = {"end_point": "http://partner/first", "request_headers": {"x-first": "1"}, "request_body": '{"n":0}',
         "request_type": 1}


class Case:
    """A log that failed, and what is reported of it."""

    def __init__(self, world):
        self.world, self.stack = world, world.stack
        self.updates = Topic(self.stack, "integration.status-updates")
        self.failed = Topic(self.stack, "integration.failed-tasks")
        self.id = self.log()

    def close(self):
        self.updates.close()
        self.failed.close()

    def log(self, **fields):
        log_id, now = ObjectId(), datetime.now(timezone.utc)
        self.stack.mongo.integration_directory.insert_one({
            "_id": log_id, "lab_id": self.world.lab.id, "status": "FAIL", "error_kind": "http_status",
            "error_message": "disk full", "response_status_code": 500, "response_headers": {"a": "b"},
            "response_body": "disk full", "response_time": 5.0, "retry_count": 0, "auto_retry_count": 0, "attempt": 0,
            "next_auto_retry_at": now, "inserted_at": now, "updated_at": now, "payload_sha256": "aa", **FIRST, **fields})
        return str(log_id)

    def produce(self, kind, **members):
        report = {"kind": kind, "log_id": self.id, "lab_id": self.world.lab.id, **members}
        self.world.publisher.raw("integration.callbacks", self.id, json.dumps(report).encode())

    def retry(self, attempt, kind="MANUAL", begin=True, **payload):
        """What trigger does: the record, then the report. Returns the retry_id."""
        retry_id = f"r-{uuid.uuid4()}"
        self.stack.mongo.integration_retry_log.insert_one(
            {"_id": retry_id, "integration_directory_id": ObjectId(self.id), "kind": kind, "requested_by": "test",
             "requested_at": datetime.now(timezone.utc), "attempt": attempt, "status": "QUEUED"})
        if begin:
            self.begin(retry_id, attempt, kind, **payload)
        return retry_id

    def begin(self, retry_id, attempt, kind="MANUAL", **payload):
        self.produce("attempt", attempt=attempt, retry_id=retry_id, payload={
            "retry_id": retry_id, "kind": kind, "attempt": attempt, "end_point": f"http://partner/{attempt}",
            "request_headers": {"x-retry": str(attempt)}, "request_body": json.dumps({"n": attempt}),
            "request_type": 2, "payload_sha256": "bb", "payload_changed": True, **payload})

    def end(self, retry_id, attempt, status, code=None, **more):
        more = {"error_kind": "http_status", "error_message": "still full", **more} if status == "FAIL" else more
        retry = {"retry_id": retry_id, "attempt": attempt} if retry_id else {}
        self.produce("outcome", status=status, **retry, **({"response_status_code": code} if code else {}),
                     occurred_at_ms=1, response_body=f"answer {attempt}", **more)

    def now(self):
        return self.stack.mongo.integration_directory.find_one({"_id": ObjectId(self.id)})

    def record(self, retry_id):
        return self.stack.mongo.integration_retry_log.find_one({"_id": retry_id})

    def settled(self):
        """A report behind all others (one key, one partition) came out at failed-tasks."""
        mark = f"mark-{uuid.uuid4()}"
        self.end(mark, 99, "FAIL")
        return self.failed.until(lambda m: m.value and mark.encode() in m.value)

    def log_when(self, **fields):
        return eventually(lambda: (lambda d: d if all(d.get(k) == v for k, v in fields.items()) else None)(self.now()),
                          what=lambda: f"{fields}; now {self.now()}")

    def told(self):
        """(status, retry_id, retry_count, auto_retry_count) of each update of this log."""
        rows = [m.json() for m in self.updates.to_the_end()]
        return [(r["status"], r["retry_id"], r["retry_count"], r["auto_retry_count"])
                for r in rows if r["log_id"] == self.id]


@pytest.fixture
def case(world):
    c = Case(world)
    yield c
    c.close()


def test_an_attempt_turns_the_log_to_itself_and_keeps_the_first_one(case):
    retry = case.retry(1)
    log = case.log_when(status="QUEUED", attempt=1, current_retry_id=retry, retry_count=1, auto_retry_count=0)
    for field in ("error_kind", "error_message", "response_headers", "response_body", "response_status_code",
                  "response_time", "next_auto_retry_at", "fusion_log"):
        assert log[field] is None, field
    assert (log["end_point"], log["request_headers"], log["request_body"], log["request_type"],
            log["payload_sha256"]) == ("http://partner/1", {"x-retry": "1"}, '{"n": 1}', 2, "bb")
    first = log["first_attempt"]
    assert (first["status"], first["error_message"], first["response_body"], first["response_status_code"]) == \
        ("FAIL", "disk full", "disk full", 500)
    assert {k: first[k] for k in FIRST} == FIRST and first["ended_at"]
    record = case.record(retry)
    assert record["request_body"] == '{"n": 1}' and record["payload_changed"] is True and record["status"] == "QUEUED"
    case.settled()
    assert case.told() == [("QUEUED", retry, 1, 0)]


def test_outcomes_go_to_the_record_and_the_log_once(case):
    retry = case.retry(1)
    case.end(retry, 1, "FAIL", 503)
    case.end(retry, 1, "FAIL", 404)
    case.settled()
    log, record = case.now(), case.record(retry)
    for doc in (log, record):
        assert (doc["status"], doc["response_status_code"], doc["error_message"]) == ("FAIL", 503, "still full")
    assert record["completed_at"] and record["response_body"] == "answer 1"
    assert log["first_attempt"]["response_status_code"] == 500
    case.end(retry, 1, "SUCCESS", 200)
    case.log_when(status="SUCCESS", error_message=None, response_status_code=200, next_auto_retry_at=None)
    assert case.record(retry)["status"] == "SUCCESS"
    case.settled()
    assert case.told() == [("QUEUED", retry, 1, 0), ("FAIL", retry, 1, 0), ("SUCCESS", retry, 1, 0)]


def test_a_body_that_was_cut_is_said_to_be_and_only_that(case):
    cut = case.retry(1, request_body_truncated=True)
    assert case.log_when(attempt=1)["request_body_truncated"] is True
    assert case.record(cut)["request_body_truncated"] is True
    whole = case.retry(2)
    assert "request_body_truncated" not in case.log_when(attempt=2)
    assert "request_body_truncated" not in case.record(whole)


def test_counts_are_the_records_by_kind(case):
    retries = []
    for attempt, kind in enumerate(("MANUAL", "AUTO", "AUTO", "MANUAL", "AUTO"), 1):
        retries.append(case.retry(attempt, kind))
        case.begin(retries[-1], attempt, kind)  # a redelivery
        case.end(retries[-1], attempt, "FAIL", 500)
    for attempt, retry in enumerate(retries, 1):
        case.begin(retry, attempt)  # long after
    log = case.log_when(attempt=5, status="FAIL")
    case.settled()
    log = case.now()
    assert (log["retry_count"], log["auto_retry_count"], log["current_retry_id"]) == (2, 3, retries[-1])
    assert log["first_attempt"]["request_body"] == FIRST["request_body"]
    assert {case.record(r)["status"] for r in retries} == {"FAIL"}


def test_an_older_attempt_changes_its_record_alone_unless_it_was_delivered(case):
    first, second, third = (case.retry(n) for n in (1, 2, 3))
    case.end(first, 1, "FAIL", 500)
    case.end(second, 2, "SUPERSEDED")
    case.settled()
    log = case.now()
    assert (log["status"], log["attempt"], log["response_status_code"]) == ("QUEUED", 3, None)
    assert [case.record(r)["status"] for r in (first, second, third)] == ["FAIL", "SUPERSEDED", "QUEUED"]
    case.end(first, 1, "SUCCESS", 200)
    log = case.log_when(status="SUCCESS", attempt=3, response_status_code=200)
    assert log["request_body"] == '{"n": 3}' and log["current_retry_id"] == third
    case.end(third, 3, "SUPERSEDED", error_message="attempt 1 was delivered meanwhile")
    case.settled()
    assert case.now()["status"] == "SUCCESS"
    assert [case.record(r)["status"] for r in (first, second, third)] == ["SUCCESS", "SUPERSEDED", "SUPERSEDED"]


def test_a_late_report_of_the_first_attempt(case):
    case.id = case.log(status="QUEUED", error_kind=None, error_message=None, response_status_code=None)
    case.retry(1, "AUTO")
    case.end(None, 0, "FAIL", 502)
    case.settled()
    log = case.now()
    assert (log["status"], log["error_message"]) == ("QUEUED", None)
    first = log["first_attempt"]
    assert (first["status"], first["response_status_code"], first["error_message"]) == ("FAIL", 502, "still full")
    assert first["ended_at"] and first["request_body"] == FIRST["request_body"]
    case.end(None, 0, "SUCCESS", 200)
    log = case.log_when(status="SUCCESS", attempt=1)
    assert log["first_attempt"]["status"] == "SUCCESS" and log["first_attempt"]["error_message"] is None


def test_a_delivery_before_the_attempt_is_not_put_in_doubt(case):
    retry = case.retry(1, begin=False)
    case.end(None, 0, "SUCCESS", 200)
    case.begin(retry, 1)
    case.end(retry, 1, "FAIL", 500)
    case.settled()
    log = case.now()
    assert (log["status"], log["attempt"], log["retry_count"], log["response_status_code"]) == ("SUCCESS", 1, 1, 200)
    assert case.record(retry)["status"] == "FAIL"
    again = case.retry(2, resend=True)
    case.log_when(status="QUEUED", attempt=2, current_retry_id=again, retry_count=2)


def test_a_record_that_a_crash_left_ahead_of_its_log_is_caught_up_with(case):
    retry = case.retry(1)
    case.log_when(attempt=1)
    case.stack.mongo.integration_retry_log.update_one({"_id": retry}, {"$set": {"status": "FAIL"}})
    case.end(retry, 1, "FAIL", 503)
    case.log_when(status="FAIL", response_status_code=503)
    assert case.told()[-1] == ("FAIL", retry, 1, 0)


@pytest.mark.parametrize("headers, at_least, at_most", [({}, 4, 60), ({"Retry-After": "7200"}, 7200, 7200),
                                                        ({"retry-after": "soon"}, 4, 60)])
def test_a_failure_says_when_it_is_due_again(case, headers, at_least, at_most):
    case.id = case.log(auto_retry_count=2, status="QUEUED", error_message=None)
    case.end(None, 0, "FAIL", 503, response_headers=headers)
    log = case.log_when(status="FAIL")
    wait = log["next_auto_retry_at"] - log["updated_at"]
    assert timedelta(seconds=at_least) <= wait <= timedelta(seconds=at_most), wait


def test_reports_of_attempts_that_nobody_knows_are_kept(case):
    other = Case(case.world)
    of_another = other.retry(1)
    other.close()
    for retry in ("unknown", of_another):
        case.end(retry, 1, "SUCCESS", 200)
        [message] = case.failed.until(lambda m, r=retry: m.value and r.encode() in m.value and case.id.encode() in m.value)
        assert message.text("reason") == "unknown_attempt"
    assert case.now()["status"] == "FAIL"


def test_a_log_of_another_writer_need_not_have_our_fields(case):
    case.id = case.log()
    case.stack.mongo.integration_directory.update_one(
        {"_id": ObjectId(case.id)}, {"$unset": {"attempt": "", "retry_count": "", "auto_retry_count": ""}})
    retry = case.retry(1)
    case.log_when(status="QUEUED", attempt=1, retry_count=1)
    case.end(retry, 1, "SUCCESS", 200)
    case.log_when(status="SUCCESS", response_status_code=200)
    eventually(lambda: len(case.told()) >= 2)
    assert case.told() == [("QUEUED", retry, 1, 0), ("SUCCESS", retry, 1, 0)]


@pytest.mark.parametrize("fields", [{"status": "WEIRD"}, {"attempt": "none"}])
def test_a_log_in_no_state_that_we_know_stops_nothing(case, fields):
    case.id = case.log(**fields)
    case.end(None, 0, "SUCCESS", 200)
    [message] = case.failed.until(lambda m: m.value and case.id.encode() in m.value)
    assert message.text("reason") == "store_refused"
