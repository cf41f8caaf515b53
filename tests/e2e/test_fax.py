"""Action 56 through fax vendors (tests/partners/fax.py plays them): QUEUED until the vendor's verdict, never twice."""
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from fleet.dashboard import Dashboard
from fleet.faxes import PDF, accepted, fax_row, publish, secret, the_log
from fleet.stack import dev, http
from fleet.wait import eventually
from partners import Reply
from partners.fax import ACCESS_KEY, FROM, SECRET_KEY, Documo, HumbleFax, answer

@pytest.fixture
def humblefax():
    with HumbleFax() as vendor:
        vendor.secret = secret()
        yield vendor


@pytest.fixture
def documo():
    with Documo() as vendor:
        vendor.secret = secret()
        yield vendor


def end(world, vendor, status, *more, fax=None):
    """The vendor ends the fax, and tells."""
    fax = fax or vendor.fax()
    vendor.end(fax, status, *more)
    assert notify(world, vendor, fax) == 202


def notify(world, vendor, fax, key=None, **more):
    body = vendor.notice(fax, **more)
    return vendor.webhook(world.stack, key or vendor.secret.replace("/", "_").replace("+", "-"), body)


def retry(world, log, kind="MANUAL", **more):
    retry_id = f"r-{uuid.uuid4().hex}"
    world.publisher.raw("integration.retries", str(log["_id"]), json.dumps(
        {"log_id": str(log["_id"]), "retry_id": retry_id, "lab_id": world.lab.id, "kind": kind,
         "requested_by": "test", **more}).encode())
    return retry_id


def wait_attempt(world, retry_id, final=True):
    def look():
        attempt = world.stack.mongo.integration_retry_log.find_one({"_id": retry_id})
        return attempt if attempt and (attempt["status"] != "QUEUED" or
                                       (not final and attempt.get("vendor_fax_id"))) else None
    return eventually(look, 40, what=f"the end of attempt {retry_id}")


def say_nothing_secret(world, log):
    for secret in (SECRET_KEY, ACCESS_KEY, HumbleFax.authorization):
        assert secret not in str(log)
    assert "not a boundary" not in str(log), "no document"


# ---- the way to the vendor ----

def test_three_steps_and_the_log_waits(world, humblefax):
    row = fax_row(world, humblefax)
    event = publish(world, reports=2)
    log = accepted(world, row, event)
    fax = humblefax.fax()

    steps = [step for _, step in humblefax.calls if step not in ("list", "status")]
    assert steps == ["create", "attach", "attach", "send"]
    assert fax.numbers == [12025550123] and fax.document == [PDF + b"\0", PDF + b"\1"]
    assert fax.uuid == str(log["_id"]) and log["vendor_fax_id"] == fax.id
    assert fax.cover["fromNumber"] == int(FROM) and fax.cover["includeCoversheet"] is True
    assert fax.cover["resolution"] == "Fine" and "Asha" not in str(fax.cover), "no patient on the cover"
    assert (log["transport"], log["vendor"], log["response_status_code"]) == ("fax", "humblefax", 200)
    assert log["request_headers"]["authorization"] == "***"
    assert not any(name.startswith("webhook-") for request in humblefax.requests for name in request.headers)
    say_nothing_secret(world, log)


def test_documo_sends_in_one_request(world, documo):
    row = fax_row(world, documo)
    log = accepted(world, row, publish(world))
    fax = documo.fax()
    assert fax.document == [PDF + b"\0"] and fax.numbers == ["12025550123"] and log["vendor_fax_id"] == fax.id
    assert fax.cover["coverPage"] == "true" and fax.cover["callerId"] == FROM and fax.cover["async"] == "true"
    say_nothing_secret(world, log)


def test_a_large_document_is_streamed(world, humblefax):
    content = PDF * 300
    row = fax_row(world, humblefax)
    accepted(world, row, publish(world, content))
    assert humblefax.fax().document == [content + b"\0"]


