"""Documents and uploads while what they need goes away."""
import base64
import os

from fleet.wait import eventually
from partners import Partner, Reply, SftpPartner


def report_event(world, action, document):
    report = world.lab.report(world.lab.bill(), document=document)
    return {"action_id": action, "lab_id": world.lab.id, "lab_report_id": report,
            "activity_date": "2026-11-21T12:00:00Z"}


def test_a_document_waits_while_postgresql_is_away(world, stack):
    content = b"%PDF-1.4 waits"
    with Partner([Reply(delay=4), Reply()]) as partner:
        row = world.row(19, partner.url(), extra={"max_concurrency": 1})
        first = world.publish(report_event(world, 19, b"%PDF-1.4 first"))
        eventually(lambda: partner.count == 1, 20, what="the first request")
        second = world.publish(report_event(world, 19, content))
        world.wait_log(second, row, status="QUEUED")
        stack.stop("postgres")
        try:
            world.wait_log(first, row)  # now the second one wants its document
        finally:
            stack.start("postgres")
        log = world.wait_log(second, row, deadline=40)
        assert log["status"] == "SUCCESS", log["error_message"]
        assert base64.b64decode(partner.requests[1].json()["reportBase64"]) == content


def test_a_killed_dispatcher_leaves_no_part_of_a_file(world, stack):
    size, n = 2_000_000, 12
    with SftpPartner() as server:
        row = world.row(50, "", extra=server.extra(max_concurrency=2))
        data = report_event(world, 50, os.urandom(size))
        events = [world.publish(data) for _ in range(n)]
        eventually(lambda: len(server.names()) > 3, 60, every=0.01, what="the first files")
        stack.kill("dispatcher")
        whole = [path for path in server.inbox.glob("ORU*.pdf")]
        assert all(path.stat().st_size == size for path in whole)
        stack.start("dispatcher")
        logs = [world.wait_log(event, row, deadline=90) for event in events]
        assert {log["status"] for log in logs} == {"SUCCESS"}
        stems = [f"ORU_{world.lab.id}_{data['lab_report_id']}_{log['_id']}" for log in logs]
        assert server.names() == sorted(stem + end for stem in stems for end in (".hl7", ".pdf"))
        assert all(path.stat().st_size == size for path in server.inbox.glob("*.pdf"))
