"""Of each family: what is not true (any more) is not sent, and what cannot be built says why."""
import pytest

from fleet.happenings import FAX, HAPPENINGS, find
from fleet.lis import new_id

HTTP = {"transport": "http"}


def change(table, key, **columns):
    """Of the event's entity."""
    def apply(lab, data):
        field = {"lab_report_id": "lab_report_id", "org_id": "organisation_id"}.get(key, key)
        lab.set(table, key, data[field], **columns)
    return apply


def retract(lab, data):
    for report in data.get("lab_report_ids") or [data["lab_report_id"]]:
        lab.set("report", "lab_report_id", report, status="SAVED", is_signed=False)


def cancel(lab, data):
    lab.cancel(data["bill_id"])


UNDONE = [
    ("1", cancel), ("2", cancel), ("4", cancel), ("18", cancel), ("49", cancel),
    ("3", change("bill", "bill_id", status="ACTIVE", reset_at="2026-11-21T11:00:00Z")),
    ("5", change("payment", "payment_id", kind="PAYMENT")),
    ("17", change("payment", "payment_id", kind="REFUND")),
    ("6", change("sample", "sample_id", status="COLLECTED")),
    ("7", change("sample", "sample_id", status="RECEIVED")),
    ("9-redraw", change("sample", "sample_id", status="DISMISSED")),
    ("9-dismiss", change("sample", "sample_id", status="RECEIVED")),
    ("30", change("sample", "sample_id", status="PENDING")),
    ("31", change("sample", "sample_id", status="COLLECTED")),
    ("10", change("report", "lab_report_id", status="CANCELLED")),
    ("12", change("report", "lab_report_id", status="SUBMITTED", is_signed=False)),
    ("15", retract), ("19", retract), ("28", retract), ("50", retract), ("35", retract), ("56", retract),
    ("57", change("patient", "patient_id", is_active=False)),
    ("58", change("patient", "patient_id", is_active=False)),
    ("32-booked", change("appointment", "appointment_id", status="DISMISSED")),
    ("32-updated", change("appointment", "appointment_id", status="NO_SHOW")),
    ("37-assigned", change("home_collection", "home_collection_id", status="INITIATED")),
    ("37-reassigned", change("home_collection", "home_collection_id", status="CANCELLED")),
    ("43", change("home_collection", "home_collection_id", status="CANCELLED")),
    ("60", change("claim", "claim_id", status="DRAFT")),
    ("62-create", change("invoice", "invoice_id", status="DELETED", deleted_at="2026-12-02T08:00:00Z")),
    ("62-update", change("invoice", "invoice_id", status="DELETED", deleted_at="2026-12-02T08:00:00Z")),
]

# Nothing shows that it was ever true and is not any more: the LIS tells later than its events, or not at all.
NOT_YET = [
    ("3", change("bill", "bill_id", status="ACTIVE", cancelled_at=None)),
    ("6", change("sample", "sample_id", status="PENDING", collected_at=None, received_at=None)),
    ("7", change("sample", "sample_id", status="RECEIVED", rejected_at=None)),
    ("30", change("sample", "sample_id", status="PENDING", collected_at=None)),
    ("31", change("sample", "sample_id", status="COLLECTED", uncollected_at=None)),
    ("9-dismiss", change("sample", "sample_id", status="PENDING")),
    ("12", change("report", "lab_report_id", status="PENDING", is_signed=False, approval_at=None)),
    ("15", change("report", "lab_report_id", status="PENDING")),
    ("32-confirmed", change("appointment", "appointment_id", status="REQUESTED")),
    ("32-checked_in", change("appointment", "appointment_id", status="CONFIRMED")),
    ("32-dismissed", change("appointment", "appointment_id", status="CONFIRMED")),
    ("37-assigned", change("home_collection", "home_collection_id", status="INITIATED", assigned_at=None)),
    ("60", change("claim", "claim_id", status="DRAFT", submitted_at=None)),
    ("62-delete", change("invoice", "invoice_id", status="ISSUED", deleted_at=None)),
]

# A later state implies the fact.
STILL_TRUE = [
    ("6", change("sample", "sample_id", status="REJECTED")),
    ("30", change("sample", "sample_id", status="RECEIVED")),
    ("9-redraw", change("sample", "sample_id", status="RECEIVED")),
    ("10", change("report", "lab_report_id", status="SIGNED", is_signed=True)),
    ("15", change("report", "lab_report_id", status="AMENDED", is_amended=True)),
    ("32-booked", change("appointment", "appointment_id", status="CHECKED_IN")),
    ("37-assigned", change("home_collection", "home_collection_id", status="COLLECTED")),
    ("43", change("home_collection", "home_collection_id", status="ASSIGNED")),
    ("60", change("claim", "claim_id", status="PAID")),
    ("62-create", change("invoice", "invoice_id", status="PAID")),
]


