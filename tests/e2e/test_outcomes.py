"""What became of an attempt: the error table, suppression, and that others do not notice."""
import socket
import threading
import time

import pytest

from fleet import rows
from fleet.stack import http
from fleet.wait import eventually
from partners import Partner, Reply, closed_port

JSON = {"content-type": "application/json"}
NO_ANSWER = {"response_status_code": None, "response_body": None}


def outcome(log):
    return log["status"], log["error_kind"]


def test_a_refused_connection(world):
    log = world.deliver(f"http://127.0.0.1:{closed_port()}/hook")
    assert outcome(log) == ("FAIL", "connect") and log["error_message"]
    assert {k: log[k] for k in NO_ANSWER} == NO_ANSWER


def test_a_reset_after_the_request(world):
    with Partner(Reply(reset=True)) as partner:
        log = world.deliver(partner.url())
    assert outcome(log) == ("FAIL", "response") and log["error_message"]


def test_no_answer_in_time(world):
    with Partner(Reply(hang=True)) as partner:
        log = world.deliver(partner.url(), extra={"timeout_ms": 700})
    assert outcome(log) == ("FAIL", "timeout")
    assert log["error_message"].startswith("No response")
    assert log["response_time"] >= 650
    assert log["response_status_code"] is None


def test_an_answer_that_drips_past_the_time_out(world):
    with Partner(Reply(body=b"x" * 200, drip=0.05)) as partner:
        log = world.deliver(partner.url(), extra={"timeout_ms": 800})
    assert outcome(log) == ("FAIL", "timeout") and log["error_message"].startswith("No response")


def test_a_slow_answer_within_the_time_out_is_a_success(world):
    with Partner(Reply(delay=1.0)) as partner:
        log = world.deliver(partner.url(), extra={"timeout_ms": 8000})
    assert log["status"] == "SUCCESS" and log["response_time"] >= 950


def test_half_an_answer(world):
    with Partner(Reply(body=b'{"half": ', truncate=100)) as partner:
        log = world.deliver(partner.url())
    assert outcome(log) == ("FAIL", "response") and log["error_message"]


@pytest.mark.parametrize("code, status", [(200, "SUCCESS"), (500, "FAIL")])
def test_an_answer_of_100_mb_counts_by_its_code_and_is_cut(world, code, status):
    with Partner(Reply(code=code, body=b"x" * (1 << 20), repeat=100, headers={"content-type": "text/plain"})) as partner:
        log = world.deliver(partner.url())
    assert log["status"] == status and log["response_status_code"] == code
    assert 0 < len(log["response_body"]) <= (1 << 20)
    assert log["response_body_truncated"] is True


def test_an_answer_that_is_not_http(world):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"\x15\x03\x01 hello, this is no http\r\n\r\n")
    threading.Thread(target=serve, daemon=True).start()
    log = world.deliver(f"http://127.0.0.1:{listener.getsockname()[1]}/hook")
    listener.close()
    assert outcome(log) == ("FAIL", "response") and log["error_message"]


def test_a_certificate_that_nobody_signed(world):
    with Partner(tls=True) as partner:
        log = world.deliver(partner.url())
        assert outcome(log) == ("FAIL", "tls") and log["error_message"]
        assert partner.requests == []


def test_tls_to_a_partner_that_does_not_speak_it(world, partner):
    log = world.deliver(partner.url().replace("http:", "https:"))
    assert outcome(log) == ("FAIL", "tls")


def test_an_unknown_host(world):
    log = world.deliver("http://no-such-host.invalid/hook")
    assert outcome(log) == ("FAIL", "dns")
    assert log["error_message"]


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "172.16.0.1", "0.0.0.0", "100.64.0.1",
                                  "224.0.0.1", "[::ffff:10.0.0.1]", "[fe80::1]", "[fd00::1]", "[64:ff9b::a00:1]",
                                  "0xa9fea9fe", "167772161", "012.0.0.1"])
def test_addresses_that_are_not_the_partners_are_blocked(world, host):
    log = world.deliver(f"http://{host}/hook", extra={"timeout_ms": 3000})
    assert outcome(log) == ("FAIL", "blocked"), log["error_message"]
    assert log["error_message"]


