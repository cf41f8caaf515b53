"""Outcomes that other workers report over HTTP, and how a log's status may move."""
import http.client
import json

import pytest

from fleet.stack import http as ask
from fleet.topics import Topic
from fleet.wait import eventually, stays
from partners import Partner, Reply

LATE = {"timeout_ms": 60000}


@pytest.fixture
def call(stack):
    def post(body, path="/integration-callback", token=stack.token, **options):
        headers = {} if token is None else {"x-internal-token": token}
        return ask("POST", stack.env["CALLBACK_URL"] + path, body, headers, **options)
    return post


@pytest.fixture
def queued(world):
    """A log that stays QUEUED for the test: its partner takes the request and never answers."""
    with Partner(Reply(hang=True)) as partner:
        row = world.row(1, partner.url(), extra=LATE)
        event = world.bill_event()
        log = world.wait_log(event, row, status="QUEUED")
        eventually(lambda: partner.requests, 15, what="the request is on its way")
        yield log


def report(log, code=200, **fields):
    return {"log_id": str(log["_id"]), "lab_id": log["lab_id"], "response_status_code": code,
            "response_body": '{"ok": true}', "response_headers": {"x-from": "worker"}, "response_time": 12.5,
            "end_point": "https://partner.example/in", "request_headers": {"x-sent": "1"},
            "request_body": '{"sent": 1}', "activity_date": "2026-11-21T09:30:00Z", **fields}


def until_status(world, log, status):
    return eventually(lambda: (now := world.log(log["_id"]))["status"] == status and now, 15,
                      what=f"status {status!r}; now {world.log(log['_id'])['status']!r}")


def keeps_status(world, log, status, seconds=1.5):
    stays(lambda: world.log(log["_id"])["status"] == status, seconds, what=f"status {status}")


@pytest.mark.parametrize("wrap", [
    lambda r: r,
    lambda r: {"args": {"integration_payload": r}},
    lambda r: {"args": {"payload": {"integration_payload": r}}},
    lambda r: {"log_id": r["log_id"], "args": {"integration_payload": {
        k: v for k, v in r.items() if k != "log_id"}, "payload": {"integration_payload": {"fusion_log": "seen"}}}},
], ids=["top", "args", "args.payload", "union"])
def test_a_report_is_found_at_each_of_its_places(world, queued, call, wrap):
    assert call(wrap(report(queued))).code == 202
    log = until_status(world, queued, "SUCCESS")
    assert log["response_status_code"] == 200 and log["response_body"] == '{"ok": true}'
    assert log["response_headers"] == {"x-from": "worker"} and log["response_time"] == 12.5
    assert log["end_point"] == "https://partner.example/in"
    assert log["request_body"] == '{"sent": 1}'


@pytest.mark.parametrize("code, status", [(200, "SUCCESS"), (201, "SUCCESS"), (299, "SUCCESS"), (209, ""), (302, "FAIL"),
                                          (404, "FAIL"), (500, "FAIL")])
def test_the_status_is_derived_from_the_code(world, queued, call, code, status):
    sent = report(queued, code, status="SUCCESS" if status == "FAIL" else "FAIL")
    assert call(sent).code == 202
    log = until_status(world, queued, status)
    assert log["error_kind"] == ("http_status" if status == "FAIL" else None)


def test_a_suppressing_message_blanks_the_log(world, queued, call):
    assert call(report(queued, 500, response_body='{"message": "#NOTFORDASHBOARD"}')).code == 202
    until_status(world, queued, "")


def test_an_exception_without_a_code_is_a_fail_with_the_workers_words(world, queued, call):
    sent = report(queued, error_message="Session.connect: java.net.SocketTimeoutException", fusion_log="Failed at Livehealthapp",
                  stage="LIVEHEALTHAPI", sent_to_mirth=False)
    del sent["response_status_code"]
    assert call(sent).code == 202
    log = until_status(world, queued, "FAIL")
    assert "SocketTimeoutException" in log["error_message"]
    assert (log["fusion_log"], log["stage"], log["sent_to_mirth"]) == ("Failed at Livehealthapp", "LIVEHEALTHAPI", False)


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_without_the_token_nothing_happens(world, queued, call, token):
    assert call(report(queued), token=token).code == 401
    keeps_status(world, queued, "QUEUED", 1)


@pytest.mark.parametrize("body, names", [
    (b"{", None), (b"[]", None), (b"", None), ({}, "log_id"), ({"log_id": 5}, "log_id"),
    ({"log_id": "zz"}, "log_id"), ({"log_id": ""}, "log_id"),
    ({"log_id": "a" * 24, "response_status_code": "two hundred"}, "response_status_code"),
    ({"log_id": "a" * 24, "response_time": "fast"}, "response_time"),
    ({"log_id": "a" * 24, "lab_id": "x", "response_status_code": 200}, "lab_id"),
    ({"log_id": "a" * 24, "retry_id": "r" * 65, "response_status_code": 200}, "retry_id"),
], ids=str)
def test_a_bad_report_is_refused_with_the_fields_name(call, body, names):
    answer = call(body)
    assert answer.code == 400
    assert answer.body
    if names:
        assert names in answer.body.decode()


def test_an_unknown_log_is_404(call):
    """Once no log write is pending: until then it might be one of those."""
    unknown = {"log_id": "0123456789abcdef01234567", "response_status_code": 200}
    assert eventually(lambda: call(unknown).code == 404, every=1, what="404 for an unknown log")