def test_the_vendors_rate_is_kept_by_all_rows_together(world, humblefax):
    rows = [fax_row(world, humblefax) for _ in range(3)]
    event = publish(world)
    for row in rows:
        accepted(world, row, event)
    assert humblefax.exceeded == 0 and humblefax.count("send") == 3


@pytest.mark.parametrize("step", ["create", "attach", "send"])
@pytest.mark.parametrize("fault, kind, code, said", [
    (answer({"result": "failure", "error": "loginFailure"}, 401), "http_status", 401, "loginFailure"),
    (answer({"result": "failure", "error": "insufficientFunds"}), "vendor", 200, "insufficientFunds"),
], ids=["401", "failure"])
def test_a_refused_step_is_a_failure_in_the_vendors_words(world, humblefax, step, fault, kind, code, said):
    humblefax.faults[step] = fault
    row = fax_row(world, humblefax)
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["error_kind"], log["response_status_code"]) == ("FAIL", kind, code)
    assert log["error_message"] == said and humblefax.faxes == {}


def test_an_answer_that_is_none_is_said(world, humblefax):
    humblefax.faults["create"] = Reply(body=b"<html>hello</html>")
    row = fax_row(world, humblefax)
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "response") and humblefax.count("attach") == 0


def test_a_vendor_that_was_asked_too_often_is_left_alone(world):
    with HumbleFax(limit=1, blocked=2) as vendor:
        vendor.secret = secret()
        row = fax_row(world, vendor, {"rate_limit_per_second": 20}, is_auto_retry=True)
        log = world.wait_log(publish(world), row)
        assert (log["status"], log["error_kind"], log["response_status_code"]) == ("FAIL", "http_status", 429)
        assert "2" in log["response_headers"]["retry-after"]
        vendor.limit = None
        eventually(lambda: vendor.faxes, 60, what="the automatic retry")
        assert len(vendor.faxes) == 1


# ---- rows and numbers ----

@pytest.mark.parametrize("details, said", [
    ({"vendor": "carrier-pigeon"}, "vendor must be one of humblefax, documo"),
    ({"fax": {"access_key": "x"}}, "fax.secret_key is missing, humblefax needs it"),
    ({"fax": {"access_key": "x", "secret_key": "y", "from": "+44 20 7946 0000"}}, "fax.from must be a number"),
])
def test_an_unusable_row_says_what_to_correct(world, humblefax, details, said):
    row = world.row(56, humblefax.url, extra={**humblefax.details(), **details})
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "config") and said in log["error_message"]
    assert humblefax.requests == []


def test_a_number_abroad_is_refused_before_anything_is_sent(world, humblefax):
    abroad = "+442079460000"
    row = fax_row(world, humblefax)
    log = world.wait_log(publish(world, to=[abroad], fax_no=abroad), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "config")
    assert "toFax: number 1" in log["error_message"] and "1NXXNXXXXXX" in log["error_message"]
    assert "7946" not in log["error_message"] and humblefax.requests == []


def test_a_private_address_is_refused(world, humblefax):
    row = world.row(56, "http://169.254.169.254", extra=humblefax.details())
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["error_kind"]) == ("FAIL", "blocked")


# ---- the verdict ----

def test_without_a_webhook_the_vendor_is_asked(world, humblefax):
    row = fax_row(world, humblefax)
    event = publish(world)
    accepted(world, row, event)
    eventually(lambda: humblefax.count("status") >= 1, 30, what="the vendor is asked")
    assert the_log(world, row, event)["status"] == "QUEUED"
    humblefax.end(humblefax.fax(), "success")
    log = world.wait_log(event, row, deadline=60)
    assert (log["status"], log["pages"], log["pages_sent"], log["error_message"]) == ("SUCCESS", 3, 3, None)
    assert len(humblefax.faxes) == 1