def test_a_redirect_is_not_followed(world):
    with Partner() as target:
        with Partner(Reply(code=302, body=b"", headers={"location": target.url()})) as partner:
            log = world.deliver(partner.url())
        assert outcome(log) == ("FAIL", "http_status") and log["response_status_code"] == 302
        assert target.requests == []


@pytest.mark.parametrize("code", [201, 204])
def test_other_2xx_codes_are_a_success(world, code):
    with Partner(Reply(code=code, body=b"")) as partner:
        log = world.deliver(partner.url())
    assert log["status"] == "SUCCESS" and log["response_status_code"] == code


@pytest.mark.parametrize("code, body, text", [
    (500, b'{"error": "disk full"}', "disk full"),
    (400, b'{"message": "bad bill"}', "bad bill"),
    (422, b'{"detail": "no such test", "x": 1}', "no such test"),
    (401, b'{"error_description": "expired"}', "expired"),
    (400, b'{"errors": ["first", "second"]}', "first"),
    (400, b'{"errors": [{"message": "deep"}]}', "deep"),
    (404, b"not here", "not here"),
    (410, b'{"error": "gone"}', "gone"),
])
def test_the_partners_own_words_are_the_error_message(world, code, body, text):
    with Partner(Reply(code=code, body=body)) as partner:
        log = world.deliver(partner.url())
    assert outcome(log) == ("FAIL", "http_status")
    assert log["response_status_code"] == code
    assert log["error_message"].startswith(text)
    assert log["response_body"] == body.decode()


def test_an_error_message_is_cut_at_1000_characters(world):
    with Partner(Reply(code=500, body=("ä" * 5000).encode(), headers={"content-type": "text/plain"})) as partner:
        log = world.deliver(partner.url())
    assert 900 <= len(log["error_message"]) <= 1000
    assert len(log["response_body"]) == 5000


def test_an_answer_that_is_no_utf8_is_kept_readable(world):
    with Partner(Reply(code=500, body=b"\xff\xfe\x00\x01 broken", headers={})) as partner:
        log = world.deliver(partner.url())
    assert outcome(log) == ("FAIL", "http_status") and "broken" in log["response_body"]


# ---- suppression ----

@pytest.mark.parametrize("reply", [
    Reply(code=209, body=b"{}"),
    Reply(body=b'{"message": "#NOTFORDASHBOARD"}'),
    Reply(code=500, body=b'{"message": "#NOTFORDASHBOARD", "x": 1}'),
    Reply(code=404, body=b' {"a": {}, "message": "#NOTFORDASHBOARD"}'),
], ids=["209", "message", "message-500", "message-404"])
def test_a_partner_may_ask_not_to_be_shown(world, reply):
    with Partner(reply) as partner:
        row = world.row(1, partner.url())
        log = world.wait_log(world.bill_event(), row, status="")
    assert log["status"] == "" and log["error_kind"] is None


@pytest.mark.parametrize("body, status", [
    (b'{"data": {"message": "#NOTFORDASHBOARD"}}', "SUCCESS"),
    (b'{"note": "#NOTFORDASHBOARD"}', "SUCCESS"),
    (b'#NOTFORDASHBOARD', "SUCCESS"),
    (b'{"message": "about #NOTFORDASHBOARD"}', "SUCCESS"),
    (b'[{"message": "#NOTFORDASHBOARD"}]', "SUCCESS"),
])
def test_a_mere_mention_suppresses_nothing(world, body, status):
    with Partner(Reply(body=body)) as partner:
        assert world.deliver(partner.url())["status"] == status


# ---- the partner's pace ----

def test_retry_after_is_obeyed_never_early(world):
    with Partner([Reply(code=429, headers={**JSON, "retry-after": "2"}), Reply()]) as partner:
        row = world.row(1, partner.url(), extra={"max_concurrency": 1})
        first = world.bill_event()
        log = world.wait_log(first, row)
        assert outcome(log) == ("FAIL", "http_status") and log["response_status_code"] == 429
        second = world.bill_event()
        assert world.wait_log(second, row)["status"] == "SUCCESS"
        gap = partner.requests[1].arrived_at - partner.requests[0].arrived_at
        assert gap >= 1.99, gap


