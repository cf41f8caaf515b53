"""The gateway in front of the LIS: calls pass unchanged, and each leaves one log."""
import hashlib
import json
import re
import socket
import subprocess
import threading
import time
import uuid

import pytest

from fleet import rows
from fleet.gateway import Gateway, raw_call
from fleet.schemas import check
from fleet.topics import Topic
from fleet.wait import eventually
from partners import closed_port
from partners.lis import Lis, early, json_answer


@pytest.fixture(scope="module")
def lis():
    with Lis() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(stack, lis):
    with Gateway(stack, lis.url, GATEWAY_TRUSTED_HOPS="127.0.0.1,10.0.0.0/8", LOG_BODY_LIMIT="64KiB") as g:
        yield g


@pytest.fixture(scope="module")
def hasty(stack, lis):
    """One that waits for nobody."""
    with Gateway(stack, lis.url, LIS_ANSWER_TIMEOUT="500ms", GATEWAY_HEAD_TIMEOUT="500ms", GATEWAY_BODY_TIMEOUT="500ms") as g:
        yield g


@pytest.fixture
def path():
    """A path of the test's own, by which its logs are found."""
    return f"/api-{uuid.uuid4().hex}"


def key_of(stack, auth_id):
    key = uuid.uuid4().hex
    rows.update_auth(stack, auth_id, auth_key=key)
    return key


# ---- what passes ----
def test_a_call_passes_unchanged_and_becomes_a_log(gateway, lis, world):
    key = key_of(world.stack, world.auth)
    lis.answers[f"/LHRegisterBillAPI/{key}/"] = json_answer('{"billId": 4711, "patientId": "77"}', headers="X-One: 1\r\nX-One: 2\r\n")
    sent = json.dumps({"fullName": "Asha Rao"})
    code, headers, body = gateway.call("POST", f"/LHRegisterBillAPI/{key}/?source=app", sent, {
        "Content-Type": "application/json", "Origin": "https://partner.example", "X-Custom": "kept", "Cookie": "session=abc"})
    assert (code, body) == (200, b'{"billId": 4711, "patientId": "77"}')
    asked = lis.asked[-1]
    assert asked.line == f"POST /LHRegisterBillAPI/{key}/?source=app HTTP/1.1" and asked.body.decode() == sent
    assert asked.header("x-custom") == "kept" and asked.header("cookie") == "session=abc"
    log = gateway.wait_log(lab_id=world.lab.id)
    assert (log["operation"], log["status"], log["auth_id"], log["developer_name"]) == \
        ("LHRegisterBillAPI", "SUCCESS", world.auth, "Acme Health")
    assert (log["method"], log["request_type"], log["ip"], log["origin"]) == ("POST", 1, "127.0.0.1", "https://partner.example")
    masked = f"/LHRegisterBillAPI/****{key[-4:]}/"
    assert (log["path"], log["end_point"], log["token"]) == (masked, masked + "?source=app", f"****{key[-4:]}")
    assert (log["bill_id"], log["patient_id"]) == (4711, 77)
    assert (log["request_body"], log["response_body"]) == (sent, body.decode())
    assert log["request_headers"]["Cookie"] == "***" and log["request_headers"]["X-Custom"] == "kept"
    assert log["response_headers"]["X-One"] == "1, 2" and log["response_status_code"] == 200 and log["response_time"] > 0
    assert log["traceparent"] == asked.header("traceparent") and log["action_category"] == "Billing"
    assert key not in str(log)


def test_the_message_holds_to_its_schema(gateway, stack, lis, path):
    with_topic = Topic(stack, "integration.inbound-calls")
    gateway.call("GET", path)
    message = with_topic.until(lambda m: path.encode() in m.value)[0]
    check("inbound-call", message.json())
    assert message.key == b"0"
    with_topic.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_any_method(gateway, lis, path, method):
    code, _, body = gateway.call(method, path, b"x" if method in ("POST", "PUT", "PATCH") else None)
    assert code == 200 and body == (b"" if method == "HEAD" else b'{"ok": true}')
    assert lis.asked[-1].line == f"{method} {path} HTTP/1.1"


