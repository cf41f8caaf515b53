"""A bill, what was paid for it, its samples and its reports."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ..db import Row
from .catalog import Test
from .reports import make_report
from .setup import Lab
from .tables import Tables

MODES = ("CASH", "CARD", "UPI", "CHEQUE")
CANCELLED_SHARE, REFUNDED_SHARE = 0.03, 0.02


def make_order(tables: Tables, random: Random, lab: Lab, at: datetime) -> Row:
    """A bill at this time, of one of the lab's patients, with all that hangs on it."""
    patient = random.choice(lab.patients)
    tests = random.sample(lab.tests, random.choices((1, 2, 3, 4), (40, 30, 20, 10))[0])
    bill = make_bill(tables, random, lab, patient, [test for _, test, _ in tests], at)
    if bill["status"] == "CANCELLED":
        make_items(tables, bill, tests, "CANCELLED")
        return bill
    items = make_items(tables, bill, tests, "ACTIVE")
    samples: dict[str, Row] = {}
    for item, (_, test, parameters) in zip(items, tests, strict=True):
        sample = samples.get(test.specimen) or make_sample(tables, random, lab, bill, test, at)
        samples[test.specimen] = sample
        make_report(tables, random, lab, item, sample, test, parameters)
    return bill


def make_bill(tables: Tables, random: Random, lab: Lab, patient: Row, tests: list[Test],
              at: datetime) -> Row:
    bill_id = tables.new_id("bill")
    biller = random.choice(lab.staff["biller"])
    total = Decimal(sum(test.price for test in tests))
    concession = (total / 10).quantize(Decimal("0.01")) if random.random() < 0.15 else Decimal(0)
    cancelled = random.random() < CANCELLED_SHARE
    owed = total - concession
    paid = Decimal(0) if cancelled else owed * random.choices((0, 1, 2), (2, 2, 6))[0] / 2
    refunded = paid == owed and random.random() < REFUNDED_SHARE
    bill = tables.add(
        "bill", bill_id=bill_id, lab_id=lab.id, patient_id=patient["patient_id"],
        org_id=patient["org_id"], referral_id=random.choice([None, *lab.referrals]),
        order_number=f"ORD{bill_id}", bill_time=at,
        status="CANCELLED" if cancelled else "ACTIVE",
        payment_status="REFUNDED" if refunded else
        "PAID" if paid == owed else "PARTIAL" if paid else "DUE",
        currency=lab.currency, total_amount=total, concession=concession, advance=paid,
        paid_amount=paid, due_amount=owed - paid, payment_mode=random.choice(MODES),
        source="FRONT_DESK", emergency=random.random() < 0.05,
        cancel_reason="Entered twice" if cancelled else None,
        cancelled_at=at + timedelta(minutes=9) if cancelled else None,
        cancelled_by=biller if cancelled else None, created_by=biller, version=1, updated_at=at)
    if paid:
        make_payment(tables, bill, "ADVANCE", paid, at)
    if refunded:
        make_payment(tables, bill, "REFUND", paid, at + timedelta(hours=2))
    return bill


def make_payment(tables: Tables, bill: Row, kind: str, amount: Decimal, at: datetime) -> None:
    payment_id = tables.new_id("payment")
    tables.add("payment", payment_id=payment_id, bill_id=bill["bill_id"], kind=kind,
               mode=bill["payment_mode"], amount=amount, currency=bill["currency"],
               reference_no=f"TXN{payment_id}",
               cheque_no=f"{payment_id}" if bill["payment_mode"] == "CHEQUE" else None,
               reason="Test not done" if kind == "REFUND" else None,
               received_by=bill["created_by"], paid_at=at)


def make_items(tables: Tables, bill: Row, tests: list[tuple[int, Test, list[int]]],
               status: str) -> list[Row]:
    return [tables.add(
        "bill_item", bill_item_id=tables.new_id("bill_item"), bill_id=bill["bill_id"],
        test_id=test_id, test_name=test.name, test_code=test.code, price=test.price,
        status=status, icd10_codes=["Z00.00"] if test.cpt else None, added_at=bill["bill_time"])
        for test_id, test, _ in tests]


def make_sample(tables: Tables, random: Random, lab: Lab, bill: Row, test: Test,
                at: datetime) -> Row:
    sample_id = tables.new_id("sample")
    status = random.choices(("PENDING", "COLLECTED", "RECEIVED", "REJECTED"), (5, 10, 82, 3))[0]
    collected = status != "PENDING"
    received = status in ("RECEIVED", "REJECTED")
    return tables.add(
        "sample", sample_id=sample_id, lab_id=lab.id, bill_id=bill["bill_id"],
        patient_id=bill["patient_id"], accession_no=f"A{sample_id}", sample_type=test.specimen,
        sample_name=test.specimen, sample_snomed=test.snomed, container="Tube", status=status,
        collected_at=at + timedelta(minutes=15) if collected else None,
        collected_by=random.choice(lab.staff["phlebotomist"]) if collected else None,
        received_at=at + timedelta(hours=1) if received else None,
        received_by=lab.staff["accessioner"][0] if received else None,
        rejected_at=at + timedelta(hours=2) if status == "REJECTED" else None,
        rejected_by=lab.staff["accessioner"][0] if status == "REJECTED" else None,
        reject_reason_code="HEM" if status == "REJECTED" else None,
        reject_reason="Haemolysed" if status == "REJECTED" else None,
        updated_at=at + timedelta(hours=2))
