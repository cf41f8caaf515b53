"""A day at a simulated lab: every action of lis-sim, from its transaction through the outbox to a partner."""
import random
import sys

import psycopg
import pytest

from fleet import schemas
from fleet.happenings import FAX
from fleet.stack import ROOT
from partners import Partner

sys.path.insert(0, str(ROOT / "tools" / "lis-sim"))
from lis_sim.actions import ACTIONS, Desk, candidates, perform  # noqa: E402

# In an order in which each finds something that it applies to.
DAY = ["register_patient", "correct_patient", "update_organisation",
       "book_appointment", "confirm_appointment", "check_in_appointment", "book_appointment", "dismiss_appointment",
       "book_home_collection", "assign_home_collection", "assign_home_collection",
       "bill_patient", "bill_hl7", "update_bill", "add_test", "settle", "refund", "cancel_bill", "reset_bill",
       "collect_sample", "uncollect_sample", "collect_sample", "receive_sample", "relabel_sample", "reject_sample",
       "redraw_sample", "bill_patient", "dismiss_sample",
       "save_report", "submit_report", "sign_report", "send_pdf", "send_hl7", "send_sftp", "fax_report", "submit_reports",
       "submit_claim", "receive_remittance", "issue_invoice", "update_invoice", "delete_invoice"]


@pytest.fixture
def staffed(world):
    """A lab in which all of it can happen."""
    org = world.lab.org(fax_no=FAX)
    patient = world.lab.patient(org_id=org)
    world.lab.policy(patient)
    world.lab.parameter()
    for name in ("Ravi Kumar", "Leela Nair"):
        world.lab.user(name)
    world.lab.user("Dr. Anil Shah", "pathologist")
    return patient


def documents(world):
    """A PDF for each report that was signed: lis-sim makes none."""
    for report, in world.stack.sql("SELECT lab_report_id FROM lis.report WHERE lab_id = %s AND is_signed"
                                   " AND lab_report_id NOT IN (SELECT lab_report_id FROM lis.report_document)",
                                   [world.lab.id]):
        world.lab.document(report, b"%PDF-1.4 a report")


def do(conn, world, name, chance):
    with conn.transaction():
        desk = Desk(conn, chance)
        found = candidates(conn, ACTIONS[name], [world.lab.id])
        event = next(filter(None, (perform(conn, name, target, lab, desk) for lab, target in found)), None)
    assert event, f"{name} applied to nothing"
    return event


def test_what_the_lab_does_arrives(world, staffed):
    chance = random.Random(7)
    assert {name for name in DAY} == set(ACTIONS)
    with Partner() as partner, psycopg.connect(world.stack.env["POSTGRES_URL"]) as conn:
        rows = {action: world.row(action, partner.url(), extra={"transport": "http"})
                for action in {each.action_id for each in ACTIONS.values()}}
        logs = []
        for name in DAY:
            event = do(conn, world, name, chance)
            log = world.wait_log(event.event_id, rows[ACTIONS[name].action_id])
            assert log["status"] == "SUCCESS", (name, log["status"], log["error_message"])
            logs.append((name, log))
            if name == "sign_report":
                documents(world)
        bodies = {r.headers["webhook-id"]: r.json() for r in partner.requests}
    for name, log in logs:
        schemas.check(f"payloads/{ACTIONS[name].action_id}", bodies[str(log["_id"])])