ANSWERS = {
    "length": json_answer('{"a": 1}'),
    "empty": json_answer(""),
    "created": json_answer("{}", "201 Made It"),
    "no reason": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    "no content": b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n",
    "error": json_answer('{"error": "no"}', "500 Oops"),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nTrailer: t\r\n\r\n",
    "to the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"abc" * 1000,
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold",
    "cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
    "latin": "HTTP/1.1 200 OK\r\nX-Name: Jos\xe9\r\nContent-Length: 1\r\n\r\n\xe9".encode("latin-1"),
}
OWN = {"connection", "keep-alive", "transfer-encoding"}


def seen(port, data):
    """(status line, headers but for the connection's, body) of one answer."""
    import http.client
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(data)
        answer = http.client.HTTPResponse(s, method=data.split(b" ")[0].decode())
        answer.begin()
        headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in OWN]
        return answer.status, answer.reason, headers, answer.read()


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_are_the_same_with_and_without_the_gateway(gateway, lis, path, name, method):
    answer = ANSWERS[name]
    lis.answers[path] = answer.split(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else answer
    data = f"{method} {path} HTTP/1.1\r\nHost: lis\r\n\r\n".encode()
    assert seen(gateway.port, data) == seen(lis.port, data)


NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; gzip on; gzip_min_length 10; gzip_types text/plain; gzip_http_version 1.0;
  server {{ listen 127.0.0.1:{port}; root {folder}; default_type text/plain;
    location = /none {{ return 204; }} location = /old {{ return 301 /text; }} location = /cookie {{ add_header Set-Cookie "a=b"; return 200 "ok"; }} }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("nginx"), closed_port()
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port))
    (folder / "text").write_text("0123456789 " * 5000)
    (folder / "empty").write_text("")
    process = subprocess.Popen(["nginx", "-c", folder / "conf", "-p", folder, "-e", folder / "error.log"],
                               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stderr=subprocess.DEVNULL)
    eventually(lambda: raw_call(port, b"GET /none HTTP/1.0\r\n\r\n") if process.poll() is None and is_open(port) else None, 20,
               what="nginx answers")
    yield port
    process.terminate()
    process.wait(10)


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_answers_of_nginx_are_the_same(stack, nginx):
    requests = [f"{method} {target} HTTP/1.{minor}\r\nHost: lis\r\n{header}\r\n" for method in ("GET", "HEAD", "POST", "DELETE")
                for target in ("/text", "/empty", "/none", "/old", "/cookie", "/missing", "/text?a=b%20c&d=%C3%A9")
                for minor in (0, 1)
                for header in ("", "Range: bytes=5-9\r\n", "Accept-Encoding: gzip\r\n", "If-Modified-Since: Sat, 01 Jan 2050 00:00:00 GMT\r\n")]
    with Gateway(stack, f"http://127.0.0.1:{nginx}") as gateway:
        for request in requests:
            direct, through = (without_date(seen(port, request.encode())) for port in (nginx, gateway.port))
            assert direct == through, request


def without_date(answer):
    status, reason, headers, body = answer
    return status, reason, [(n, v) for n, v in headers if n != "Date"], body


def test_what_is_about_the_connection_stays_on_it(gateway, lis, path):
    gateway.raw(f"GET {path} HTTP/1.1\r\nHost: lis.example:8\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n"
                f"Keep-Alive: 5\r\nUpgrade: h2c\r\nProxy-Authorization: x\r\nX-End: 2\r\n\r\n".encode())
    asked = lis.asked[-1]
    names = [name.lower() for name, _ in asked.headers]
    assert names == ["host", "x-end", "x-forwarded-for", "traceparent"] and asked.header("host") == "lis.example:8"