@pytest.mark.parametrize("name", ["humblefax", "documo"])
def test_a_webhook_makes_the_vendor_be_asked(world, request, name):
    vendor = request.getfixturevalue(name)
    row = fax_row(world, vendor)
    event = publish(world)
    accepted(world, row, event)
    end(world, vendor, "success")
    log = world.wait_log(event, row)
    assert (log["status"], log["pages_sent"]) == ("SUCCESS", 3) and vendor.count("status") >= 1
    assert notify(world, vendor, vendor.fax()) in (200, 202), "a repeat is harmless"
    assert the_log(world, row, event)["status"] == "SUCCESS"


@pytest.mark.parametrize("name, status, said", [
    ("humblefax", "failure", "No answer (failure): 1 of 3 pages sent"),
    ("humblefax", "partial success", "No answer (partial success), 1 of 1 recipients have it: 3 of 3 pages sent"),
    ("documo", "failed", "No answer (failed): 1 of 3 pages sent"),
])
def test_a_failure_has_its_reason_and_its_pages(world, request, name, status, said):
    vendor = request.getfixturevalue(name)
    row = fax_row(world, vendor, {"auto_retry": {"patterns": ["No answer"]}}, is_auto_retry=True)
    event = publish(world)
    accepted(world, row, event)
    end(world, vendor, status, 1, "No answer")
    log = world.wait_log(event, row)
    assert (log["status"], log["error_kind"], log["error_message"]) == ("FAIL", "vendor", said)
    assert log["pages"] == 3 and log["pages_sent"] >= 1


def test_what_pages_went_out_of_is_left_alone(world, humblefax):
    row = fax_row(world, humblefax, {"auto_retry": {"patterns": ["No answer"]}}, is_auto_retry=True)
    event = publish(world)
    log = accepted(world, row, event)
    end(world, humblefax, "failure", 1, "No answer")
    world.wait_log(event, row)
    said = dev("run", "retry-scheduler", "--dry-run").stdout
    line, = [line for line in said.splitlines() if line.startswith(str(log["_id"]))]
    assert line.endswith("left alone: pages of its fax went out: a person decides")
    assert the_log(world, row, event)["auto_retry_count"] == 0 and len(humblefax.faxes) == 1


def test_a_webhook_is_not_believed(world, humblefax):
    """Whoever learns its address could write one: what the vendor says when it is asked counts."""
    row = fax_row(world, humblefax)
    event = publish(world)
    accepted(world, row, event)
    fax = humblefax.fax()
    before = humblefax.count("status")
    assert notify(world, humblefax, fax, status="success", numSuccesses=1) == 202
    eventually(lambda: humblefax.count("status") > before, 20, what="the vendor is asked")
    assert notify(world, humblefax, fax, status="success", id="99") == 202, "an id that the vendor does not know"
    end(world, humblefax, "failure", 2, "Busy")
    assert world.wait_log(event, row)["status"] == "FAIL"


def test_a_webhook_needs_the_rows_secret(world, humblefax):
    row = fax_row(world, humblefax)
    event = publish(world)
    accepted(world, row, event)
    fax = humblefax.fax()
    fax.status = "success"
    other = HumbleFax()
    other.secret = secret()
    world.row(56, humblefax.url, extra=humblefax.details(webhook_secret=other.secret), is_disable=True)
    before = humblefax.count("status")
    body = humblefax.notice(fax)
    known = humblefax.secret.replace("/", "%2F")
    base = world.stack.env["CALLBACK_URL"] + "/vendor-callbacks/"
    assert http("POST", base + "humblefax/whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", body).code == 401
    assert http("POST", base + "documo/" + known, body).code == 401, "another vendor's"
    assert http("POST", base + "carrier-pigeon/" + known, body).code == 404
    assert http("POST", base + "humblefax/", body).code == 404
    assert http("GET", base + "humblefax/" + known).code == 405
    assert http("POST", base + "humblefax/" + other.secret.replace("/", "_"), body).code == 200, "no fax of that row"
    assert http("POST", base + "humblefax/" + known, b"status=success").code == 400
    assert http("POST", base + "humblefax/" + known, b"{" + b" " * 300_000 + b"}").code == 413
    assert http("POST", base + "humblefax/" + known, {"type": "IncomingFax.SendComplete", "data": {"id": 1}}).code == 200
    stranger = {"type": "SentFax.SendComplete", "data": {"id": 1, "uuid": "another-program"}}
    assert http("POST", base + "humblefax/" + known, stranger).code == 200
    assert humblefax.count("status") - before <= 2, "nobody but the polls asked"
    assert http("POST", base + "humblefax/" + known, body).code == 202
    assert world.wait_log(event, row)["status"] == "SUCCESS"