def outcome(world, partner, happening, data):
    return world.deliver(partner.url(), happening.action, data=data, extra=HTTP)


@pytest.mark.parametrize("name, undo", UNDONE, ids=[name for name, _ in UNDONE])
def test_a_fact_that_was_undone_is_not_sent(world, partner, name, undo):
    happening = find(name)
    data = happening.event(world.lab)
    undo(world.lab, data)
    log = outcome(world, partner, happening, data)
    assert (log["status"], log["error_kind"]) == ("SUPERSEDED", None)
    assert log["error_message"] and partner.requests == []


@pytest.mark.parametrize("name, before", NOT_YET, ids=[name for name, _ in NOT_YET])
def test_a_state_that_comes_before_the_fact_does_not_undo_it(world, partner, name, before):
    happening = find(name)
    data = happening.event(world.lab)
    before(world.lab, data)
    log = outcome(world, partner, happening, data)
    assert log["status"] == "SUCCESS", log["error_message"]


@pytest.mark.parametrize("name, later", STILL_TRUE, ids=[name for name, _ in STILL_TRUE])
def test_a_later_state_that_implies_the_fact_is_no_reason(world, partner, name, later):
    happening = find(name)
    data = happening.event(world.lab)
    later(world.lab, data)
    assert outcome(world, partner, happening, data)["status"] == "SUCCESS"


@pytest.mark.parametrize("name", ["35", "56"])
def test_a_retracted_report_stays_out_and_the_others_go(world, partner, name):
    happening = find(name)
    data = happening.event(world.lab)
    gone, left = data["lab_report_ids"]
    world.lab.set("report", "lab_report_id", gone, status="SAVED", is_signed=False)
    assert outcome(world, partner, happening, data)["status"] == "SUCCESS"
    body = partner.requests[0].json()
    assert [r["labReportId"] for r in body["reportDetails"]] == [left] if name == "35" else body["labReportId"] == [left]


# ---- what cannot be built ----

ENTITY = {"bill": "bill_id", "sample": "sample_id", "report": "lab_report_id", "patient": "patient_id",
          "organisation": "organisation_id", "appointment": "appointment_id", "home_collection": "home_collection_id",
          "claim": "claim_id", "remittance": "remittance_id", "invoice": "invoice_id"}
ONE_OF = {"bill": "1", "sample": "6", "report": "15", "patient": "57", "organisation": "52", "appointment": "32-booked",
          "home_collection": "43", "claim": "60", "remittance": "61", "invoice": "62-create"}


@pytest.mark.parametrize("family", ENTITY)
def test_an_id_that_is_missing_is_named(world, partner, family):
    happening = find(ONE_OF[family])
    data = {key: value for key, value in happening.event(world.lab).items() if key not in (ENTITY[family], "org_id")}
    log = outcome(world, partner, happening, data)
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert ENTITY[family] in log["error_message"] and partner.requests == []


@pytest.mark.parametrize("family", ENTITY)
def test_an_entity_that_is_not_there_is_named(world, partner, family):
    happening = find(ONE_OF[family])
    nobody = new_id()
    log = outcome(world, partner, happening, happening.event(world.lab, **{ENTITY[family]: nobody}))
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert str(nobody) in log["error_message"] and partner.requests == []


@pytest.mark.parametrize("name, less, said", [
    ("5", "payment_id", "payment_id"), ("17", "payment_id", "payment_id"), ("18", "bill_item_ids", "bill_item_ids"),
    ("35", "lab_report_ids", "lab_report_ids"), ("56", "lab_report_ids", "lab_report_id"),
])
def test_a_list_or_part_that_is_missing_is_named(world, partner, name, less, said):
    happening = find(name)
    data = happening.event(world.lab)
    del data[less]
    log = outcome(world, partner, happening, data)
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert said in log["error_message"] and partner.requests == []