def test_the_caller_behind_trusted_hops(stack, gateway, lis, path):
    gateway.call("GET", path, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 10.1.2.3", "X-Real-IP": "203.0.113.9"})
    assert lis.asked[-1].header("x-forwarded-for") == "203.0.113.9, 198.51.100.7, 10.1.2.3, 127.0.0.1"
    assert gateway.wait_log(path=path)["ip"] == "198.51.100.7"
    with Gateway(stack, lis.url) as strict:
        strict.call("GET", path + "/2", headers={"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=x"})
        asked = lis.asked[-1]
        assert asked.header("x-forwarded-for") == "127.0.0.1" and asked.header("x-real-ip") is asked.header("forwarded") is None
        assert strict.wait_log(path=path + "/2")["ip"] == "127.0.0.1"


def test_a_trace_goes_on_and_a_malformed_one_begins_anew(gateway, lis, path):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    gateway.call("GET", path, headers={"traceparent": trace})
    assert lis.asked[-1].header("traceparent") == trace
    gateway.call("GET", path, headers={"traceparent": "00-00000000000000000000000000000000-00f067aa0ba902b7-01"})
    begun = lis.asked[-1].header("traceparent")
    assert begun != trace and len(begun) == 55 and begun.startswith("00-")


def test_a_large_body_streams_both_ways(stack, gateway, lis, path):
    body = b"0123456789abcdef" * 65536 * 20  # 20 MiB

    def echo(handler, asked):
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(asked.body)}\r\n\r\n".encode() + asked.body)
        return True
    lis.answers[path] = echo
    code, _, answer = gateway.call("POST", path, body, timeout=60)
    assert code == 200 and hashlib.sha256(answer).digest() == hashlib.sha256(body).digest()
    log = gateway.wait_log(path=path)
    assert len(log["request_body"]) == len(log["response_body"]) == 65536
    assert log["request_body_truncated"] is True and log["response_body_truncated"] is True
    pid = gateway.process.pid
    assert stack.env.get("ASAN") or int(open(f"/proc/{pid}/statm").read().split()[1]) * 4096 < 512 << 20


def test_an_answer_streams_before_it_is_complete(gateway, lis, path):
    go = threading.Event()

    def drip(handler, _):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go.wait(10)
        handler.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")
        return True
    lis.answers[path] = drip
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: lis\r\n\r\n".encode())
        got = b""
        while b"first" not in got:
            got += s.recv(4096)
        assert b"last" not in got
        go.set()
        while not got.endswith(b"0\r\n\r\n"):
            got += s.recv(4096)


def test_a_chunked_request(gateway, lis, path):
    gateway.raw(f"POST {path} HTTP/1.1\r\nHost: lis\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n3;e\r\ndef\r\n0\r\nX-Trailer: 1\r\n\r\n".encode())
    assert (lis.asked[-1].body, lis.asked[-1].framed) == (b"abcdef", "chunked")


def test_expect_continue(gateway, lis, path):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: lis\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n".encode())
        assert s.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(b"abc")
        assert s.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    assert lis.asked[-1].body == b"abc"


def test_an_answer_before_the_body(gateway, lis, path):
    @early
    def refuse(handler, _):
        handler.wfile.write(json_answer('{"error": "too large"}', "413 Too Large", "Connection: close\r\n"))
        return False
    lis.answers[path] = refuse
    answer = gateway.raw(f"POST {path} HTTP/1.1\r\nHost: lis\r\nContent-Length: 100000\r\n\r\nabc".encode())
    assert answer.startswith(b"HTTP/1.1 413 Too Large\r\n") and b"connection: close" in answer.lower()


