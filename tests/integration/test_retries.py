"""Retries against the real stack: asked for on integration.retries, built again from today's data."""
import json

import pytest

from fleet.events import bill_event
from fleet.lis import Lab
from fleet.rows import add_auth, update_row
from fleet.stack import dev
from fleet.topics import Topic
from fleet.wait import eventually
from partners import Partner, Reply


class Retries:
    def __init__(self, world):
        self.world, self.stack = world, world.stack
        self.failed_tasks = Topic(self.stack, "integration.failed-tasks")

    def ask(self, log, retry_id, **more):
        log_id = str(log["_id"])
        request = {"log_id": log_id, "retry_id": retry_id, "lab_id": self.world.lab.id, "kind": "MANUAL",
                   "requested_by": "a tester", **more}
        self.world.publisher.raw("integration.retries", log_id, json.dumps(request))

    def refused(self, log, reason):
        """Its request in failed-tasks."""
        return self.failed_tasks.until(lambda m: m.key == str(log["_id"]).encode() and m.text("reason") == reason)[0]

    def documents(self, log):
        return list(self.stack.mongo.integration_retry_log.find({"integration_directory_id": log["_id"]},
                                                                sort=[("attempt", 1)]))

    def set(self, log, **fields):
        self.stack.mongo.integration_directory.update_one({"_id": log["_id"]}, {"$set": fields})

    def wait(self, log, status, attempt=1):
        """The log once that attempt has this status."""
        return eventually(lambda: next((found for found in [self.world.log(log["_id"])]
                                        if found["attempt"] == attempt and found["status"] == status), None),
                          20, what=lambda: f"attempt {attempt} {status}; now {self.world.log(log['_id'])}")

    def completed(self, log, status, n=1):
        def all_are():
            documents = self.documents(log)
            return documents if [d["status"] for d in documents] == [status] * n else None
        return eventually(all_are, 20, what=lambda: f"{n} retries {status}; now {self.documents(log)}")


@pytest.fixture
def retries(world):
    r = Retries(world)
    yield r
    r.failed_tasks.close()


@pytest.fixture
def flaky():
    """Fails the first time, accepts all that follows."""
    with Partner([Reply(code=500), Reply()]) as partner:
        yield partner


class Failure:
    """A bill whose first delivery failed."""

    def __init__(self, world, partner):
        self.bill = world.lab.bill()
        self.row = world.row(1, partner.url())
        event = world.publish(bill_event(world.lab, self.bill, 1))
        self.log = world.wait_log(event, self.row)
        assert self.log["status"] == "FAIL"


@pytest.fixture
def failure(world, flaky):
    return Failure(world, flaky)


def test_what_was_corrected_meanwhile_arrives_corrected(world, retries, failure, flaky):
    world.stack.sql("UPDATE lis.patient SET full_name = 'Asha Corrected', first_name = 'Asha',"
                    " last_name = 'Corrected' WHERE patient_id = %s", [failure.bill.patient_id])
    retries.ask(failure.log, f"r-{failure.log['_id']}")
    log = retries.wait(failure.log, "SUCCESS")
    first, second = flaky.requests
    assert b"Asha Rao" in first.body and b"Asha Corrected" in second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    document, = retries.completed(failure.log, "SUCCESS")
    assert {key: document[key] for key in ("_id", "kind", "requested_by", "attempt", "payload_changed")} == {
        "_id": f"r-{failure.log['_id']}", "kind": "MANUAL", "requested_by": "a tester", "attempt": 1,
        "payload_changed": True}
    assert log["retry_count"] == 1 and log["auto_retry_count"] == 0
    assert log["first_attempt"]["status"] == "FAIL" and log["payload_sha256"] != failure.log["payload_sha256"]


def test_nothing_is_sent_of_a_bill_that_was_cancelled(world, retries, failure, flaky):
    world.lab.cancel(failure.bill.id)
    retries.ask(failure.log, f"r-{failure.log['_id']}")
    log = retries.wait(failure.log, "SUPERSEDED")
    assert log["error_message"] and len(flaky.requests) == 1
    document, = retries.completed(failure.log, "SUPERSEDED")
    assert document["error_message"] == log["error_message"]


def test_one_retry_id_is_one_attempt(world, retries, failure, flaky):
    for _ in range(3):
        retries.ask(failure.log, f"same-{failure.log['_id']}")
    retries.wait(failure.log, "SUCCESS")
    retries.ask(failure.log, f"same-{failure.log['_id']}")
    retries.ask(failure.log, f"other-{failure.log['_id']}", resend=True)
    retries.wait(failure.log, "SUCCESS", attempt=2)
    assert [d["attempt"] for d in retries.documents(failure.log)] == [1, 2]
    assert len(flaky.requests) == 3


@pytest.mark.parametrize("reason, request_", [
    ("other_lab", {"lab_id": 1}),
    ("bad_retry_id", {"retry_id": ""}),
    ("bad_retry_id", {"retry_id": "x" * 65}),
    ("bad_retry_id", {"retry_id": 7}),
    ("unknown_log", {"log_id": "f" * 24}),
])
def test_a_refused_request_touches_nothing(retries, failure, flaky, reason, request_):
    retries.ask(failure.log, **{"retry_id": f"r-{failure.log['_id']}", **request_})
    assert retries.refused(failure.log, reason).text("source_topic").endswith("integration.retries")
    assert retries.documents(failure.log) == []
    assert retries.world.log(failure.log["_id"]) == failure.log
    assert len(flaky.requests) == 1


