"""A minimal LIS: rows of schema `lis`, made by plain SQL, in a lab of the test's own."""
import itertools
import random
from dataclasses import dataclass, field

_ids = itertools.count(random.SystemRandom().randrange(10**6, 2**40) * 1000)


def new_id():
    """Unique over test runs against the same databases."""
    return next(_ids)


@dataclass
class Bill:
    id: int
    patient_id: int
    item_ids: list = field(default_factory=list)


class Lab:
    """A lab with nothing in it. Every test has its own, so tests do not meet."""

    def __init__(self, stack, name="Test Lab", in_lis=True):
        self.stack = stack
        self.id = new_id()
        self.name = name
        self._test_id = None
        if in_lis:
            stack.sql("INSERT INTO lis.lab (lab_id, lab_name, country_code, currency) VALUES (%s, %s, 'IN', 'INR')",
                      [self.id, name])

    def org(self, name="City Hospital"):
        org_id = new_id()
        self.stack.sql("INSERT INTO lis.organisation (org_id, lab_id, org_full_name, org_code, org_type, email,"
                       " contact_no, city) VALUES (%s, %s, %s, 'CH1', 'B2B', 'desk@hospital.example', '02025501', 'Pune')",
                       [org_id, self.id, name])
        return org_id

    def patient(self, name="Asha Rao", org_id=None, **columns):
        patient_id = new_id()
        first, _, last = name.partition(" ")
        row = {"patient_id": patient_id, "lab_id": self.id, "lab_patient_id": f"P{patient_id}", "designation": "Ms.",
               "first_name": first, "last_name": last or None, "full_name": name, "dob": "1984-02-29",
               "age_text": "42 years", "gender": "F", "country_code": "91", "mobile": "9822000000",
               "email": "asha@patients.example", "address": "12 Lake Road", "area": "Kothrud", "city": "Pune",
               "state": "MH", "pincode": "411038", "org_id": org_id, **columns}
        self._insert("lis.patient", row)
        return patient_id

    def test(self):
        if self._test_id is None:
            self._test_id = new_id()
            self._insert("lis.test_catalog", {
                "test_id": self._test_id, "lab_id": self.id, "test_code": "CBC", "test_name": "Complete Blood Count",
                "integration_code": "I-CBC", "department_id": 1, "department_name": "Haematology",
                "sample_type": "EDTA blood", "price": 450})
        return self._test_id

    def bill(self, patient_id=None, org_id=None, items=1, **columns):
        patient_id = patient_id or self.patient(org_id=org_id)
        bill_id = new_id()
        self._insert("lis.bill", {
            "bill_id": bill_id, "lab_id": self.id, "patient_id": patient_id, "org_id": org_id,
            "order_number": f"ORD-{bill_id}", "bill_time": "2026-11-21T09:30:00Z", "total_amount": 450 * items,
            "due_amount": 450 * items, "comments": "first visit", **columns})
        bill = Bill(bill_id, patient_id)
        for _ in range(items):
            bill.item_ids.append(self.item(bill_id))
        return bill

    def item(self, bill_id, version=1):
        item_id = new_id()
        self._insert("lis.bill_item", {
            "bill_item_id": item_id, "bill_id": bill_id, "test_id": self.test(), "test_name": "Complete Blood Count",
            "test_code": "CBC", "price": 450, "added_in_version": version})
        return item_id

    def payment(self, bill_id, kind="PAYMENT", amount=450):
        payment_id = new_id()
        self._insert("lis.payment", {
            "payment_id": payment_id, "bill_id": bill_id, "kind": kind, "mode": "CASH", "amount": amount,
            "reference_no": "R-1", "reason": "asked for" if kind == "REFUND" else None,
            "paid_at": "2026-11-21T09:40:00Z"})
        return payment_id

    def cancel(self, bill_id):
        self.stack.sql("UPDATE lis.bill SET status = 'CANCELLED', cancelled_at = now(), cancel_reason = 'by mistake',"
                       " version = version + 1, updated_at = now() WHERE bill_id = %s", [bill_id])

    def _insert(self, table, row):
        names = ", ".join(row)
        marks = ", ".join(["%s"] * len(row))
        self.stack.sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
