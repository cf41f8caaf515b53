"""Files over SFTP (actions 49 and 50, and whatever a row sends there), to OpenSSH's own server."""
import json
import os
import re
import signal
import socket
import threading

import pytest

from fleet import rows
from fleet.events import bill_event
from fleet.topics import Topic
from fleet.wait import eventually
from partners import SftpPartner, closed_port
from partners.password_sftp import PasswordSftpPartner
from partners.sftp import fingerprint, keygen


@pytest.fixture(scope="module")
def server():
    with SftpPartner() as s:
        yield s


@pytest.fixture
def inbox(server):
    """A folder of the test's own on the shared server."""
    server.inbox = server.folder / f"in-{os.urandom(4).hex()}"
    server.inbox.mkdir()
    return server


def report_event(world, action=50, document=b"%PDF-1.4 a report", **more):
    report = world.lab.report(world.lab.bill(), document=document)
    return {"action_id": action, "lab_id": world.lab.id, "lab_report_id": report,
            "activity_date": "2026-11-21T12:00:00Z", **more}


def test_a_bill_is_a_file(world, inbox):
    bill = world.lab.bill()
    log = world.deliver("", 49, data=bill_event(world.lab, bill, 49), extra=inbox.extra())
    assert (log["status"], log["error_message"]) == ("SUCCESS", None)
    name = f"ORM_{world.lab.id}_{bill.id}_{log['_id']}.hl7"
    assert inbox.names() == [name]
    content = (inbox.inbox / name).read_bytes()
    assert content.decode() == log["request_body"] and content.startswith(b"MSH|") and b"ORM^O01" in content
    assert log["transport"] == "sftp" and log["end_point"] == f"sftp://127.0.0.1:{inbox.port}{inbox.inbox}/{name}"
    assert name in log["response_body"] and log["response_status_code"] is None and log["response_time"] > 0


def test_a_report_is_a_message_and_its_pdf(world, inbox):
    content = b"%PDF-1.4 " + os.urandom(300_000)
    data = report_event(world, document=content)
    log = world.deliver("", 50, data=data, extra=inbox.extra())
    assert (log["status"], log["error_message"]) == ("SUCCESS", None)
    stem = f"ORU_{world.lab.id}_{data['lab_report_id']}_{log['_id']}"
    assert inbox.names() == [stem + ".hl7", stem + ".pdf"]
    assert (inbox.inbox / (stem + ".pdf")).read_bytes() == content
    assert b"ORU^R01" in (inbox.inbox / (stem + ".hl7")).read_bytes()


def test_a_template_makes_a_file_of_another_kind(world, inbox):
    log = world.deliver("", 1, extra=inbox.extra(), template_text='{"bill": {{bill.bill_id}}}')
    assert log["status"] == "SUCCESS", log["error_message"]
    name, = inbox.names()
    assert name.endswith(".json") and (inbox.inbox / name).read_text() == log["request_body"]


@pytest.mark.parametrize("pattern, expected", [
    ("out_<labId>_<LOGID>.txt", r"out_{lab}_{log}\.txt"),
    ("{{billId}}-{LOGID}", r"{bill}-{log}"),
    ("always.hl7", r"always\.hl7"),
])
def test_names_follow_the_rows_pattern(world, inbox, pattern, expected):
    bill = world.lab.bill()
    log = world.deliver("", 49, data=bill_event(world.lab, bill, 49), extra=inbox.extra({"file_name": pattern}))
    assert log["status"] == "SUCCESS", log["error_message"]
    name, = inbox.names()
    assert re.fullmatch(expected.format(lab=world.lab.id, bill=bill.id, log=log["_id"]), name)


def test_a_name_that_is_taken_is_never_overwritten(world, inbox):
    row = world.row(49, "", extra=inbox.extra({"file_name": "same.hl7"}))
    logs = [world.wait_log(world.bill_event(49), row) for _ in range(3)]
    assert [log["status"] for log in logs] == ["SUCCESS"] * 3
    assert inbox.names() == sorted(["same.hl7"] + [f"same_{log['_id']}.hl7" for log in logs[1:]])
    contents = {path.read_bytes().decode() for path in inbox.inbox.iterdir()}
    assert contents == {log["request_body"] for log in logs}