def test_never_more_requests_at_once_than_the_row_allows(world):
    at_once, most = [], []

    def count(_):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.15)
        at_once.pop()
        return Reply()
    with Partner(count) as partner:
        row = world.row(1, partner.url(), extra={"max_concurrency": 2})
        bill = world.lab.bill()
        events = [world.bill_event(bill=bill) for _ in range(10)]
        for event in events:
            world.wait_log(event, row)
    assert max(most) <= 2


def test_never_faster_than_the_row_allows(world):
    with Partner() as partner:
        row = world.row(1, partner.url(), extra={"rate_limit_per_second": 5})
        bill = world.lab.bill()
        for event in [world.bill_event(bill=bill) for _ in range(16)]:
            world.wait_log(event, row)
        times = sorted(r.arrived_at for r in partner.requests)
    # A bucket of one second's capacity: 5 at once, then 5 a second; over any window of a second <= 10.
    assert times[-1] - times[0] >= (16 - 5) / 5 - 0.2
    for start in times:
        assert len([t for t in times if start <= t < start + 0.99]) <= 10


def test_rows_of_one_rate_limit_group_share_its_rate(world):
    with Partner() as partner:
        group = {"rate_limit_per_second": 4, "rate_limit_group": f"g{world.lab.id}"}
        group_rows = [world.row(1, partner.url(f"/{i}"), extra=group) for i in range(3)]
        bill = world.lab.bill()
        events = [world.bill_event(bill=bill) for _ in range(5)]
        for event in events:
            for row in group_rows:
                world.wait_log(event, row)
        times = sorted(r.arrived_at for r in partner.requests)
    assert len(times) == 15 and times[-1] - times[0] >= (15 - 4) / 4 - 0.3


def test_ordered_by_patient_sends_one_after_the_other_in_order(world):
    at_once, most = [], []

    def slow(_):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.1)
        at_once.pop()
        return Reply()
    with Partner(slow) as partner:
        row = world.row(1, partner.url(), extra={"ordered_by": "patient"})
        patient = world.lab.patient()
        bills = [world.lab.bill(patient) for _ in range(8)]
        events = [world.bill_event(bill=b) for b in bills]
        for event in events:
            world.wait_log(event, row)
    assert max(most) == 1
    assert [r.json()["bill_id"] for r in partner.requests] == [b.id for b in bills]


def test_a_hanging_partner_does_not_delay_its_neighbour(world):
    with Partner(Reply(hang=True)) as hanging, Partner() as healthy:
        stuck = world.row(1, hanging.url(), extra={"timeout_ms": 60000, "max_concurrency": 4})
        row = world.row(1, healthy.url())
        bill = world.lab.bill()
        events = [world.bill_event(bill=bill) for _ in range(50)]
        for event in events:
            world.wait_log(event, row, deadline=10)
        assert {log["status"] for log in world.logs(lab_integration_id=stuck)} == {"QUEUED"}, "before its first time-out"
        eventually(lambda: len(hanging.requests) == 4, 5, what="the hanging partner's window is full, and no more")


def test_after_failures_that_mean_not_there_the_circuit_opens_and_closes_again(world):
    port = closed_port()
    row = world.row(1, f"http://127.0.0.1:{port}/hook")
    bill = world.lab.bill()
    world.publisher.many([{"action_id": 1, "lab_id": world.lab.id, "bill_id": bill.id}] * 30)
    eventually(lambda: len(world.logs(lab_integration_id=row, status="FAIL")) >= 3, 20, what="some failures")
    with Partner() as healed:
        rows.update_row(world.stack, row, url=healed.url())
        eventually(lambda: len([x for x in world.logs(lab_integration_id=row) if x["status"] != "QUEUED"]) == 30, 90,
                   what="every one of 30 ended")
        event = world.bill_event(bill=bill)
        assert world.wait_log(event, row, deadline=60)["status"] == "SUCCESS"


def test_health_answers_while_a_partner_hangs(world, stack):
    with Partner(Reply(hang=True)) as hanging:
        row = world.row(1, hanging.url(), extra={"timeout_ms": 60000})
        event = world.bill_event()
        eventually(lambda: hanging.requests, 10, what="the request is on its way")
        assert http("GET", stack.health_url("dispatcher") + "/livez", timeout=20).code == 200
        assert world.wait_log(event, row, status="QUEUED")
    world.wait_log(event, row)
