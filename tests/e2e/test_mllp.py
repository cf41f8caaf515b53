"""HL7 over MLLP (contract, "MLLP"): what each answer, and each way not to answer, makes of the log."""
import socket

import pytest

from fleet.stack import http
from fleet.wait import eventually, stays
from partners import Ack, MllpPartner, certificates, closed_port, frame

SHORT = {"ack": {"timeout_ms": 700}}
OTHER = frame("MSH|^~\\&|P|P|L|17|1||ACK|9|P|2.3\rMSA|AA|another\r")
EVENT = frame("MSH|^~\\&|P|P|L|17|1||ORU^R01|9|P|2.3\rPID|1\r")


def outcome(log):
    return log["status"], log["error_kind"]


def send(world, details, **row):
    """A patient's registration to this peer, and its final log."""
    row_id = world.row(57, "", extra=details, **row)
    return world.wait_log(publish(world), row_id)


def publish(world, patient=None):
    return world.publish({"action_id": 57, "lab_id": world.lab.id, "patient_id": patient or world.lab.patient()})


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_an_accepted_message(world, code):
    with MllpPartner(Ack(code=code)) as peer:
        log = send(world, peer.details())
        message, = peer.messages
    assert outcome(log) == ("SUCCESS", None) and log["error_message"] is None
    assert log["sent_to_mirth"] is True and log["fusion_log"] == "Sent to Mirth"
    assert log["stage"] == "LIVEHEALTHAPI" and log["transport"] == "mllp"
    assert log["end_point"] == f"mllp://127.0.0.1:{peer.port}"
    assert log["response_status_code"] is None and f"MSA|{code}|{message.control_id}" in log["response_body"]
    assert log["response_time"] > 0
    assert log["request_body"].encode() == message.body
    assert message.segment("MSH")[3] == str(world.lab.id) and len(message.control_id) == 20
    assert message.segment("ZID")[1:5] == [str(world.lab.id), str(log["_id"]), "0", "57"]


@pytest.mark.parametrize("ack, text", [
    (Ack(code="AE", text="no such test"), "no such test"),
    (Ack(code="CE", more="ERR|||207^Application internal error^HL70357|E\r"), "Application internal error"),
    (Ack(code="AR", more="ERR|||200^Unsupported message type^HL70357|E||||we take ORM only\r"), "we take ORM only"),
    (Ack(code="CR", more="ERR|PID^1^5^102&Data type error&HL70357\r"), "Data type error"),
    (Ack(code="AR", text="broken \\F\\ pipe"), "broken | pipe"),
    (Ack(code="AE"), "AE"),
])
def test_a_refusal_has_the_peers_words(world, ack, text):
    with MllpPartner(ack) as peer:
        log = send(world, peer.details())
    assert outcome(log) == ("FAIL", "nack") and text in log["error_message"]
    assert log["sent_to_mirth"] is False and log["stage"] == "LIVEHEALTHAPI"
    assert f"MSA|{ack.code}|" in log["response_body"]


@pytest.mark.parametrize("ack, kind, text", [
    (Ack(silent=True), "timeout", "No response"),
    (Ack(control_id="another"), "timeout", "No response: ACK control id mismatch"),
    (Ack(raw=b"HTTP/1.1 400 Bad Request\r\n\r\n"), "timeout", "No response"),
    (Ack(raw=EVENT), "timeout", "No response"),
    (Ack(raw=frame("not HL7 at all")), "response", "no HL7"),
    (Ack(code="ZZ"), "response", "MSA-1"),
    (Ack(silent=True, close=True), "response", "ended"),
    (Ack(raw=b"\x0bMSH|^~\\&|P\rMSA|AA|", close=True), "response", "ended"),
    (Ack(reset=True), "response", "broke"),
], ids=["silence", "wrong MSA-2", "noise", "an event", "garbage", "unknown code", "close", "half", "reset"])
def test_no_acknowledgement(world, ack, kind, text):
    with MllpPartner(ack) as peer:
        log = send(world, peer.details(**SHORT))
        assert outcome(log) == ("FAIL", kind) and text in log["error_message"]
        assert log["sent_to_mirth"] is False and log["fusion_log"] == "Failed at Livehealthapp"
        assert log["stage"] == "LIVEHEALTHAPI" and log["response_body"] is None
        if kind == "timeout":
            assert log["error_message"].startswith("No response") and log["response_time"] >= 650
            eventually(lambda: peer.open == 0, what="the connection closed")
        assert len(peer.messages) == 1


@pytest.mark.parametrize("ack", [
    Ack(drip=0.01), Ack(before=b"\r\njunk" + OTHER), Ack(before=EVENT, after=OTHER), Ack(delay=0.4),
    Ack(text="x" * 200_000),
], ids=["byte by byte", "several frames", "frames around", "late but in time", "200 KB"])
def test_answers_that_are_understood(world, ack):
    with MllpPartner(ack) as peer:
        log = send(world, peer.details(ack={"timeout_ms": 10_000}))
    assert outcome(log) == ("SUCCESS", None)