def test_the_directory_is_made_when_asked(world, inbox):
    there = inbox.inbox / "a" / "b"
    missing = world.deliver("", 49, extra=inbox.extra({"directory": str(there)}))
    assert (missing["status"], missing["error_kind"]) == ("FAIL", "config") and "directory" in missing["error_message"]
    assert not there.exists()
    made = inbox.extra({"directory": str(there), "make_directory": True})
    row = world.row(49, "", extra=made)
    log = world.wait_log(world.bill_event(49), row)
    assert log["status"] == "SUCCESS", log["error_message"]
    assert len(list(there.iterdir())) == 1


def test_another_host_key_is_not_trusted(world, inbox):
    other = fingerprint(keygen(inbox.folder / f"other_{os.urandom(4).hex()}"))
    log = world.deliver("", 49, extra=inbox.extra({"host_key_sha256": [other]}))
    assert (log["status"], log["error_kind"]) == ("FAIL", "tls")
    assert fingerprint(inbox.host_keys["ed25519"]) in log["error_message"] and inbox.names() == []


@pytest.mark.parametrize("pinned", ["ed25519", "ecdsa"])
def test_any_key_of_a_server_with_several_may_be_pinned(world, pinned):
    with SftpPartner(host_keys=("rsa", "ecdsa", "ed25519")) as server:
        keys = ["SHA256:" + "A" * 43, fingerprint(server.host_keys[pinned])]
        log = world.deliver("", 49, extra=server.extra({"host_key_sha256": keys}))
        assert log["status"] == "SUCCESS", log["error_message"]


def test_a_row_without_a_host_key_is_refused(world, inbox):
    extra = inbox.extra()
    del extra["sftp"]["host_key_sha256"]
    log = world.deliver("", 49, extra=extra)
    assert (log["status"], log["error_kind"]) == ("FAIL", "config") and "host_key_sha256" in log["error_message"]
    assert inbox.names() == []


def test_a_log_in_that_is_refused(world, inbox):
    stranger = keygen(inbox.folder / f"stranger_{os.urandom(4).hex()}")
    log = world.deliver("", 49, extra=inbox.extra({"private_key": stranger.read_text()}))
    assert (log["status"], log["error_kind"]) == ("FAIL", "auth")
    assert "PRIVATE KEY" not in str(log) and inbox.names() == []


@pytest.mark.parametrize("with_key", [False, True], ids=["password", "refused key, then password"])
def test_a_log_in_by_password(world, inbox, with_key):
    with PasswordSftpPartner() as server:
        extra = server.extra(**({"private_key": inbox.key.read_text()} if with_key else {}))
        log = world.deliver("", 49, extra=extra)
        assert (log["status"], log["error_message"]) == ("SUCCESS", None)
        assert len(server.names()) == 1 and server.names()[0].endswith(".hl7")
    assert server.password not in str(log)


def test_a_wrong_password_is_refused(world):
    with PasswordSftpPartner() as server:
        log = world.deliver("", 49, extra=server.extra(password="an0ther"))
        assert (log["status"], log["error_kind"]) == ("FAIL", "auth")
        assert server.log_ins == 1 and server.names() == [] and "an0ther" not in str(log)


def test_a_key_that_is_none(world, inbox):
    log = world.deliver("", 49, extra=inbox.extra({"private_key": "not a key"}))
    assert (log["status"], log["error_kind"]) == ("FAIL", "config") and "private_key" in log["error_message"]


def test_a_full_disk_leaves_nothing_behind(world):
    with SftpPartner(file_limit=100_000) as server:
        log = world.deliver("", 50, data=report_event(world, document=os.urandom(500_000)), extra=server.extra())
        assert (log["status"], log["error_kind"]) == ("FAIL", "storage") and "disk" in log["error_message"]
        assert server.names() == []


def test_nobody_listens(world, inbox):
    log = world.deliver("", 49, extra={**inbox.extra(), "port": closed_port()})
    assert (log["status"], log["error_kind"]) == ("FAIL", "connect")


def test_a_server_that_says_nothing(world, inbox):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        extra = {**inbox.extra(timeout_ms=700), "port": silent.getsockname()[1]}
        log = world.deliver("", 49, extra=extra)
    assert (log["status"], log["error_kind"]) == ("FAIL", "timeout") and log["error_message"].startswith("No response")


def test_an_address_that_is_not_public_is_blocked(world, inbox):
    log = world.deliver("", 49, extra={**inbox.extra(), "host": "10.0.0.1"})
    assert (log["status"], log["error_kind"]) == ("FAIL", "blocked")


