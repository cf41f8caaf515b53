"""A list as a file for a spreadsheet: the filter's logs, masked as the list is, and nothing that runs."""
import csv
import io
import json
from datetime import timedelta

import pytest

from fleet.dashboard import Dashboard, as_role
from partners import Partner, Reply

FORMULAS = ["=HYPERLINK(1)", "+1+1", "-2", "@SUM(A1)", '"quoted", and\nlines']


def export(dashboard, **parameters):
    answer = dashboard.ask("GET", "logs.csv", **parameters)
    headers = {k.lower(): v for k, v in answer.headers.items()}
    assert answer.code == 200 and headers["content-type"] == "text/csv; charset=utf-8", answer.body[:300]
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline=""))), headers


@pytest.fixture(scope="module")
def told(stack):
    """A lab whose partner answers with what a spreadsheet would run."""
    from fleet.events import Publisher
    from fleet.world import World
    world = World(stack, Publisher(stack))
    with Partner([Reply(code=500, body=json.dumps({"error": text}).encode()) for text in FORMULAS]) as partner:
        row = world.row(1, partner.url())
        logs = [world.wait_log(world.bill_event(), row) for _ in FORMULAS]
    return world, logs


def test_a_list_becomes_a_file(stack, told):
    world, logs = told
    rows, headers = export(Dashboard(stack), lab_id=world.lab.id, tab="errors")
    assert headers["x-rows"] == str(len(FORMULAS)) and headers["x-capped"] == "false"
    assert headers["content-disposition"].startswith('attachment; filename="logs-') and headers["cache-control"] == "no-store"
    assert [r["log_id"] for r in rows] == [i["log_id"] for i in Dashboard(stack).get("logs", lab_id=world.lab.id, tab="errors")["items"]]
    assert {r["log_id"]: r["error_message"] for r in rows} == {
        str(log["_id"]): ("'" if text[0] in "=+-@" else "") + text for log, text in zip(logs, FORMULAS)}
    assert {(r["status"], r["operation"], r["bill_id"] != "", r["patient_id"] != "") for r in rows} == {("FAIL", "Bill Generation", True, True)}
    assert export(Dashboard(stack), lab_id=world.lab.id, status="SUCCESS")[0] == []
    assert [r["log_id"] for r in export(Dashboard(stack), lab_id=world.lab.id, q=logs[0]["bill_id"])[0]] == [str(logs[0]["_id"])]


def test_it_is_masked_scoped_and_audited(stack, told):
    world, _ = told
    viewer, stranger = as_role(stack, "viewer", world.lab.id), as_role(stack, "viewer", world.lab.id + 1)
    rows, _ = export(viewer, lab_id=world.lab.id)
    assert {(r["patient_id"], r["error_message"]) for r in rows} == {("", "The partner refused it")} and len(rows) == len(FORMULAS)
    assert export(stranger)[0] == [] and export(stranger, lab_id=world.lab.id)[0] == []
    entry = Dashboard(stack).get("audit", action="export", actor=viewer.get("me")["login"])["items"][0]
    assert (entry["lab_id"], entry["detail"]["rows"], entry["detail"]["capped"]) == (world.lab.id, len(FORMULAS), False)
    assert viewer.ask("GET", "logs.csv", tab="nonsense").code == 400 and Dashboard(stack, token="").ask("GET", "logs.csv").code == 401


def test_many_are_capped_and_it_says_so(stack, told):
    world, logs = told
    many, found = 10_050, dict(stack.mongo.integration_directory.find_one({"_id": logs[0]["_id"]}))
    found = {key: found[key] for key in ("integration_type", "operation", "status", "inserted_at")}
    lab = world.lab.id + 7
    stack.mongo.integration_directory.insert_many([
        {**found, "lab_id": lab, "bill_id": n, "inserted_at": found["inserted_at"] - timedelta(seconds=n)} for n in range(many)])
    try:
        rows, headers = export(Dashboard(stack), lab_id=lab)
        assert (headers["x-rows"], headers["x-capped"]) == ("10000", "true")
        assert len(rows) == 10_001 and rows[-1]["log_id"] == "More logs match: these are the newest 10000."
        assert len({r["log_id"] for r in rows}) == 10_001
    finally:
        stack.mongo.integration_directory.delete_many({"lab_id": lab})