def test_timeout_ms_counts_where_the_ack_has_none(world):
    with MllpPartner(Ack(silent=True)) as peer:
        log = send(world, peer.details(timeout_ms=600))
    assert outcome(log) == ("FAIL", "timeout") and 550 <= log["response_time"] < 20_000


def test_a_late_ack_is_not_the_next_messages(world):
    def script(message):
        return Ack(delay=1.2) if len(peer.messages) == 1 else Ack(silent=True)
    with MllpPartner(script) as peer:
        row = world.row(57, "", extra=peer.details(**SHORT))
        first, second = publish(world), publish(world)
        for event in (first, second):
            assert outcome(world.wait_log(event, row)) == ("FAIL", "timeout")
        assert len({m.connection for m in peer.messages}) == 2


def test_messages_follow_each_other_on_one_connection(world):
    with MllpPartner() as peer:
        row = world.row(57, "", extra=peer.details())
        for _ in range(4):
            assert world.wait_log(publish(world), row)["status"] == "SUCCESS"
        assert peer.connections == 1


def test_a_connection_that_the_peer_dropped_fails_no_message(world):
    with MllpPartner() as peer:
        row = world.row(57, "", extra=peer.details())
        for _ in range(3):
            assert world.wait_log(publish(world), row)["status"] == "SUCCESS"
            peer.drop_connections()
        assert len(peer.messages) == 3


def test_a_peer_that_closes_after_each_answer(world):
    with MllpPartner(Ack(close=True)) as peer:
        row = world.row(57, "", extra=peer.details())
        events = [publish(world) for _ in range(12)]
        for event in events:
            assert world.wait_log(event, row)["status"] == "SUCCESS"
        assert len(peer.messages) == 12


def test_connections_are_as_many_as_the_row_says(world):
    with MllpPartner(Ack(delay=0.2)) as peer:
        row = world.row(57, "", extra=peer.details(max_concurrency=3))
        for event in [publish(world) for _ in range(12)]:
            assert world.wait_log(event, row)["status"] == "SUCCESS"
        assert peer.most_at_once == 3 and peer.connections == 3