@pytest.mark.parametrize("name", ["35", "56"])
def test_one_report_that_is_not_there_or_is_somebody_elses_stops_them_all(world, partner, name):
    happening = find(name)
    data = happening.event(world.lab)
    other = world.lab.report(world.lab.bill())
    for foreign in (new_id(), other):
        log = outcome(world, partner, happening, {**data, "lab_report_ids": [*data["lab_report_ids"], foreign]})
        assert (log["status"], log["error_kind"]) == ("FAIL", "build")
        assert str(foreign) in log["error_message"]
    assert partner.requests == []


@pytest.mark.parametrize("name", ["19", "56"])
def test_a_report_without_a_pdf_is_said_to_have_none(world, partner, name):
    bill = world.lab.bill(org_id=world.lab.org(fax_no=FAX))
    report = world.lab.report(bill, document=None)
    happening = find(name)
    log = outcome(world, partner, happening, {"action_id": happening.action, "lab_id": world.lab.id,
                                              "lab_report_id": report, "to": [FAX]})
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert log["error_message"] == f"report {report} has no PDF"


@pytest.mark.parametrize("claim, said", [
    ({"charge": 500}, "the lines charge 450.00, the claim 500.00"),
    ({"charge": 0.3, "lines": (0.1, 0.2)}, None),  # to the cent
    ({"lines": ()}, "no service lines"),
    ({"diagnoses": ()}, "no diagnosis"),
    ({"diagnoses": ("D64.9", "D64.9")}, "diagnoses 1 and 2 have the same code"),
    ({"pointers": (1, 3)}, "line 1 points at diagnosis 3, which is not there"),
    ({"pointers": ()}, "line 1 points at no diagnosis"),
], ids=lambda value: str(value)[:30])
def test_a_claim_that_a_payer_would_turn_back_says_what_to_correct(world, partner, claim, said):
    bill = world.lab.bill()
    data = {"action_id": 60, "lab_id": world.lab.id, "claim_id": world.lab.claim(bill, **claim)}
    log = outcome(world, partner, find("60"), data)
    if said is None:
        assert log["status"] == "SUCCESS"
        return
    assert (log["status"], log["error_kind"]) == ("FAIL", "build")
    assert said in log["error_message"] and partner.requests == []


@pytest.mark.parametrize("code, paid, patient, expected", [
    ("1", 450, 0, "approved"), ("1", 360, 90, "approved"), ("1", 0, 450, "approved"), ("2", 100, 0, "partial"),
    ("4", 0, 0, "denied"), ("4", 0, 450, "denied"),
])
def test_the_payers_outcome_is_by_the_status_code(world, partner, code, paid, patient, expected):
    claim = world.lab.claim(world.lab.bill(), "PAID")
    remittance = world.lab.remittance(claim, code, paid=paid, patient=patient)
    outcome(world, partner, find("61"), {"action_id": 61, "lab_id": world.lab.id, "remittance_id": remittance})
    assert partner.requests[0].json()["outcome"] == expected


@pytest.mark.parametrize("to, sent", [
    (["+12025550123"], ["+12025550123"]), (["(202) 555-0123"], ["+12025550123"]), (["0012025550188"], ["+12025550188"]),
    (None, ["+12025550123", "+12025550188"]), (["2025550123", "+1 202 555 0188", "12025550123"], ["+12025550123", "+12025550188"]),
    (["+12025550199"], None), (["+12025550123", "+12025550199"], None), (["abc"], None),
], ids=str)
def test_a_fax_goes_to_numbers_of_the_organisations_list_only(world, partner, to, sent):
    data = find("56").event(world.lab)
    del data["to"]
    if to is not None:
        data["to"] = to
    log = outcome(world, partner, find("56"), data)
    if sent is None:
        assert (log["status"], log["error_kind"]) == ("FAIL", "build") and "to: number" in log["error_message"]
        assert "5550199" not in log["error_message"] and partner.requests == []
    else:
        assert partner.requests[0].json()["toFax"] == sent


@pytest.mark.parametrize("name", ["19", "35", "56"])
def test_a_get_has_no_document(world, partner, name):
    happening = find(name)
    log = world.deliver(partner.url(), happening.action, data=happening.event(world.lab), extra=HTTP, request_type=0)
    assert log["status"] == "SUCCESS", log["error_message"]
    assert "reportBase64" not in partner.requests[0].target and "document-" not in partner.requests[0].target


def test_every_action_of_the_inventory_happens_here(stack):
    known = [row[0] for row in stack.sql("SELECT id FROM integration.action_category_list ORDER BY id")]
    assert sorted({happening.action for happening in HAPPENINGS}) == known