def test_requests_sent_ahead_are_answered_in_order(gateway, lis, path):
    for i in range(4):
        lis.answers[f"{path}/{i}"] = json_answer(f'{{"n": {i}}}')
    data = b"".join(f"POST {path}/{i} HTTP/1.1\r\nHost: lis\r\nContent-Length: 2\r\n\r\nab".encode() for i in range(3))
    answer = gateway.raw(data + f"GET {path}/3 HTTP/1.1\r\nHost: lis\r\nConnection: close\r\n\r\n".encode())
    assert [line[6:7] for line in answer.split(b'{"n"')[1:]] != [] and \
        [int(part.split(b"}")[0].split(b":")[1]) for part in answer.split(b'{"n"')[1:]] == [0, 1, 2, 3]
    assert len(gateway.wait_log(count=4, path={"$regex": f"^{path}"})) == 4


def test_connections_are_kept(gateway, lis, path):
    import http.client
    before = lis.connections
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    for _ in range(20):
        connection.request("GET", path)
        assert connection.getresponse().read() == b'{"ok": true}'
    connection.close()
    assert lis.connections - before <= 2
    assert b"Connection: keep-alive" in gateway.raw(
        f"GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET {path} HTTP/1.0\r\n\r\n".encode())


def test_the_lis_by_its_name(stack, lis, path):
    with Gateway(stack, f"http://localhost:{lis.port}") as g:  # ::1, where nobody listens, is tried as well
        assert [g.call("GET", path)[0] for _ in range(3)] == [200] * 3
    with Gateway(stack, "http://nobody.invalid:80") as g:
        assert g.call("GET", path + "/2")[0] == 502
        assert g.wait_log(path=path + "/2")["error_kind"] == "dns"


# ---- what goes wrong ----
def test_the_lis_refuses(stack, path):
    with Gateway(stack, f"http://127.0.0.1:{closed_port()}") as g:
        code, _, body = g.call("POST", path, b"{}")
        assert code == 502 and "error" in json.loads(body)
        log = g.wait_log(path=path)
        assert (log["status"], log["error_kind"], log["response_status_code"], log["lab_id"]) == ("FAIL", "connect", 502, 0)


def test_the_lis_hangs(hasty, lis, path):
    lis.answers[path] = lambda handler, asked: time.sleep(3)
    assert hasty.call("POST", path, b"{}")[0] == 504
    log = hasty.wait_log(path=path)
    assert (log["status"], log["error_kind"], log["error_message"]) == ("FAIL", "timeout", "No response")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"nonsense\r\n\r\n"], ids=["nothing", "half a head", "nonsense"])
def test_the_lis_closes_before_an_answer(gateway, lis, path, said):
    def close(handler, _):
        handler.wfile.write(said)
    lis.answers[path] = close
    assert gateway.call("POST", path, b"{}")[0] == 502
    assert gateway.wait_log(path=path)["error_kind"] == "response"


