"""A request has a deadline as a whole, however its bytes come."""
import socket

from fleet.dashboard import Dashboard


def test_dripping_requests_end(stack):
    host, port = stack.env["DASHBOARD_URL"].removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=30) for _ in range(20)]
    for s in slow:
        s.sendall(b"GET / HTTP/1.1\r\nx: ")
    assert Dashboard(stack).get("me")["role"] == "admin"
    s, dripped = slow[0], 0
    try:
        while True:
            s.settimeout(1)
            try:
                got = s.recv(1024)
                assert got == b"" or b" 408 " in got
                break
            except TimeoutError:
                s.sendall(b"a")
                dripped += 1
                assert dripped < 25, "a dripping request holds its connection"
    except OSError:
        pass
    for s in slow:
        s.close()
