"""A whole sample LIS from a seed: the same arguments make the same rows."""

from datetime import UTC, datetime, timedelta
from random import Random

from .documents import bodies
from .money import make_claim, make_invoices, make_policy
from .orders import make_order
from .people import People, age_text
from .reports import make_documents
from .setup import Lab, make_labs
from .tables import Tables
from .visits import make_appointment, make_home_collection

# The day the sample LIS ends. Not today: a seed must make the same rows tomorrow.
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DAYS = 90
DOCUMENTS, APPOINTMENTS, HOME_COLLECTIONS = 700, 300, 200
INSURED_SHARE, CLAIMED_SHARE = 0.2, 0.5


def generate(seed: int, patients: int, bills: int) -> Tables:
    tables, random = Tables(), Random(seed)
    people = People(random)
    labs = make_labs(tables, random, people, NOW - timedelta(days=DAYS))
    for number in range(patients):
        make_patient(tables, random, people, labs[number % len(labs)])
    busy = [lab for lab in labs if lab.patients]
    for number in range(bills if busy else 0):
        at = NOW - timedelta(days=DAYS) * (bills - number) / bills
        make_order(tables, random, random.choice(busy), at)
    for _ in range(APPOINTMENTS if busy else 0):
        make_appointment(tables, random, random.choice(busy), NOW)
    for _ in range(HOME_COLLECTIONS if busy else 0):
        make_home_collection(tables, random, random.choice(busy), NOW)
    make_documents(tables, random, bodies(random, NOW), DOCUMENTS)
    make_claims(tables, random, labs)
    make_invoices(tables, labs, NOW)
    return tables


def make_patient(tables: Tables, random: Random, people: People, lab: Lab) -> None:
    person = people.draw(NOW.date())
    patient_id = tables.new_id("patient")
    lab.patients.append(tables.add(
        "patient", patient_id=patient_id, lab_id=lab.id, lab_patient_id=f"P{patient_id}",
        user_details_id=patient_id + 3_000_000, designation=person.designation,
        first_name=person.first_name, last_name=person.last_name, full_name=person.full_name,
        dob=person.dob, age_text=age_text(person.dob, NOW.date()), gender=person.gender,
        country_code=person.country_code, mobile=person.mobile, email=person.email,
        address=person.address, city=person.city, state=person.state, pincode=person.pincode,
        org_id=random.choice([None, *lab.organisations]),
        created_at=NOW - timedelta(days=DAYS), updated_at=NOW - timedelta(days=DAYS)))


def make_claims(tables: Tables, random: Random, labs: list[Lab]) -> None:
    by_id = {lab.id: lab for lab in labs}
    policies = {patient["patient_id"]: make_policy(tables, random, patient, NOW)
                for patient in tables.rows["patient"] if random.random() < INSURED_SHARE}
    items: dict[object, list[dict[str, object]]] = {}
    for item in tables.rows["bill_item"]:
        items.setdefault(item["bill_id"], []).append(item)
    for bill in tables.rows["bill"]:
        policy = policies.get(bill["patient_id"])
        if policy and bill["status"] == "ACTIVE" and random.random() < CLAIMED_SHARE:
            make_claim(tables, random, by_id[int(str(bill["lab_id"]))], bill,
                       items[bill["bill_id"]], policy)
