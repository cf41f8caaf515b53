"""Insurance policies, claims and what payers answered; invoices to organisations."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ..db import Row
from .setup import Lab
from .tables import Tables

PAYERS = (("60054", "Aetna Sample"), ("87726", "United Sample"), ("00192", "Star Sample"))
CLAIM_CHARGES_PATIENT = Decimal("0.20")


def make_policy(tables: Tables, random: Random, patient: Row, at: datetime) -> Row:
    payer_id, payer_name = random.choice(PAYERS)
    policy_id = tables.new_id("insurance_policy")
    return tables.add("insurance_policy", policy_id=policy_id, patient_id=patient["patient_id"],
                      payer_id=payer_id, payer_name=payer_name, member_id=f"M{policy_id}",
                      group_number=f"G{policy_id % 97}", updated_at=at)


def make_claim(tables: Tables, random: Random, lab: Lab, bill: Row, items: list[Row],
               policy: Row) -> None:
    claim_id = tables.new_id("claim")
    at = bill["bill_time"]
    assert isinstance(at, datetime)
    claim = tables.add(
        "claim", claim_id=claim_id, lab_id=lab.id, bill_id=bill["bill_id"],
        patient_id=bill["patient_id"], policy_id=policy["policy_id"],
        patient_control_number=f"PCN{claim_id}", total_charge=bill["total_amount"],
        currency=bill["currency"], billing_npi=lab.row["npi"], referral_id=bill["referral_id"],
        clia_number=lab.row["clia_number"], status=random.choice(("SUBMITTED", "PAID")),
        submitted_at=at + timedelta(days=1), updated_at=at + timedelta(days=1))
    for seq, code in enumerate(random.sample(("E11.9", "E78.5", "D64.9", "Z00.00"), 2), 1):
        tables.add("claim_diagnosis", claim_id=claim_id, seq=seq,
                   qualifier="ABK" if seq == 1 else "ABF", icd10=code)
    for line, item in enumerate(items, 1):
        tables.add("claim_line", claim_id=claim_id, line_no=line,
                   bill_item_id=item["bill_item_id"], procedure_code="85025",
                   charge=item["price"], service_date=at.date(),
                   line_control_number=f"{claim_id}-{line}")
    if claim["status"] == "PAID":
        make_remittance(tables, claim, items, policy, at)


def make_remittance(tables: Tables, claim: Row, items: list[Row], policy: Row,
                    at: datetime) -> None:
    remittance_id = tables.new_id("remittance")
    charge = Decimal(str(claim["total_charge"]))
    patients = charge * CLAIM_CHARGES_PATIENT
    tables.add("remittance", remittance_id=remittance_id, claim_id=claim["claim_id"],
               payer_id=policy["payer_id"], payer_name=policy["payer_name"],
               check_or_eft_number=f"EFT{remittance_id}", payment_method="ACH",
               payment_date=(at + timedelta(days=12)).date(), claim_status_code="1",
               charge=charge, paid=charge - patients, patient_responsibility=patients,
               payer_claim_control_number=f"ICN{remittance_id}",
               received_at=at + timedelta(days=12))
    for line, item in enumerate(items, 1):
        price = Decimal(str(item["price"]))
        own = price * CLAIM_CHARGES_PATIENT
        tables.add("remittance_line", remittance_id=remittance_id, line_no=line,
                   procedure_code="85025", charge=price, paid=price - own, allowed=price,
                   service_date=at.date(), line_control_number=f"{claim['claim_id']}-{line}")
        tables.add("remittance_adjustment",
                   adjustment_id=tables.new_id("remittance_adjustment"),
                   remittance_id=remittance_id, line_no=line, group_code="PR", reason_code="2",
                   amount=own)


def make_invoices(tables: Tables, labs: list[Lab], now: datetime) -> None:
    """One an organisation and month, of its bills then."""
    currency: dict[object, str] = {lab.id: lab.currency for lab in labs}
    months: dict[tuple[object, object, str], list[Row]] = defaultdict(list)
    for bill in tables.rows["bill"]:
        if bill["org_id"] and bill["status"] == "ACTIVE":
            month = f"{bill['bill_time']:%Y-%m}"
            months[bill["lab_id"], bill["org_id"], month].append(bill)
    for (lab_id, org_id, month), bills in months.items():
        invoice_id = tables.new_id("invoice")
        total = sum((Decimal(str(bill["total_amount"])) for bill in bills), Decimal(0))
        tables.add("invoice", invoice_id=invoice_id, lab_id=lab_id, org_id=org_id,
                   invoice_no=f"INV-{month}-{org_id}", issue_date=now.date(),
                   due_date=(now + timedelta(days=30)).date(), status="ISSUED",
                   currency=currency[lab_id], subtotal=total, total=total, balance=total,
                   updated_at=now)
        for line, bill in enumerate(bills, 1):
            tables.add("invoice_line", invoice_id=invoice_id, line_no=line,
                       bill_id=bill["bill_id"], description=f"Order {bill['order_number']}",
                       unit_price=bill["total_amount"], amount=bill["total_amount"])