@pytest.fixture
def full_port():
    """Nobody accepts there: no connection comes about."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


def test_no_connection_in_time(world, full_port):
    log = send(world, {"host": "127.0.0.1", "port": full_port, "timeout_ms": 500})
    assert outcome(log) == ("FAIL", "timeout")
    assert log["error_message"] == "Session.connect: SocketTimeoutException"
    assert log["fusion_log"] == "Failed at Livehealthapp"


@pytest.mark.parametrize("host, kind", [("127.0.0.1", "connect"), ("no-such-host.invalid", "dns"),
                                        ("10.1.2.3", "blocked"), ("167772161", "blocked"), ("::ffff:10.0.0.1", "blocked"),
                                        ("169.254.169.254", "blocked")])
def test_ways_not_to_get_there(world, host, kind):
    log = send(world, {"host": host, "port": closed_port(), "timeout_ms": 8000})
    assert outcome(log) == ("FAIL", kind) and log["error_message"]
    assert log["fusion_log"] == "Failed at Livehealthapp" and log["sent_to_mirth"] is False


@pytest.mark.parametrize("details, word", [({"transport": "mllp", "port": 6661}, "host"),
                                           ({"transport": "mllp", "host": "127.0.0.1"}, "port")])
def test_a_row_that_does_not_say_where(world, details, word):
    log = send(world, details)
    assert outcome(log) == ("FAIL", "config") and word in log["error_message"]


def test_the_origin_py3_is_said(world):
    with MllpPartner(Ack(silent=True)) as peer:
        row = world.row(57, "", extra=peer.details(**SHORT))
        event = world.publish({"action_id": 57, "lab_id": world.lab.id, "patient_id": world.lab.patient(),
                               "triggered_by_py3": True})
        assert world.wait_log(event, row)["fusion_log"] == "Failed at Crelio-app"


# ---- TLS ----

def test_tls_with_the_rows_authority(world):
    with MllpPartner(tls=True) as peer:
        row = world.row(57, "", extra=peer.details())
        for _ in range(2):
            assert outcome(world.wait_log(publish(world), row)) == ("SUCCESS", None)
        assert peer.connections == 1
        peer.drop_connections()
        assert outcome(world.wait_log(publish(world), row)) == ("SUCCESS", None)


@pytest.mark.parametrize("tls", [{}, {"ca": certificates.signed("other.example").certificate}])
def test_a_certificate_that_is_not_trusted(world, tls):
    with MllpPartner(tls=True) as peer:
        log = send(world, peer.details(tls=tls))
        assert outcome(log) == ("FAIL", "tls") and "trusted" in log["error_message"]
        assert peer.messages == []


def test_a_certificate_for_another_host(world):
    with MllpPartner(tls=True) as peer:
        log = send(world, peer.details(host="localhost"))
        assert outcome(log) == ("FAIL", "tls") and peer.messages == []
        log = send(world, peer.details(host="localhost", tls={"insecure": True}))
        assert outcome(log) == ("SUCCESS", None)


def test_tls_to_a_peer_that_does_not_speak_it(world):
    with MllpPartner() as peer:
        log = send(world, peer.details(tls={"insecure": True}, timeout_ms=1500))
    assert log["status"] == "FAIL" and log["error_kind"] in ("tls", "timeout")


def test_a_client_certificate(world):
    client = certificates.signed("fleet.example")
    auth = {"type": "mtls", "certificate": client.certificate, "private_key": client.private_key}
    with MllpPartner(client=True) as peer:
        log = send(world, peer.details(auth=auth))
        assert outcome(log) == ("SUCCESS", None)
        log = send(world, peer.details(timeout_ms=3000))
        assert log["status"] == "FAIL" and log["error_kind"] in ("tls", "response")
        # the first row got this event too
        assert not any(str(log["_id"]).encode() in message.body for message in peer.messages)


# ---- Mirth's second word ----

def confirm(world, log_id, status, **more):
    body = {"LOGID": log_id, "LABID": world.lab.id, "status": status, **more}
    return http("POST", world.stack.env["CALLBACK_URL"] + "/mirth-status", body,
                {"x-internal-token": world.stack.token}).code


def sent_on(world, peer):
    row = world.row(57, "", extra=peer.details(ack={"await_downstream": True}))
    event = publish(world)
    return eventually(lambda: next((log for log in world.logs(event_id=event, lab_integration_id=row)
                                    if log["fusion_log"]), None), 20, what="the acknowledgement on the log")


def status_of(world, log):
    return world.log(log["_id"])["status"]


@pytest.mark.parametrize("status", ["SUCCESS", "FAIL"])
def test_a_downstream_decides(world, status):
    with MllpPartner() as peer:
        log = sent_on(world, peer)
        assert log["status"] == "QUEUED" and log["sent_to_mirth"] is True and log["fusion_log"] == "Sent to Mirth"
        assert log["stage"] == "LIVEHEALTHAPI" and "MSA|AA" in log["response_body"]
        control_id = peer.messages[0].control_id
    log_id = str(log["_id"]) if status == "FAIL" else control_id
    words = {"error_message": "the ward's system is down"} if status == "FAIL" else {}
    assert confirm(world, log_id, status, **words) == 202
    eventually(lambda: status_of(world, log) == status, 20, what="the confirmation on the log")
    after = world.log(log["_id"])
    assert after["sent_to_mirth"] is True
    assert after["error_message"] == words.get("error_message")


def test_a_late_word_never_takes_a_success_back(world):
    with MllpPartner() as peer:
        log = sent_on(world, peer)
    for status in ("SUCCESS", "FAIL", "SUCCESS"):
        assert confirm(world, str(log["_id"]), status) == 202
    eventually(lambda: status_of(world, log) == "SUCCESS", 20)
    stays(lambda: status_of(world, log) == "SUCCESS", 1)
    assert confirm(world, "0" * 24, "SUCCESS") == 404


def test_a_late_confirmation_turns_a_failure_into_a_success(world):
    with MllpPartner(Ack(silent=True)) as peer:
        log = send(world, peer.details(**SHORT))
    assert outcome(log) == ("FAIL", "timeout")
    assert confirm(world, str(log["_id"]), "SUCCESS") == 202
    eventually(lambda: status_of(world, log) == "SUCCESS", 20, what="the log delivered")
    assert world.log(log["_id"])["sent_to_mirth"] is True


def test_a_retry_has_the_same_control_id(world):
    with MllpPartner([Ack(silent=True), Ack()]) as peer:
        log = send(world, peer.details(**SHORT))
        world.publisher.raw("integration.retries", str(log["_id"]), (
            f'{{"log_id":"{log["_id"]}","retry_id":"mllp-{log["_id"]}","lab_id":{world.lab.id},'
            '"kind":"MANUAL","requested_by":"test"}').encode())
        eventually(lambda: status_of(world, log) == "SUCCESS", 20, what="the retry delivered")
        first, second = peer.messages
        assert first.control_id == second.control_id and first.connection != second.connection
        assert second.segment("ZID")[3] == "1"
    after = world.log(log["_id"])
    assert after["fusion_log"] == "Sent to Mirth" and after["first_attempt"]["fusion_log"] == "Failed at Livehealthapp"


def test_a_silent_peer_delays_nobody_else(world):
    with MllpPartner(Ack(silent=True)) as silent, MllpPartner() as peer:
        hung = world.row(57, "", extra=silent.details(ack={"timeout_ms": 600_000}))
        row = world.row(57, "", extra=peer.details())
        for event in [publish(world) for _ in range(15)]:
            assert world.wait_log(event, row)["status"] == "SUCCESS"
        assert {log["status"] for log in world.logs(lab_integration_id=hung)} == {"QUEUED"}
