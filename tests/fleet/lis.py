"""A minimal LIS: rows of schema `lis`, made by plain SQL, in a lab of the test's own."""
import hashlib
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

    def org(self, name="City Hospital", **columns):
        return self._new("lis.organisation", "org_id", org_full_name=name, org_code="CH1", org_type="B2B",
                         email="desk@hospital.example", contact_no="02025501", city="Pune", **columns)

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

    # ---- people ----
    def user(self, name="Ravi Kumar", role="phlebotomist", **columns):
        return self._new("lis.app_user", "user_id", full_name=name, role=role, mobile="9811000000", **columns)

    def referral(self, name="Dr. Meera Iyer", **columns):
        return self._new("lis.referral", "referral_id", full_name=name, npi="1992999999", **columns)

    def policy(self, patient_id, **columns):
        return self._new("lis.insurance_policy", "policy_id", lab=False, patient_id=patient_id, payer_id="60054",
                         payer_name="Sample Payer", member_id="M-100", group_number="G-7", **columns)

    # ---- tubes and reports ----
    def sample(self, bill, status="RECEIVED", **columns):
        sample_id = new_id()
        row = {"collected_at": "2026-11-21T09:45:00Z", "received_at": "2026-11-21T10:15:00Z", **columns}
        if status == "PENDING":
            row |= {"collected_at": None, "received_at": None}
        self._insert("lis.sample", {
            "sample_id": sample_id, "lab_id": self.id, "bill_id": bill.id, "patient_id": bill.patient_id,
            "accession_no": f"A{sample_id}", "sample_type": "EDTA blood", "sample_name": "Whole blood",
            "sample_snomed": "119297000", "status": status, **row})
        return sample_id

    def parameter(self, name="Haemoglobin", **columns):
        return self._new("lis.test_parameter", "dictionary_id", test_id=self.test(), parameter_name=name,
                         integration_code="I-HGB", unit="g/dL", lower_male=13, upper_male=17.5, lower_female=12,
                         upper_female=15.5, critical_lower_male=7, critical_upper_male=20, **columns)

    def report(self, bill, status="SIGNED", sample_id=None, item=0, values=True, document=b"%PDF-1.4 a report",
               **columns):
        """With two values, a signature where it is signed, and a PDF unless `document` is None."""
        report_id = new_id()
        sample_id = sample_id or self.sample(bill)
        signed = status in ("SIGNED", "AMENDED")
        self._insert("lis.report", {
            "lab_report_id": report_id, "centre_report_id": report_id + 500, "lab_id": self.id, "bill_id": bill.id,
            "bill_item_id": bill.item_ids[item], "patient_id": bill.patient_id, "sample_id": sample_id,
            "test_id": self.test(), "status": status, "is_signed": signed, "is_amended": status == "AMENDED",
            "order_at": "2026-11-21T09:30:00Z", "accession_at": "2026-11-21T10:15:00Z",
            "report_at": "2026-11-21T12:00:00Z", "approval_at": "2026-11-21T12:30:00Z" if signed else None, **columns})
        self._insert("lis.sample_report", {"sample_id": sample_id, "lab_report_id": report_id})
        if values:
            self._values(report_id)
        if signed:
            self._insert("lis.report_signatory", {
                "lab_report_id": report_id, "position": 1, "user_id": self.user("Dr. Anil Shah", "pathologist"),
                "signed_at": "2026-11-21T12:30:00Z"})
        if document is not None:
            self.document(report_id, document)
        return report_id

    def _values(self, report_id):
        self._insert("lis.report_value", {
            "lab_report_id": report_id, "seq": 1, "dictionary_id": self.parameter(), "name": "Haemoglobin",
            "loinc_code": "718-7", "value_text": "9.5", "value_num": 9.5, "unit": "g/dL", "unit_ucum": "g/dL",
            "reference_range": "12-15.5", "ref_low": 12, "ref_high": 15.5, "abnormal_flag": "L", "highlight": True})
        self._insert("lis.report_value", {
            "lab_report_id": report_id, "seq": 2, "name": "Remark", "value_type": "FT", "value_text": "Film seen.",
            "is_description": True})

    def document(self, report_id, content, pages=1):
        document_id = new_id()
        self._insert("lis.report_document", {
            "document_id": document_id, "lab_report_id": report_id, "content": content, "byte_size": len(content),
            "sha256": hashlib.sha256(content).digest(), "report_version": 1, "pages": pages})
        return document_id

    # ---- visits ----
    def appointment(self, patient_id, status="REQUESTED", **columns):
        return self._new("lis.appointment", "appointment_id", patient_id=patient_id, status=status,
                         start_at="2026-11-23T04:30:00Z", end_at="2026-11-23T04:45:00Z", comments="by phone",
                         test_ids=[self.test()], **columns)

    def home_collection(self, patient_id, status="INITIATED", **columns):
        return self._new("lis.home_collection", "home_collection_id", patient_id=patient_id, status=status,
                         slot_from="2026-11-23T01:30:00Z", slot_to="2026-11-23T02:30:00Z", address="12 Lake Road",
                         landmark="Water tower", city="Pune", pincode="411038", latitude=18.5204, longitude=73.8567,
                         test_ids=[self.test()], amount=450, **columns)

    # ---- money ----
    def claim(self, bill, status="SUBMITTED", charge=450, lines=(450,), diagnoses=("D64.9", "E11.9"), pointers=(1,),
              **columns):
        claim_id = self._new("lis.claim", "claim_id", bill_id=bill.id, patient_id=bill.patient_id,
                             policy_id=self.policy(bill.patient_id), patient_control_number=f"PCN{new_id()}",
                             total_charge=charge, billing_npi="1993999998", clia_number="05D0000000", status=status,
                             submitted_at="2026-11-22T09:00:00Z", **columns)
        for seq, code in enumerate(diagnoses, 1):
            self._insert("lis.claim_diagnosis", {"claim_id": claim_id, "seq": seq, "icd10": code,
                                                 "qualifier": "ABK" if seq == 1 else "ABF"})
        for line, amount in enumerate(lines, 1):
            self._insert("lis.claim_line", {"claim_id": claim_id, "line_no": line, "procedure_code": "85025",
                                            "diagnosis_pointers": list(pointers), "charge": amount,
                                            "service_date": "2026-11-21", "line_control_number": f"L{line}"})
        return claim_id

    def remittance(self, claim_id, code="1", charge=450, paid=360, patient=90, **columns):
        remittance_id = self._new("lis.remittance", "remittance_id", lab=False, claim_id=claim_id, payer_id="60054",
                                  payer_name="Sample Payer", check_or_eft_number="EFT-1", payment_method="ACH",
                                  payment_date="2026-12-01", claim_status_code=code, charge=charge, paid=paid,
                                  patient_responsibility=patient, received_at="2026-12-01T10:00:00Z", **columns)
        self._insert("lis.remittance_line", {"remittance_id": remittance_id, "line_no": 1, "procedure_code": "85025",
                                             "charge": charge, "paid": paid, "allowed": charge,
                                             "service_date": "2026-11-21", "remark_codes": ["N130"]})
        for line, amount in ((1, patient), (None, 1)):
            self._insert("lis.remittance_adjustment", {
                "adjustment_id": new_id(), "remittance_id": remittance_id, "line_no": line, "group_code": "PR",
                "reason_code": "2", "amount": amount})
        return remittance_id

    def invoice(self, org_id, status="ISSUED", **columns):
        invoice_id = self._new("lis.invoice", "invoice_id", org_id=org_id, invoice_no=f"INV-{new_id()}",
                               issue_date="2026-11-30", due_date="2026-12-30", status=status, subtotal=900, total=900,
                               balance=900, notes="November", **columns)
        self._insert("lis.invoice_line", {"invoice_id": invoice_id, "line_no": 1, "description": "Orders",
                                          "unit_price": 900, "amount": 900})
        return invoice_id

    def set(self, table, key, entity_id, **columns):
        """Changes a row of schema lis, as the LIS would."""
        sets = ", ".join(f"{name} = %s" for name in columns)
        self.stack.sql(f"UPDATE lis.{table} SET {sets} WHERE {key} = %s", [*columns.values(), entity_id])

    def _new(self, table, key, lab=True, **columns):
        row = {key: new_id(), **({"lab_id": self.id} if lab else {}), **columns}
        self._insert(table, row)
        return row[key]
