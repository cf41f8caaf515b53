"""The callback service's HTTP side while something it needs is away."""
import pytest

from fleet.stack import dev, http
from fleet.wait import eventually
from partners import Partner, Reply

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def post(stack, body, token=None):
    return http("POST", stack.env["CALLBACK_URL"] + "/integration-callback", body,
                {"x-internal-token": token or stack.token}, timeout=40)


@pytest.fixture
def queued(world):
    with Partner(Reply(hang=True)) as partner:
        row = world.row(1, partner.url(), extra={"timeout_ms": 120000})
        event = world.bill_event()
        eventually(lambda: partner.requests, 15, what="the request is on its way")
        yield world.wait_log(event, row, status="QUEUED")


def test_a_report_is_taken_while_the_log_store_is_away(world, stack, queued):
    stack.stop("mongodb")
    answer = post(stack, {"log_id": str(queued["_id"]), "response_status_code": 200})
    stack.start("mongodb")
    assert answer.code == 202, answer.body
    eventually(lambda: world.log(queued["_id"])["status"] == "SUCCESS", 60, what="the log follows")


def test_without_kafka_a_report_is_refused_for_now(stack, queued):
    stack.stop("kafka")
    try:
        answer = post(stack, {"log_id": str(queued["_id"]), "response_status_code": 200})
        assert answer.code == 503
        assert int({k.lower(): v for k, v in answer.headers.items()}["retry-after"]) > 0
    finally:
        stack.start("kafka")
    eventually(lambda: post(stack, {"log_id": str(queued["_id"]), "response_status_code": 200}).code == 202, 60, every=1,
               what="taken again")


def test_the_previous_token_is_valid_while_it_is_configured(stack, queued):
    stack.stop("callback")
    dev("start", "callback", env={"INTERNAL_TOKEN_PREVIOUS": "the-token-before-this-one-0123456789"})
    try:
        body = {"log_id": str(queued["_id"]), "response_status_code": 200}
        assert post(stack, body, "the-token-before-this-one-0123456789").code == 202
        assert post(stack, body).code == 202
        assert post(stack, body, "some-other-token").code == 401
    finally:
        stack.stop("callback")
        stack.start("callback")
    assert post(stack, body, "the-token-before-this-one-0123456789").code == 401


@pytest.mark.parametrize("store", ["mongodb", "postgres", "kafka"])
def test_health_answers_and_readiness_tells_what_is_away(stack, store):
    service = {"mongodb": "callback", "postgres": "trigger", "kafka": "dispatcher"}[store]
    stack.stop(store)
    try:
        eventually(lambda: http("GET", stack.health_url(service) + "/readyz", timeout=3).code == 503, 60,
                   what=f"{service} is not ready without {store}")
        assert http("GET", stack.health_url(service) + "/livez", timeout=1).code == 200
        assert store in http("GET", stack.health_url(service) + "/readyz").body.decode()
    finally:
        stack.start(store)
    eventually(lambda: stack.ready(service), 60, what=f"{service} is ready again")