@pytest.mark.parametrize("said", [b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"], ids=["length", "chunked"])
def test_the_lis_breaks_off(gateway, lis, path, said):
    def close(handler, _):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + said)
    lis.answers[path] = close
    answer = gateway.raw(f"GET {path} HTTP/1.1\r\nHost: lis\r\n\r\n".encode())
    assert b"abc" in answer and not answer.endswith(b"0\r\n\r\n")
    log = gateway.wait_log(path=path)
    assert (log["status"], log["error_kind"], log["response_status_code"], log["response_body"]) == ("FAIL", "response", 200, "abc")


def test_the_caller_leaves_after_its_request(gateway, lis, path):
    lis.answers[path] = lambda handler, asked: time.sleep(0.3) or handler.wfile.write(json_answer('{"billId": 5}'))
    with socket.create_connection(("127.0.0.1", gateway.port)) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: lis\r\n\r\n".encode())
    log = gateway.wait_log(path=path)
    assert log["status"] == "FAIL" and "caller left" in log["error_message"]
    assert (log["response_status_code"], log["bill_id"]) == (200, 5)


def test_the_caller_leaves_within_its_request(gateway, path):
    with socket.create_connection(("127.0.0.1", gateway.port)) as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: lis\r\nContent-Length: 100\r\n\r\nabc".encode())
    log = gateway.wait_log(path=path)
    assert log["status"] == "FAIL" and "caller left" in log["error_message"] and log["request_body"] == "abc"


def test_slow_callers_are_let_go(hasty, path):
    assert hasty.raw(b"GET / HTTP/1.1\r\nHost: l").startswith(b"HTTP/1.1 408 ")
    assert hasty.raw(f"POST {path} HTTP/1.1\r\nHost: lis\r\nContent-Length: 9\r\n\r\nabc".encode()).startswith(b"HTTP/1.1 408 ")
    assert hasty.wait_log(path=path)["response_status_code"] == 408


def test_a_head_that_is_too_large(gateway, path):
    answer = gateway.raw(f"GET {path} HTTP/1.1\r\nHost: lis\r\nX: {'x' * 100_000}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert gateway.wait_log(path=path)["status"] == "FAIL"


SMUGGLING = {
    "length and chunked": "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
    "two lengths": "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "folded": "X: a\r\n Transfer-Encoding: chunked\r\n\r\n",
    "blank before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "other encoding": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two encodings": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "bare LF": "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare CR": "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "chunk overflow": "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nhello\r\n0\r\n\r\n",
    "two hosts": "Host: evil\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_smuggling_is_refused(gateway, lis, path, name):
    before = len(lis.asked)
    answer = gateway.raw(f"POST {path} HTTP/1.1\r\nHost: lis\r\n{SMUGGLING[name]}GET /smuggled HTTP/1.1\r\nHost: lis\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ") and len(re.findall(rb"HTTP/1\.1 \d", answer)) == 1
    assert b"connection: close" in answer.lower()
    assert not any("smuggled" in asked.line for asked in lis.asked[before:])
    assert gateway.wait_log(path=path)["response_status_code"] == 400


# ---- keys and routes ----
PLACES = {
    "bearer": ("/patientRegister/", {"Authorization": "Bearer {key}"}),
    "x-auth-key": ("/patientRegister/", {"x-auth-key": "{key}"}),
    "authKey": ("/hl7/2_3/createOrder/?authKey={key}", {}),
    "token": ("/getOrderStausPDFWithAllReports/?token={key}&billId=12", {}),
    "path": ("/appointmentConfirmAPI/{key}/", {}),
    "path of no route": ("/some/{key}/thing", {}),
    "a known one after an unknown one": ("/appointmentConfirmAPI/{key}/", {"Authorization": "Bearer of-the-lis"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_where_a_key_is_found(gateway, world, place):
    target, headers = PLACES[place]
    key = key_of(world.stack, world.auth)  # counts at once
    assert gateway.call("GET", target.format(key=key), headers={n: v.format(key=key) for n, v in headers.items()})[0] == 200
    if place == "path of no route":  # any segment may be a key, so none is asked about: the next poll knows it
        eventually(lambda: gateway.call("GET", target.format(key=key)) and
                   world.stack.mongo.integration_directory.count_documents({"lab_id": world.lab.id}), 10, every=0.3, what="a log")
        log = world.stack.mongo.integration_directory.find_one({"lab_id": world.lab.id})
    else:
        log = gateway.wait_log(lab_id=world.lab.id)
    assert log["auth_id"] == world.auth and key not in str(log)
    assert log["operation"] == target.split("?")[0].replace("/{key}", "").strip("/")
    assert log["bill_id"] == (12 if "billId" in target else None)


@pytest.mark.parametrize("header, shown", [("Bearer {key}", "4711"), ("Bearer of-nobody-at-all", "4711"), (None, "***")])
def test_the_place_of_a_key_in_a_path_is_hidden_unless_a_key_came_elsewhere(gateway, world, header, shown):
    mark = uuid.uuid4().hex
    headers = {"Authorization": header.format(key=key_of(world.stack, world.auth))} if header else {}
    gateway.call("GET", f"/appointmentConfirmAPI/4711/{mark}", headers=headers)
    log = eventually(lambda: world.stack.mongo.integration_directory.find_one({"path": {"$regex": mark}}), 15, what="the log")
    assert log["path"] in (f"/appointmentConfirmAPI/{shown}/{mark}", "/appointmentConfirmAPI/****/" + mark)


def test_a_sealed_key_is_known_too(gateway, world):
    key = key_of(world.stack, world.auth)
    eventually(lambda: world.stack.sql("SELECT 1 FROM integration.developer_authentication WHERE id = %s AND auth_key_hash IS NOT NULL",
                                       [world.auth]), 30, what="the key is sealed")
    gateway.call("GET", "/patientRegister/" + key)
    assert gateway.wait_log(lab_id=world.lab.id)["auth_id"] == world.auth


def test_disabled_at_once(gateway, world, lis):
    key = key_of(world.stack, world.auth)
    assert gateway.call("GET", "/patientRegister/" + key)[0] == 200
    rows.update_auth(world.stack, world.auth, is_integration_enable=False)
    asked = len(lis.asked)
    eventually(lambda: gateway.call("GET", "/patientRegister/" + key)[0] == 403, 5, what="refused")
    assert len(lis.asked) - asked < 5
    log = gateway.wait_log(lab_id=world.lab.id, response_status_code=403)
    assert log["status"] == "FAIL" and "disabled" in log["error_message"]


def test_rates_and_addresses(gateway, world):
    key = key_of(world.stack, world.auth)
    rows.update_auth(world.stack, world.auth, inbound_rate_per_second=2)
    codes = [gateway.call("GET", "/patientRegister/" + key)[0] for _ in range(4)]
    eventually(lambda: gateway.call("GET", "/patientRegister/" + key)[0] == 429 or codes.append(0), 5, what="too many")
    rows.update_auth(world.stack, world.auth, inbound_rate_per_second=None, inbound_addresses=["10.0.0.0/8"])
    eventually(lambda: gateway.call("GET", "/patientRegister/" + key)[0] == 403, 5, what="not from here")
    rows.update_auth(world.stack, world.auth, inbound_addresses=["192.0.2.0/24"])
    eventually(lambda: gateway.call("GET", "/patientRegister/" + key, headers={"x-forwarded-for": "192.0.2.9"})[0] == 200, 5,
               what="from there")


@pytest.fixture
def route(stack, path):
    def add(**columns):
        names = ", ".join(columns)
        marks = ", ".join(["%s"] * len(columns))
        stack.sql(f"INSERT INTO integration.inbound_route (path, {names}) VALUES (%s, {marks})", [path, *columns.values()])
    yield add
    stack.sql("DELETE FROM integration.inbound_route WHERE path = %s", [path])


def test_a_route_refuses_unknown_keys(gateway, lis, route, path):
    route(operation="theAPI", unknown_key="refuse")
    eventually(lambda: gateway.call("GET", path, headers={"x-auth-key": "nobodys-key-at-all"})[0] == 401, 5, what="refused")
    log = eventually(lambda: gateway.stack.mongo.integration_directory.find_one({"path": path, "response_status_code": 401}), 15,
                     what="the log")
    assert (log["operation"], log["lab_id"], log["status"], log["token"]) == ("theAPI", 0, "FAIL", "****-all")


def test_what_a_route_captures(gateway, lis, route, path):
    route(operation="headersOnly", capture="headers", refs=json.dumps({}), position=1)
    eventually(lambda: gateway.call("POST", path, b"body") and
               gateway.stack.mongo.integration_directory.find_one({"operation": "headersOnly", "path": path}), 15, every=0.3,
               what="a log")
    log = gateway.stack.mongo.integration_directory.find_one({"operation": "headersOnly", "path": path})
    assert log["request_body"] is None and log["response_body"] is None and log["request_headers"]


def test_bodies_that_are_no_text(gateway, lis, path):
    pdf = b"%PDF-1.4\x00\xff" * 10
    lis.answers[path] = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: %d\r\n\r\n" % len(pdf) + pdf
    assert gateway.call("POST", path, b"caf\xe9\x00", {"Content-Type": "text/plain"})[2] == pdf
    log = gateway.wait_log(path=path)
    kept = json.loads(log["response_body"])
    assert (kept["size"], kept["sha256"]) == (len(pdf), hashlib.sha256(pdf).hexdigest())
    assert log["request_body"].startswith("caf\N{REPLACEMENT CHARACTER}")


# ---- records made elsewhere ----
def record(**more):
    return {"record_id": uuid.uuid4().hex, "operation": "patientRegister", "method": "POST", "path": "/patientRegister/",
            "response_status_code": 200, "occurred_at": "2026-11-21T09:30:00Z", **more}


def test_a_posted_record_becomes_one_log(gateway, world):
    key = key_of(world.stack, world.auth)
    one = record(auth_key=key, request_headers={"Authorization": "Bearer x"}, request_body={"a": 1}, response_time=12)
    assert gateway.post_record(one) == (202, {"accepted": 1})
    assert gateway.post_record([one, one]) == (202, {"accepted": 2})
    assert gateway.post_record(record(lab_id=world.lab.id, operation="last"))[0] == 202
    gateway.wait_log(lab_id=world.lab.id, operation="last")
    log = gateway.wait_log(lab_id=world.lab.id, operation="patientRegister")
    assert (log["auth_id"], log["token"], log["request_body"], log["status"]) == (world.auth, "****" + key[-4:], '{"a":1}', "SUCCESS")
    assert log["request_headers"]["Authorization"] == "***" and log["response_time"] == 12.0


@pytest.mark.parametrize("wrong, field", [({"record_id": ""}, "record_id"), ({"record_id": None}, "record_id"), ({"operation": 5}, "operation"),
                                          ({"lab_id": "x"}, "lab_id"), ({"occurred_at": "yesterday"}, "occurred_at"),
                                          ({"request_headers": "x"}, "request_headers"), ({"response_status_code": 7}, "response_status_code")])
def test_a_wrong_record_names_its_field(gateway, wrong, field):
    code, answer = gateway.post_record({**record(), **wrong})
    assert code == 400 and field in answer["error"]
    code, answer = gateway.post_record([record(), {**record(), **wrong}])
    assert code == 400 and "record 1" in answer["error"]


def test_who_may_post(gateway):
    assert gateway.call("POST", "/inbound-calls", b"{}", {"x-internal-token": "wrong"})[0] == 401
    assert gateway.call("POST", "/inbound-calls", b"{}")[0] == 401
    assert gateway.call("GET", "/inbound-calls")[0] == 405
    assert gateway.call("POST", "/inbound-calls", b"nonsense", {"x-internal-token": gateway.stack.token})[0] == 400
    answer = raw_call(gateway.port, f"POST /inbound-calls HTTP/1.1\r\nHost: l\r\nx-internal-token: {gateway.stack.token}\r\n"
                      f"Content-Length: {17 << 20}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_record_that_cannot_be_read_goes_to_failed_tasks(stack, publisher):
    failed = Topic(stack, "integration.failed-tasks")
    mark = uuid.uuid4().hex
    publisher.raw("integration.inbound-calls", "5", json.dumps({"operation": mark}).encode())
    message = failed.until(lambda m: mark.encode() in (m.value or b""))[0]
    assert message.text("reason") == "undecodable" and "record_id" in message.text("exception")
    assert message.text("source_topic").endswith("integration.inbound-calls")
    failed.close()


def test_a_new_log_is_told(stack, gateway, path):
    updates = Topic(stack, "integration.status-updates")
    gateway.call("GET", path)
    log = gateway.wait_log(path=path)
    update = updates.until(lambda m: str(log["_id"]).encode() in m.value)[0]
    check("status-update", update.json())
    updates.close()