def test_a_fax_without_a_verdict_for_a_week_is_a_failure_that_a_person_may_send_again(world, humblefax):
    row = fax_row(world, humblefax)
    event = publish(world)
    log = accepted(world, row, event)
    long_ago = datetime.now(UTC) - timedelta(days=7, minutes=1)
    world.stack.mongo.integration_directory.update_one(
        {"_id": log["_id"]}, {"$set": {"inserted_at": long_ago, "updated_at": long_ago}})
    log = world.wait_log(event, row, "FAIL", deadline=40)
    assert log["error_kind"] == "vendor" and log["error_message"].startswith("the vendor gave no verdict within 7 days")
    attempt = wait_attempt(world, retry(world, log), final=False)
    assert attempt["vendor_fax_id"] == log["vendor_fax_id"] and len(humblefax.faxes) == 1, "it may still arrive"
    retry_id = retry(world, log, resend=True)
    attempt = wait_attempt(world, retry_id, final=False)
    assert attempt["vendor_fax_id"] != log["vendor_fax_id"] and len(humblefax.faxes) == 2
    end(world, humblefax, "success", fax=humblefax.faxes[attempt["vendor_fax_id"]])
    assert wait_attempt(world, retry_id)["status"] == "SUCCESS"


# ---- retries ----

def ended(world, vendor, row, status="failure", pages_sent=1):
    event = publish(world)
    accepted(world, row, event)
    end(world, vendor, status, pages_sent, "Busy")
    return world.wait_log(event, row)


def test_a_person_may_send_it_again(world, humblefax):
    row = fax_row(world, humblefax)
    log = ended(world, humblefax, row)
    retry_id = retry(world, log)
    attempt = wait_attempt(world, retry_id, final=False)
    assert len(humblefax.faxes) == 2 and attempt["vendor_fax_id"] != log["vendor_fax_id"]
    # the first one's webhook comes once more: it says nothing of the second
    assert notify(world, humblefax, humblefax.faxes[log["vendor_fax_id"]]) == 202
    end(world, humblefax, "success", fax=humblefax.faxes[attempt["vendor_fax_id"]])
    log = world.wait_log(log["event_id"], row, status="SUCCESS")
    assert log["first_attempt"]["pages_sent"] == 1 and log["first_attempt"]["error_kind"] == "vendor"
    assert wait_attempt(world, retry_id)["status"] == "SUCCESS"


def test_an_automatic_retry_sends_no_page_again(world, humblefax):
    """Whoever asked for it: the scheduler would not."""
    row = fax_row(world, humblefax)
    log = ended(world, humblefax, row)
    attempt = wait_attempt(world, retry(world, log, "AUTO"))
    assert (attempt["status"], attempt["error_kind"]) == ("FAIL", "vendor") and "Busy" in attempt["error_message"]
    assert len(humblefax.faxes) == 1


def test_without_a_page_it_may_go_again_by_itself(world, humblefax):
    row = fax_row(world, humblefax, {"auto_retry": {"patterns": ["Busy"]}}, is_auto_retry=True)
    event = publish(world)
    accepted(world, row, event)
    end(world, humblefax, "failure", 0, "Busy")
    eventually(lambda: len(humblefax.faxes) == 2, 60, what="the automatic retry")
    second = max(humblefax.faxes.values(), key=lambda fax: int(fax.id))
    end(world, humblefax, "success", fax=second)
    assert world.wait_log(event, row, status="SUCCESS", deadline=60)["auto_retry_count"] == 1


