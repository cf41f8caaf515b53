"""Who may do what in the dashboard, and what its server refuses."""
import http.client
import socket
import uuid

import pytest

from fleet.dashboard import Dashboard, Session, add_token, add_user
from fleet.stack import dev
from fleet.wait import eventually
from partners import Partner, Reply


@pytest.fixture(scope="module")
def somebody():
    """A viewer of a lab that nobody else has."""
    return add_user("viewer", [999000111])


def test_a_session(stack, somebody):
    session = Session(stack, *somebody)
    assert session.me["role"] == "viewer" and session.me["labs"] == [999000111] and session.me["via"] == "session"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in session.set_cookie.split(";")}
    me = session.get("me")
    assert me["login"] == somebody[0] and me["csrf_token"] == session.me["csrf_token"]
    stored = stack.sql("SELECT password_hash FROM integration.users WHERE login = %s", [somebody[0]])[0][0]
    assert stored.startswith("$argon2id$")

    assert session.get("me/preferences") == {}
    assert session.ask("PUT", "me/preferences", {"theme": "dark"}).code == 200
    assert session.get("me/preferences") == {"theme": "dark"}
    token, kept = Dashboard(stack), {"by": uuid.uuid4().hex}  # ADMIN_TOKEN, which is no person, keeps its own
    assert token.ask("PUT", "me/preferences", kept).code == 200 and token.get("me/preferences") == kept
    assert session.ask("DELETE", "session").code == 204
    session.get("me", code=401)


def test_another_site_cannot_use_the_cookie(stack, somebody):
    session = Session(stack, *somebody)
    for wrong in ({"x-csrf-token": ""}, {"x-csrf-token": "0" * 64}, {"sec-fetch-site": "cross-site"}):
        answer = session.ask("PUT", "me/preferences", {}, headers=wrong)
        assert answer.code == 403, wrong
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert session.ask("PUT", "me/preferences", b"a=b", headers=form).code == 415
    assert Dashboard(stack, token="").ask("POST", "session", b"login=a&password=b", headers=form).code == 415


def test_of_two_credentials_each_must_be_good(stack, somebody):
    cookie = Session(stack, *somebody).headers["cookie"]
    both = Dashboard(stack)
    assert both.ask("GET", "me", headers={"cookie": cookie}).json()["via"] == "admin-token"
    assert both.ask("GET", "me", headers={"cookie": "fleet_session=" + "0" * 64}).code == 401
    assert both.ask("GET", "me", headers={"cookie": "theme=dark"}).code == 200
    retry = {"log_id": "0123456789abcdef01234567", "retry_id": "x", "lab_id": 1}
    assert both.ask("POST", "/integration/retry-integration/", retry, headers={"x-internal-token": "wrong" * 8}).code == 401


def test_words_of_an_address_come_before_its_names(stack):
    for method, path, allowed in (("GET", "logs/retry", "POST"), ("POST", "logs/counts", "GET"), ("DELETE", "me/preferences", "GET, PUT")):
        answer = Dashboard(stack).ask(method, path, {})
        assert (answer.code, {k.lower(): v for k, v in answer.headers.items()}["allow"]) == (405, allowed)


@pytest.mark.parametrize("path, body, field", [
    ("lanes/1/pause", {"reason": "maintenance", "until": {}}, "/until"), ("logs/retry", {"filter": {"lab_id": 1}, "dry_run": "yes"}, "/dry_run"),
    ("logs/retry", {"filter": {"lab_id": 1}, "dry_run": None}, "/dry_run"), ("logs/retry", {"ids": "all", "filter": {"lab_id": 1}, "dry_run": True}, "/ids"),
    ("retry-runs", {"preview_id": "x", "start_paused": 1}, "/start_paused"),
], ids=str)
def test_a_member_of_a_wrong_type_is_not_taken_for_absent(stack, path, body, field):
    problem = Dashboard(stack).post(path, body, code=400)
    assert field in [e["pointer"] for e in problem["errors"]], problem


def test_wrong_passwords_are_slowed_down(stack):
    login, password = add_user("viewer")
    nobody = Dashboard(stack, token="")
    for _ in range(5):
        assert nobody.ask("POST", "session", {"login": login, "password": "wrong"}).code == 401
    limited = nobody.ask("POST", "session", {"login": login, "password": password})
    assert limited.code == 429 and 0 < int({k.lower(): v for k, v in limited.headers.items()}["retry-after"]) <= 60
    assert nobody.ask("POST", "session", {"login": "no-such-" + login, "password": "x"}).code == 401