def test_a_report_over_16_mib_is_413(call, queued):
    assert call(report(queued, response_body="x" * (17 << 20))).code == 413


def test_a_report_in_chunks_is_taken(world, queued, stack):
    connection = http.client.HTTPConnection(stack.env["CALLBACK_URL"].removeprefix("http://"), timeout=30)
    body = json.dumps(report(queued)).encode()
    connection.request("POST", "/integration-callback", iter([body[:7], body[7:]]), {"x-internal-token": stack.token},
                       encode_chunked=True)
    assert connection.getresponse().status == 202
    connection.close()
    until_status(world, queued, "SUCCESS")


def test_a_large_report_is_taken_and_its_body_cut(world, queued, call):
    assert call(report(queued, response_body="x" * (3 << 20))).code == 202
    log = until_status(world, queued, "SUCCESS")
    assert len(log["response_body"]) == 1 << 20 and log["response_body_truncated"] is True


def test_a_success_never_becomes_a_fail(world, queued, call):
    assert call(report(queued, 200)).code == 202
    until_status(world, queued, "SUCCESS")
    assert call(report(queued, 500, response_body="late")).code == 202
    keeps_status(world, queued, "SUCCESS")
    assert world.log(queued["_id"])["response_status_code"] == 200


def test_a_late_2xx_turns_a_fail_into_a_success(world, call):
    with Partner(Reply(code=500)) as partner:
        log = world.deliver(partner.url())
    assert log["status"] == "FAIL"
    assert call(report(log, 200)).code == 202
    log = until_status(world, log, "SUCCESS")
    assert log["response_status_code"] == 200 and log["error_kind"] is None and log["error_message"] is None


def test_the_first_final_status_wins_over_later_failures(world, queued, call):
    assert call(report(queued, 503, response_body='{"error": "first"}')).code == 202
    log = until_status(world, queued, "FAIL")
    assert log["error_message"].startswith("first")
    assert call(report(queued, 404, response_body='{"error": "second"}')).code == 202
    stays(lambda: world.log(queued["_id"])["response_status_code"] == 503, 1.5, what="the first outcome")


def test_a_repeated_report_changes_nothing(world, queued, call):
    assert call(report(queued)).code == 202
    first = until_status(world, queued, "SUCCESS")
    assert call(report(queued)).code == 202
    stays(lambda: world.log(queued["_id"]) == first, 1.5, what="the log as it was")


def test_a_suppressed_log_stays_suppressed(world, queued, call):
    assert call(report(queued, 209)).code == 202
    until_status(world, queued, "")
    assert call(report(queued, 500)).code == 202
    keeps_status(world, queued, "")


def test_secrets_in_reported_headers_are_masked(world, queued, call):
    sent = report(queued, request_headers={"Authorization": "Bearer very-secret-token", "x-api-key": "very-secret-key"})
    assert call(sent).code == 202
    log = until_status(world, queued, "SUCCESS")
    assert "very-secret" not in str(log)


# ---- legacy callbacks ----

@pytest.mark.parametrize("path", ["/integration-status-callback", "/jio-integration-status-callback"])
@pytest.mark.parametrize("field", ["note", "message"])
def test_legacy_callbacks_write_a_note(world, call, path, field):
    answer = call({"lab_id": world.lab.id, "bill_id": 77, field: "ordered अ", "status": "OK"}, path)
    assert answer.code in (200, 202), answer.body
    rows = eventually(lambda: world.stack.sql("SELECT bill_id, note, source FROM integration.activity_log WHERE lab_id = %s",
                                              [world.lab.id]), 15, what="a row of activity_log")
    assert len(rows) == 1
    bill_id, note, source = rows[0]
    assert bill_id == 77 and "ordered अ" in note
    assert ("jio" in source) == ("jio" in path)


@pytest.mark.parametrize("path", ["/integration-status-callback", "/jio-integration-status-callback"])
@pytest.mark.parametrize("body", [{"note": "x"}, {"lab_id": 5}, {}, {"lab_id": "five", "note": "x"}, {"lab_id": 5, "note": ""}], ids=str)
def test_legacy_callbacks_want_a_lab_and_a_note(call, path, body):
    assert call(body, path).code == 400


def test_legacy_callbacks_want_the_token(call):
    assert call({"lab_id": 5, "note": "x"}, "/integration-status-callback", token="wrong").code == 401


def test_an_unknown_path_is_404_and_a_get_is_not_taken(stack, call):
    assert call({}, "/no-such-path").code == 404
    assert ask("GET", stack.env["CALLBACK_URL"] + "/integration-callback").code in (404, 405)


def test_garbage_on_the_callbacks_topic_goes_to_failed_tasks(world, stack, queued, call):
    failed = Topic(stack, "integration.failed-tasks")
    for value in (b"\xff\x00", b"{}", b'{"kind": "outcome", "log_id": 5}'):
        partition, offset = world.publisher.raw("integration.callbacks", str(queued["_id"]), value)
        failed.until(lambda m, p=partition, o=offset: m.text("source_topic").endswith("integration.callbacks")
                     and (m.text("source_partition"), m.text("source_offset")) == (str(p), str(o)))
    failed.close()
    assert call(report(queued)).code == 202
    until_status(world, queued, "SUCCESS")