def test_a_stalled_server_delays_only_itself(world, inbox):
    """Its sessions are stopped in the midst; other servers and rows go on."""
    with SftpPartner() as stalling:
        row = world.row(49, "", extra=stalling.extra(timeout_ms=3000))
        first = world.wait_log(world.bill_event(49), row)
        assert first["status"] == "SUCCESS", first["error_message"]
        stalling.signal_sessions(signal.SIGSTOP)
        events = [world.bill_event(49) for _ in range(4)]
        with_inbox = world.row(57, "", extra=inbox.extra(), payload_type="JSON")
        quick = world.wait_log(world.publish({"action_id": 57, "lab_id": world.lab.id,
                                              "patient_id": world.lab.patient()}), with_inbox)
        assert quick["status"] == "SUCCESS"
        logs = [world.wait_log(event, row) for event in events]
        assert {(log["status"], log["error_kind"]) for log in logs} <= {("FAIL", "timeout"), ("SUCCESS", None)}
        assert any(log["error_kind"] == "timeout" for log in logs)
        stalling.signal_sessions(signal.SIGCONT)


def test_connections_are_kept_and_made_again(world):
    with SftpPartner() as server:
        row = world.row(49, "", extra=server.extra(max_concurrency=1))
        for _ in range(3):
            assert world.wait_log(world.bill_event(49), row)["status"] == "SUCCESS"
        sessions = len(server._children(server.process.pid))
        assert 1 <= sessions <= 3  # of one connection
        server.stop()
        server.start()
        log = world.wait_log(world.bill_event(49), row)
        assert log["status"] == "SUCCESS", log["error_message"]


def test_a_part_is_never_there_by_its_name(world):
    """The folder is watched while large files come in: under its own name a file is whole."""
    size = 3_000_000
    with SftpPartner() as server:
        partial, stop = [], threading.Event()

        def watch():
            while not stop.is_set():
                for path in server.inbox.glob("*.pdf"):
                    if path.stat().st_size != size:
                        partial.append(path.name)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            row = world.row(50, "", extra=server.extra())
            data = report_event(world, document=os.urandom(size))
            for event in [world.publish(data) for _ in range(3)]:
                assert world.wait_log(event, row)["status"] == "SUCCESS"
        finally:
            stop.set()
            watcher.join()
        assert not partial and len(server.names()) == 6


def test_what_is_there_already_after_a_crash_counts_as_delivered(world, inbox):
    """The dispatcher died between the upload and its report: the task comes once more."""
    tasks = Topic(world.stack, "integration.dispatch-tasks")
    row = world.row(50, "", extra=inbox.extra(max_concurrency=1))
    log = world.wait_log(world.publish(report_event(world)), row)
    task, = tasks.until(lambda m: json.loads(m.text("task"))["log_id"] == str(log["_id"]))
    tasks.close()
    there = {path.name: path.stat().st_ino for path in inbox.inbox.iterdir()}
    attempts = 'dispatcher_attempts_total{outcome="SUCCESS"}'
    before = world.stack.metrics("dispatcher")[attempts]
    world.publisher.raw("integration.dispatch-tasks", task.key, task.value, list(task.headers.items()))
    eventually(lambda: world.stack.metrics("dispatcher")[attempts] > before, 20, what="the second upload")
    assert {path.name: path.stat().st_ino for path in inbox.inbox.iterdir()} == there
    assert world.log(log["_id"])["status"] == "SUCCESS"


def test_a_retry_of_what_is_there_stands_beside_it(world, inbox):
    row = world.row(49, "", extra=inbox.extra())
    bill = world.lab.bill()
    log = world.wait_log(world.publish(bill_event(world.lab, bill, 49)), row)
    world.publisher.raw("integration.retries", str(log["_id"]), (
        '{"log_id": "%s", "retry_id": "r-%s", "lab_id": %d, "kind": "MANUAL", "requested_by": "test", "resend": true}'
        % (log["_id"], log["_id"], world.lab.id)).encode())
    eventually(lambda: len(inbox.names()) == 2, 20, what="a second file")
    assert inbox.names() == sorted([f"ORM_{world.lab.id}_{bill.id}_{log['_id']}.hl7",
                                    f"ORM_{world.lab.id}_{bill.id}_{log['_id']}_1.hl7"])
    rows.update_row(world.stack, row, is_disable=True)