def test_a_fax_on_its_way_is_not_sent_again(world, humblefax):
    row = fax_row(world, humblefax)
    log = accepted(world, row, publish(world))
    retry_id = retry(world, log)
    attempt = wait_attempt(world, retry_id, final=False)
    assert attempt["vendor_fax_id"] == log["vendor_fax_id"] and len(humblefax.faxes) == 1
    end(world, humblefax, "success")
    assert world.wait_log(log["event_id"], row)["status"] == "SUCCESS"
    assert wait_attempt(world, retry_id)["status"] == "SUCCESS" and len(humblefax.faxes) == 1


# ---- no answer ----

def lost(vendor, reply):
    """The vendor takes the fax, does not answer, and cannot be asked."""
    def taken():
        vendor.faults["list"] = answer({"result": "failure", "error": "maintenance"}, 503)
        return reply
    vendor.after["send"] = taken


def test_a_send_without_an_answer_is_looked_for(world, humblefax):
    humblefax.after["send"] = lambda: Reply(reset=True)
    row = fax_row(world, humblefax)
    log = accepted(world, row, publish(world))
    assert log["vendor_fax_id"] == humblefax.fax().id and humblefax.count("send") == 1


def test_one_that_cannot_be_found_is_looked_for_by_the_retry(world, humblefax):
    lost(humblefax, Reply(hang=True))
    row = fax_row(world, humblefax, {"timeout_ms": 1500})
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["error_kind"], log["error_message"]) == ("FAIL", "timeout", "No response")
    assert log["vendor_fax_id"] == "?"
    humblefax.after.clear()
    humblefax.faults.clear()
    attempt = wait_attempt(world, retry(world, log, "AUTO"), final=False)
    assert attempt["vendor_fax_id"] == humblefax.fax().id and humblefax.count("send") == 1


def test_what_documo_cannot_tell_a_person_decides(world, documo):
    documo.after["send"] = lambda: Reply(reset=True)
    row = fax_row(world, documo)
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["error_kind"], log["vendor_fax_id"]) == ("FAIL", "response", "?")
    documo.after.clear()
    attempt = wait_attempt(world, retry(world, log, "AUTO"))
    assert (attempt["status"], attempt["error_kind"]) == ("FAIL", "config") and "by hand" in attempt["error_message"]
    assert len(documo.faxes) == 1
    attempt = wait_attempt(world, retry(world, log), final=False)
    assert attempt["status"] == "QUEUED" and len(documo.faxes) == 2


def test_a_late_webhook_mends_a_failure(world, humblefax):
    lost(humblefax, Reply(reset=True))
    row = fax_row(world, humblefax)
    log = world.wait_log(publish(world), row)
    assert (log["status"], log["vendor_fax_id"]) == ("FAIL", "?")
    end(world, humblefax, "success")
    log = world.wait_log(log["event_id"], row, status="SUCCESS")
    assert log["vendor_fax_id"] == humblefax.fax().id and len(humblefax.faxes) == 1


def test_a_row_of_faxes_is_tried_out(world, humblefax):
    """The dashboard's Send test goes the whole way to the vendor."""
    row = fax_row(world, humblefax)
    bill = world.lab.bill(org_id=world.lab.org(fax_no="2025550123"))
    report = world.lab.report(bill, document=PDF)
    sent = Dashboard(world.stack).post(f"integrations/{row}/test", {"entity_id": report})
    assert sent["ok"], sent
    assert humblefax.fax().document == [PDF] and humblefax.fax().numbers == [12025550123]
    assert world.logs() == [] and SECRET_KEY not in str(sent)
