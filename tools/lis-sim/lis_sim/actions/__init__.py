"""What a lab does. Each action is one SQL statement beside this file (<name>.sql): it changes the
tables and names the `fact` (lab_id, org_id, entity_id, data), which the common tail writes into
the outbox. One statement is one transaction at least, so an event exists exactly if the
change did; where the action does not apply (a bill cancelled twice) there is no fact and no event.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from random import Random

import psycopg
from psycopg.types.json import Jsonb

from ..sample.people import People, age_text

OUTBOX = """
INSERT INTO lis.outbox (lab_id, type, subject, data, traceparent)
SELECT lab_id, %(type)s::text, %(family)s::text || '/' || entity_id,
  jsonb_build_object('action_id', %(action_id)s::int, 'lab_id', lab_id, 'org_id', org_id,
    'activity_date', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) || data
    || %(more)s::jsonb, %(traceparent)s::text
FROM fact RETURNING event_id, subject, data"""


@dataclass(frozen=True)
class Action:
    """An action of the lab and the event it makes."""

    name: str
    action_id: int
    event: str  # <family>.<event>
    target: str  # what its id names: a table of schema lis
    where: str = "true"  # which of them it applies to
    statement: str = ""  # the SQL's file name, if it is not the action's own

    @property
    def family(self) -> str:
        return self.event.split(".")[0]

    @property
    def sql(self) -> str:
        return statement(self.statement or self.name) + OUTBOX


@dataclass(frozen=True)
class Event:
    """What an action wrote into the outbox."""

    event_id: str
    subject: str
    data: dict[str, object]


@cache
def statement(name: str) -> str:
    return (files(__name__) / f"{name}.sql").read_text("utf-8").rstrip()


INSURED = "patient_id IN (SELECT patient_id FROM lis.insurance_policy)"
ACTIVE = "status = 'ACTIVE'"
DOCUMENTED = "lab_report_id IN (SELECT lab_report_id FROM lis.report_document)"
FAXABLE = (f"{DOCUMENTED} AND bill_id IN (SELECT bill_id FROM lis.bill JOIN lis.organisation USING (org_id)"
           " WHERE fax_no IS NOT NULL)")

ACTIONS = {action.name: action for action in (
    Action("bill_patient", 1, "bill.generated", "patient"),
    Action("update_bill", 2, "bill.updated", "bill", ACTIVE),
    Action("cancel_bill", 3, "bill.cancelled", "bill", ACTIVE),
    Action("reset_bill", 4, "bill.reset", "bill", "status = 'CANCELLED'"),
    Action("refund", 5, "bill.refunded", "bill", "paid_amount > 0"),
    Action("settle", 17, "bill.settled", "bill", "status = 'ACTIVE' AND due_amount > 0"),
    Action("add_test", 18, "bill.test_added", "bill", ACTIVE),
    Action("submit_reports", 35, "bill.reports_submitted", "bill",
           "bill_id IN (SELECT bill_id FROM lis.report WHERE is_signed)"),
    Action("bill_hl7", 49, "bill.generated", "bill", ACTIVE),
    Action("register_patient", 57, "patient.registered", "lab"),
    Action("correct_patient", 58, "patient.updated", "patient"),
    Action("update_organisation", 52, "organisation.updated", "organisation"),
    Action("collect_sample", 30, "sample.collected", "sample", "status = 'PENDING'"),
    Action("uncollect_sample", 31, "sample.uncollected", "sample", "status = 'COLLECTED'"),
    Action("receive_sample", 6, "sample.received", "sample", "status = 'COLLECTED'"),
    Action("reject_sample", 7, "sample.rejected", "sample", "status = 'RECEIVED'"),
    Action("redraw_sample", 9, "sample.redrawn", "sample", "status = 'REJECTED'"),
    Action("dismiss_sample", 9, "sample.dismissed", "sample", "status IN ('PENDING', 'REJECTED')"),
    Action("relabel_sample", 63, "sample.relabelled", "sample",
           "status IN ('COLLECTED', 'RECEIVED')"),
    Action("save_report", 10, "report.saved", "report", "status IN ('PENDING', 'SAVED')"),
    Action("sign_report", 12, "report.signed", "report", "status IN ('SAVED', 'SUBMITTED')"),
    Action("submit_report", 15, "report.submitted", "report", "status = 'SAVED'"),
    Action("send_pdf", 19, "report.pdf", "report",
           f"is_signed AND {DOCUMENTED}", "send_report"),
    Action("send_hl7", 28, "report.hl7", "report", "is_signed", "send_report"),
    Action("send_sftp", 50, "report.sftp", "report", "is_signed", "send_report"),
    Action("fax_report", 56, "report.fax", "report", f"is_signed AND {FAXABLE}"),
    Action("book_appointment", 32, "appointment.booked", "patient"),
    Action("confirm_appointment", 32, "appointment.confirmed", "appointment",
           "status IN ('REQUESTED', 'RESCHEDULED')"),
    Action("check_in_appointment", 32, "appointment.checked_in", "appointment",
           "status = 'CONFIRMED'"),
    Action("dismiss_appointment", 32, "appointment.dismissed", "appointment",
           "status IN ('REQUESTED', 'CONFIRMED', 'RESCHEDULED')"),
    Action("book_home_collection", 43, "home_collection.initiated", "patient"),
    Action("assign_home_collection", 37, "home_collection.assigned", "home_collection",
           "status IN ('INITIATED', 'ASSIGNED', 'REASSIGNED')"),
    Action("submit_claim", 60, "claim.submitted", "bill", f"status = 'ACTIVE' AND {INSURED}"),
    Action("receive_remittance", 61, "remittance.received", "claim",
           "status IN ('SUBMITTED', 'ACCEPTED')"),
    Action("issue_invoice", 62, "invoice.created", "organisation"),
    Action("update_invoice", 62, "invoice.updated", "invoice", "status <> 'DELETED'"),
    Action("delete_invoice", 62, "invoice.deleted", "invoice", "status <> 'DELETED'"),
)}

# The column that identifies a target.
TARGETS = {"lab": "lab_id", "patient": "patient_id", "bill": "bill_id", "sample": "sample_id",
           "report": "lab_report_id", "organisation": "org_id",
           "appointment": "appointment_id", "home_collection": "home_collection_id",
           "claim": "claim_id", "invoice": "invoice_id"}


class Desk:
    """Thinks up what an action needs besides its target; the same seed thinks up the same."""

    def __init__(self, conn: psycopg.Connection, random: Random) -> None:
        self.random = random
        self.people = People(random)
        self.tests: dict[int, list[int]] = {}
        for lab_id, test_id in conn.execute(
                "SELECT lab_id, test_id FROM lis.test_catalog ORDER BY test_id"):
            self.tests.setdefault(lab_id, []).append(test_id)

    def inputs(self, lab_id: int, action: Action) -> dict[str, object]:
        tests = self.tests.get(lab_id, [])
        count = 1 if action.name == "add_test" else self.random.randint(1, 3)
        inputs: dict[str, object] = {
            "test_ids": self.random.sample(tests, min(count, len(tests))),
            "text": self.random.choice(("Asked for by the patient", "Entered twice",
                                        "Haemolysed", "Corrected by the desk")),
            "mobile": f"91{self.random.randrange(6 * 10**9, 10**10)}"}
        if action.target == "lab" or action.name == "correct_patient":
            person = self.people.draw(date.today())
            inputs |= vars(person) | {"full_name": person.full_name,
                                      "age_text": age_text(person.dob, date.today())}
        return inputs


def parameters(action: Action, lab_id: int, target_id: int, inputs: dict[str, object],
               more: dict[str, object] | None = None,
               traceparent: str | None = None) -> dict[str, object]:
    """The statement's. `more` is put over the event's data."""
    return {**inputs, "lab_id": lab_id, "id": target_id, "action_id": action.action_id,
            "type": f"lis.{action.event}", "family": action.family, "more": Jsonb(more or {}),
            "traceparent": traceparent}


def event_of(cur: psycopg.Cursor) -> Event | None:
    """None: the action did not apply, nothing happened."""
    row = cur.fetchone()
    return Event(str(row[0]), row[1], row[2]) if row else None


def perform(conn: psycopg.Connection, name: str, target_id: int, lab_id: int, desk: Desk,
            more: dict[str, object] | None = None,
            traceparent: str | None = None) -> Event | None:
    """One action now, in the caller's transaction or in one of its own."""
    action = ACTIONS[name]
    given = parameters(action, lab_id, target_id, desk.inputs(lab_id, action), more, traceparent)
    return event_of(conn.execute(action.sql, given))


def candidates(conn: psycopg.Connection, action: Action, labs: list[int] | None = None,
               limit: int = 20_000, target_id: int | None = None) -> list[tuple[int, int]]:
    """(lab_id, id) of what the action applies to now, the newest first; or of this one only."""
    column = TARGETS[action.target]
    query = (f"SELECT lab_id, {column} FROM lis.{action.target}"
             f" WHERE {action.where} AND (%(labs)s::bigint[] IS NULL OR lab_id = ANY (%(labs)s))"
             f" AND (%(id)s::bigint IS NULL OR {column} = %(id)s)"
             f" ORDER BY {column} DESC LIMIT %(limit)s")
    return conn.execute(query.encode(),
                        {"labs": labs, "limit": limit, "id": target_id}).fetchall()