def test_who_is_switched_off_is_out(stack):
    login, password = add_user("operator")
    session, script = Session(stack, login, password), Dashboard(stack, token=add_token(login))
    assert script.get("me")["via"] == "token" and script.get("me")["role"] == "operator"
    dev("run", "integration-admin", "user", "disable", login)
    session.get("me", code=401)
    script.get("me", code=401)
    assert Dashboard(stack, token="").ask("POST", "session", {"login": login, "password": password}).code == 401


def test_labs_and_masks(world, stack):
    with Partner(Reply(code=500)) as partner:
        log = world.deliver(partner.url())
    path, ask = f"logs/{log['_id']}", {"retry_id": uuid.uuid4().hex, "lab_id": world.lab.id}
    stranger = Dashboard(stack, token=add_token(add_user("admin", [world.lab.id + 1])[0]))
    assert stranger.get("logs")["items"] == [] and stranger.get("logs", lab_id=world.lab.id)["items"] == []
    for wanted in (path, path + "/retries"):
        stranger.get(wanted, code=404)
    stranger.post(path + "/retry", ask, code=404)
    stranger.post("/integration/retry-integration/", {**ask, "log_id": str(log["_id"])}, code=404)

    viewer = Dashboard(stack, token=add_token(add_user("viewer", [world.lab.id])[0]))
    shown = viewer.get(path)
    assert "Asha Rao" in log["request_body"] and "Asha" not in shown["request_body"] and shown["request_body_size"] > 0
    assert shown["patient_id"] is None
    assert {"request_body", "patient_id", "retry_context"} <= set(shown["masked"])
    assert [item["patient_id"] for item in viewer.get("logs")["items"]] == [None]
    viewer.post(path + "/retry", ask, code=403)

    operator = Dashboard(stack, token=add_token(add_user("operator", [world.lab.id])[0]))
    assert operator.get(path)["request_body"] == log["request_body"]
    assert operator.post(path + "/retry", ask, code=202)["result"] == "accepted"
    rows = stack.sql("SELECT actor, lab_id FROM integration.audit WHERE object_id = %s AND action = 'retry'", [str(log["_id"])])
    assert rows == [(operator.get("me")["login"], world.lab.id)]


# ---- the server ----

def raw(stack, data, wait=10.0):
    """Everything that the server answers to these bytes until it closes."""
    host, port = stack.env["DASHBOARD_URL"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as s:
        s.sendall(data)
        out = b""
        while part := s.recv(65536):
            out += part
    return out


REQUEST = b"GET /api/v1/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"


@pytest.mark.parametrize("data, code", [
    (b"GET /openapi.json HTTP/1.0\r\n\r\n", 200), (REQUEST + b"\r\n", 401), (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/2.0\r\nhost: x\r\n\r\n", 505),
    (b"GET /api/v1/me HTTP/1.1\r\n\r\n", 400), (REQUEST + b"a b: c\r\n\r\n", 400), (REQUEST + b"a: b\r\n c\r\n\r\n", 400),
    (REQUEST + b"a: b\x00c\r\n\r\n", 400), (REQUEST + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
    (REQUEST + b"content-length: -1\r\n\r\n", 400), (REQUEST + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n", 401),
    (REQUEST + b"transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n", 400),
    (REQUEST + b"content-length: 999999999\r\n\r\n", 413), (REQUEST + b"a: " + b"x" * 20000 + b"\r\n\r\n", 431),
    (REQUEST + b"a: b\r\n" * 300 + b"\r\n", 431), (b"GET http://x/ HTTP/1.1\r\nhost: x\r\n\r\n", 400),
], ids=lambda v: repr(v[:40]) if isinstance(v, bytes) else str(v))
def test_what_is_no_request_is_refused(stack, data, code):
    assert raw(stack, data).startswith(b"HTTP/1.1 %d " % code)


@pytest.mark.parametrize("path", [
    "/../../../../etc/passwd", "/assets/../../openapi.json", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fmeson.build", "/.git/config",
    "//etc/passwd", "/assets/%00", "/api/../openapi.json", "/meson.build", "/index.html%0d%0aset-cookie:%20a=b",
])
def test_no_file_outside_the_pages(stack, path):
    connection = http.client.HTTPConnection(stack.env["DASHBOARD_URL"].removeprefix("http://"), timeout=10)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in (400, 404) and b"root:" not in body and answer.getheader("set-cookie") is None


def test_the_pages_have_a_strict_policy(stack):
    answer = Dashboard(stack, token="").ask("GET", "/webhook")
    headers = {k.lower(): v for k, v in answer.headers.items()}
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    eventually(lambda: Dashboard(stack).get("me")["role"] == "admin", 10)
