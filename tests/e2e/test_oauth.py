"""OAuth 2 client credentials: tokens of a server of an independent implementation, at partners that check them."""
import threading

import pytest

from fleet.wait import eventually
from partners import Partner, Reply
from partners.oauth import OAuthServer, refusal

SECRETS = ("s3cret", "hunter2")


@pytest.fixture
def server():
    with OAuthServer() as s:
        yield s


@pytest.fixture
def checking(server):
    """A partner that takes the server's tokens alone."""
    with Partner(lambda r: Reply() if server.accepts(r.headers.get("authorization", "")) else Reply(code=401)) as p:
        yield p


def row(world, url, server, **auth):
    return world.row(1, url, extra={"auth": server.auth(**auth), "max_concurrency": 10})


def deliver(world, hook):
    return world.wait_log(world.bill_event(), hook)


def say_nothing_secret(log, server):
    assert not any(secret in str(log) for secret in (*SECRETS, *server.tokens)), log


def test_one_token_serves_many_tasks_until_it_ends(world, server, checking):
    server.gate = threading.Event()
    hook = row(world, checking.url(), server)
    events = [world.bill_event() for _ in range(8)]
    eventually(lambda: server.forms, 20, what="a token is asked for")
    server.gate.set()
    logs = [world.wait_log(event, hook) for event in events]

    assert [log["status"] for log in logs] == ["SUCCESS"] * 8 and len(checking.requests) == 8
    assert len(server.forms) == 1, "one fetch for all that wait"
    _, form, headers = server.forms[0]
    assert form == {"grant_type": "client_credentials", "scope": "orders results:write"}
    assert headers["Content-Type"] == "application/x-www-form-urlencoded" and "Webhook-Id" not in headers
    for log in logs:
        assert log["request_headers"]["authorization"] == "***"
        say_nothing_secret(log, server)

    assert deliver(world, hook)["status"] == "SUCCESS"
    assert len(server.forms) == 1, "and for those that come later"


def test_another_scope_has_a_token_of_its_own(world, server, checking):
    hooks = [row(world, checking.url(), server, scope=scope) for scope in ("orders", "results:write", "orders")]
    event = world.bill_event()
    assert [world.wait_log(event, hook)["status"] for hook in hooks] == ["SUCCESS"] * 3
    assert sorted(form["scope"] for _, form, _ in server.forms) == ["orders", "results:write"]


def test_a_token_that_is_near_its_end_is_renewed(world, checking, server):
    with OAuthServer(expires_in=1) as short, Partner() as partner:
        hook = row(world, partner.url(), short)
        assert deliver(world, hook)["status"] == "SUCCESS"
        eventually(lambda: deliver(world, hook) and len(short.tokens) > 1, 20, what="a second token")
        assert partner.requests[-1].headers["authorization"] == f"Bearer {short.tokens[-1]}"


def test_a_401_renews_the_token_once(world, server, checking):
    hook = row(world, checking.url(), server)
    assert deliver(world, hook)["status"] == "SUCCESS"
    server.tokens.clear()
    log = deliver(world, hook)
    assert log["status"] == "SUCCESS" and log["retry_count"] == 0
    assert [server.accepts(r.headers["authorization"]) for r in checking.requests] == [False, False, True]
    ids = {r.headers["webhook-id"] for r in checking.requests[1:]}
    assert ids == {str(log["_id"])}, "the same delivery"


def test_a_partner_that_refuses_every_token_is_asked_twice(world, server):
    with Partner(Reply(code=401, body=b'{"error": "not here"}')) as partner:
        log = deliver(world, row(world, partner.url(), server))
        assert (log["status"], log["error_kind"], log["response_status_code"]) == ("FAIL", "http_status", 401)
        assert len(partner.requests) == 2 and len(server.forms) == 2


@pytest.mark.parametrize("answer, said", [
    pytest.param(refusal(500), "The token server answers 500: server_error", id="500"),
    pytest.param(refusal(200, "hunter2"), "no usable access_token", id="no-json"),
    pytest.param(refusal(200, '{"access_token": "x", "token_type": "mac"}'), "token_type is not Bearer", id="type"),
    pytest.param(refusal(200, '{"access_token": "' + "x" * 200000 + '"}'), "no usable access_token", id="huge"),
])
def test_without_a_token_nothing_is_sent(world, server, checking, answer, said):
    server.fault = answer
    log = deliver(world, row(world, checking.url(), server))
    assert (log["status"], log["error_kind"]) == ("FAIL", "auth") and said in log["error_message"]
    say_nothing_secret(log, server)
    assert checking.requests == []


def test_a_wrong_secret_is_said_and_the_server_left_alone(world, server, checking):
    hook = row(world, checking.url(), server, client_secret="hunter2")
    events = [world.bill_event() for _ in range(10)]
    for event in events:
        log = world.wait_log(event, hook)
        assert (log["status"], log["error_kind"]) == ("FAIL", "auth")
        assert log["error_message"] == "The token server answers 401: invalid_client"
        say_nothing_secret(log, server)
    times = [at for at, _, _ in server.forms]
    assert all(b - a > 0.4 for a, b in zip(times, times[1:])), "it is not asked again at once"


def test_a_token_server_that_hangs_delays_nobody_else(world, server, checking, partner):
    server.gate = threading.Event()
    stuck = world.row(1, checking.url(), extra={"auth": server.auth(), "timeout_ms": 2000})
    other = world.row(1, partner.url(), extra={"rate_limit_group": f"g{world.lab.id}"})
    event = world.bill_event()
    assert world.wait_log(event, other)["status"] == "SUCCESS"
    assert world.logs(event_id=event, lab_integration_id=stuck)[0]["status"] == "QUEUED"
    log = world.wait_log(event, stuck)
    assert (log["error_kind"], log["error_message"]) == ("auth", "The token server: No response")


def test_the_token_servers_address_is_guarded(world, server, checking):
    log = deliver(world, row(world, checking.url(), server, token_url="http://169.254.169.254/token"))
    assert (log["status"], log["error_kind"]) == ("FAIL", "blocked")