def test_a_retry_id_belongs_to_one_log(world, retries, failure, flaky):
    retry = f"shared-{failure.log['_id']}"
    retries.ask(failure.log, retry)
    retries.wait(failure.log, "SUCCESS")
    with Partner(Reply(code=500)) as partner:
        other = world.deliver(partner.url("/other"))
        retries.ask(other, retry)
        retries.refused(other, "bad_retry_id")
        assert len(partner.requests) == 1 and retries.documents(other) == []


def test_what_is_sent_again_and_fails_is_no_success_any_more(world, retries):
    with Partner([Reply(), Reply(code=500)]) as partner:
        log = world.deliver(partner.url())
        retries.ask(log, f"r-{log['_id']}", resend=True)
        failed = retries.wait(log, "FAIL")
    assert failed["retry_count"] == 1 and failed["first_attempt"]["status"] == "SUCCESS"


def test_what_was_delivered_is_sent_again_only_when_that_is_said(world, retries, partner):
    log = world.deliver(partner.url())
    assert log["status"] == "SUCCESS"
    retries.ask(log, f"r-{log['_id']}")
    retries.refused(log, "not_retryable")
    assert retries.documents(log) == [] and len(partner.requests) == 1
    retries.ask(log, f"r2-{log['_id']}", resend=True)
    again = retries.wait(log, "SUCCESS")
    assert len(partner.requests) == 2 and again["retry_count"] == 1
    assert retries.completed(log, "SUCCESS")[0]["payload_changed"] is False


@pytest.mark.parametrize("context", [None, "nonsense", {}, {"action_id": 1}, "without its bill"])
def test_a_corrupt_context_fails_by_name(world, retries, failure, flaky, context):
    if context == "without its bill":
        context = {k: v for k, v in failure.log["retry_context"].items() if k != "bill_id"}
    retries.set(failure.log, retry_context=context)
    retries.ask(failure.log, f"r-{failure.log['_id']}")
    document, = retries.completed(failure.log, "FAIL")
    assert document["error_message"].startswith("retry_context") and document["error_kind"] == "build"
    log = retries.wait(failure.log, "FAIL")
    assert log["error_message"] == document["error_message"] and len(flaky.requests) == 1


@pytest.mark.parametrize("change", ["switched off", "deleted", "another lab's", "another action", "another organisation"])
def test_a_row_that_is_gone_is_a_failure_of_configuration(world, retries, failure, flaky, change):
    if change == "deleted":
        retries.set(failure.log, lab_integration_id=2**40)
    elif change == "another lab's":
        update_row(world.stack, failure.row, auth_id=add_auth(world.stack, Lab(world.stack)))
    elif change == "another action":
        update_row(world.stack, failure.row, action_category_list_id=4)
    elif change == "another organisation":
        update_row(world.stack, failure.row, org_id=world.lab.org())
    else:
        update_row(world.stack, failure.row, is_disable=True)
    retries.ask(failure.log, f"r-{failure.log['_id']}")
    document, = retries.completed(failure.log, "FAIL")
    assert document["error_kind"] == "config" and change in document["error_message"]
    assert len(flaky.requests) == 1


def test_a_person_asks_from_the_shell(retries, failure, flaky):
    dev("run", "integration-admin", "retry", failure.log["_id"], "--retry-id", f"shell-{failure.log['_id']}")
    retries.wait(failure.log, "SUCCESS")
    document, = retries.completed(failure.log, "SUCCESS")
    assert document["_id"] == f"shell-{failure.log['_id']}" and document["requested_by"] == "integration-admin"


def test_from_the_shell_logs_of_py3_go_by_its_route(world, retries, failure, flaky):
    retries.set(failure.log, triggered_by_py3=True)

    def ask(url):
        return dev("run", "integration-admin", "retry", failure.log["_id"], "--retry-id", "by-py3",
                   env={"PY3_RETRY_URL": url}, check=False)
    with Partner(Reply(code=202)) as route, Partner(Reply(code=409)) as refusing:
        assert ask(route.url("")).stdout.endswith("retry_id by-py3, by py3\n")
        assert ask(refusing.url("")).returncode == 1
        request, = route.requests
    assert (request.method, request.path) == ("POST", "/api-v3/integration/retry-integration/")
    assert request.headers["x-internal-token"] == world.stack.token
    assert request.json() == {"log_id": str(failure.log["_id"]), "retry_id": "by-py3", "lab_id": world.lab.id, "kind": "MANUAL",
                              "requested_by": "integration-admin"}
    assert len(flaky.requests) == 1 and not retries.documents(failure.log)


def test_events_go_on_while_retries_wait_for_the_store(world, retries, failure, flaky):
    """The store is away: the retry waits, a new event is delivered, the retry follows."""
    world.stack.stop("mongodb")
    try:
        retries.ask(failure.log, f"r-{failure.log['_id']}")
        world.bill_event(1)
        eventually(lambda: len(flaky.requests) == 2, 40, what="the event's delivery")
    finally:
        world.stack.start("mongodb")
    eventually(lambda: len(flaky.requests) == 3, 60, what="the retry")
    retries.completed(failure.log, "SUCCESS")
