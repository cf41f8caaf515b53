"""What happens at a lab: of each action a fitting event, about entities made for it."""
from .events import bill_event

FAX = "+12025550123"


class Happening:
    """An action and its operation. `event(lab)` makes what it is about and returns the event's data."""

    def __init__(self, action, make, operation=None, changes=None):
        self.action, self.operation, self._make, self.changes = action, operation, make, changes or {}

    @property
    def name(self):
        return f"{self.action}-{self.operation}" if self.operation else str(self.action)

    def event(self, lab, **more):
        data = {"action_id": self.action, "lab_id": lab.id, "activity_date": "2026-11-21T09:30:00Z",
                **self._make(lab)}
        if self.operation:
            data["operation"] = self.operation
        return {**data, **more}


def _bill(**more):
    def make(lab):
        org = lab.org()
        bill = lab.bill(org_id=org, items=2, referral_id=lab.referral())
        ids = {key: value(lab, bill) if callable(value) else value for key, value in more.items()}
        return {"org_id": org, "bill_id": bill.id, "patient_id": bill.patient_id, **ids}
    return make


def _cancelled(lab):
    bill = lab.bill(items=2)
    lab.cancel(bill.id)
    return bill_event(lab, bill, 3)


def _sample(status, **columns):
    def make(lab):
        bill = lab.bill(items=2)
        columns_now = {key: value(lab) if callable(value) else value for key, value in columns.items()}
        sample = lab.sample(bill, status, **columns_now)
        for item in (0, 1):
            lab.report(bill, "PENDING", sample, item, values=False, document=None)
        return {"bill_id": bill.id, "patient_id": bill.patient_id, "sample_id": sample}
    return make


def _redrawn(lab):
    """The tube that was drawn in a rejected one's place."""
    bill = lab.bill()
    old = lab.sample(bill, "REDRAW", redraw_reason="Clotted")
    new = lab.sample(bill, "COLLECTED", parent_sample_id=old, redraw_reason="Clotted",
                     collected_at="2026-11-21T13:00:00Z")
    lab.report(bill, "PENDING", new, values=False, document=None)
    return {"bill_id": bill.id, "sample_id": new}


def _report(status):
    def make(lab):
        org = lab.org(fax_no="(202) 555-0123; 12025550188")
        bill = lab.bill(org_id=org, referral_id=lab.referral())
        report = lab.report(bill, status)
        return {"org_id": org, "bill_id": bill.id, "patient_id": bill.patient_id, "lab_report_id": report}
    return make


def _reports(*keys, **more):
    def make(lab):
        org = lab.org(fax_no="(202) 555-0123; 12025550188")
        bill = lab.bill(org_id=org, items=2)
        reports = [lab.report(bill, item=item) for item in (0, 1)]
        return {"org_id": org, "bill_id": bill.id, "patient_id": bill.patient_id, "lab_report_ids": reports, **more}
    return make


def _appointment(status, **more):
    def make(lab):
        patient = lab.patient()
        return {"patient_id": patient, "appointment_id": lab.appointment(patient, status), **more}
    return make


def _visit(status, phlebotomist=None, previous=None):
    def make(lab):
        patient = lab.patient()
        columns = {"phlebotomist_id": lab.user(phlebotomist), "assigned_at": "2026-11-22T08:00:00Z"} if phlebotomist else {}
        if previous:
            columns["previous_phlebotomist_id"] = lab.user(previous)
        return {"patient_id": patient, "home_collection_id": lab.home_collection(patient, status, **columns)}
    return make


def _claim(lab):
    bill = lab.bill(referral_id=lab.referral())
    return {"bill_id": bill.id, "patient_id": bill.patient_id, "claim_id": lab.claim(bill)}


def _remittance(lab):
    bill = lab.bill()
    claim = lab.claim(bill, "PAID")
    return {"bill_id": bill.id, "claim_id": claim, "remittance_id": lab.remittance(claim)}


def _invoice(status, **columns):
    def make(lab):
        org = lab.org()
        return {"org_id": org, "organisation_id": org, "invoice_id": lab.invoice(org, status, **columns)}
    return make


def _organisation(lab):
    org = lab.org(fax_no=FAX)
    return {"org_id": org, "organisation_id": org, "updated_fields": ["contact_no"]}


HAPPENINGS = [
    Happening(1, _bill()),
    Happening(2, _bill(updated_fields=["comments"])),
    Happening(3, _cancelled),
    Happening(4, _bill()),
    Happening(5, _bill(payment_id=lambda lab, bill: lab.payment(bill.id, "REFUND"))),
    Happening(17, _bill(payment_id=lambda lab, bill: lab.payment(bill.id, "SETTLEMENT"))),
    Happening(18, _bill(bill_item_ids=lambda lab, bill: bill.item_ids[1:])),
    Happening(35, _reports()),
    Happening(49, _bill()),
    Happening(60, _claim),
    Happening(61, _remittance),
    Happening(62, _invoice("ISSUED"), "create"),
    Happening(62, _invoice("PARTIAL"), "update"),
    Happening(62, _invoice("DELETED", deleted_at="2026-12-02T08:00:00Z"), "delete"),
    Happening(6, _sample("RECEIVED", received_by=lambda lab: lab.user("Sunil More", "accessioner"))),
    Happening(7, _sample("REJECTED", reject_reason="Haemolysed", rejected_at="2026-11-21T10:30:00Z",
                         rejected_by=lambda lab: lab.user("Sunil More", "accessioner"))),
    Happening(9, _redrawn, "redraw"),
    Happening(9, _sample("DISMISSED", comments="Asked for by the patient"), "dismiss"),
    Happening(30, _sample("COLLECTED", received_at=None, collected_by=lambda lab: lab.user())),
    Happening(31, _sample("PENDING", uncollected_at="2026-11-21T09:50:00Z", uncollect_reason="Wrong tube",
                          uncollected_by=lambda lab: lab.user())),
    Happening(63, _sample("RECEIVED", previous_accession_no="A-OLD", updated_by=lambda lab: lab.user())),
    Happening(10, _report("SAVED")),
    Happening(12, _report("SIGNED")),
    Happening(15, _report("SUBMITTED")),
    Happening(19, _report("SIGNED")),
    Happening(28, _report("SIGNED")),
    Happening(50, _report("SIGNED")),
    Happening(56, _reports(to=[FAX])),
    Happening(52, _organisation),
    Happening(57, lambda lab: {"patient_id": lab.patient()}),
    Happening(58, lambda lab: {"patient_id": lab.patient(), "updated_fields": ["mobile"]}),
    Happening(32, _appointment("REQUESTED"), "booked"),
    Happening(32, _appointment("CONFIRMED", previous_status="Booked"), "confirmed"),
    Happening(32, _appointment("CHECKED_IN", previous_status="Confirmed"), "checked_in"),
    Happening(32, _appointment("RESCHEDULED", previous_status="Confirmed"), "updated"),
    Happening(32, _appointment("DISMISSED", previous_status="Booked"), "dismissed"),
    Happening(37, _visit("ASSIGNED", "Ravi Kumar"), "assigned"),
    Happening(37, _visit("REASSIGNED", "Ravi Kumar", "Leela Nair"), "reassigned"),
    Happening(43, _visit("INITIATED")),
]


def find(name):
    return next(h for h in HAPPENINGS if h.name == name)
