"""Appointments and home collections."""

from datetime import datetime, timedelta
from random import Random

from .setup import Lab
from .tables import Tables


def make_appointment(tables: Tables, random: Random, lab: Lab, now: datetime) -> None:
    patient = random.choice(lab.patients)
    start = now + timedelta(hours=random.randrange(-200, 200))
    tables.add("appointment", appointment_id=tables.new_id("appointment"), lab_id=lab.id,
               patient_id=patient["patient_id"], start_at=start,
               end_at=start + timedelta(minutes=15),
               status=random.choice(("REQUESTED", "CONFIRMED")) if start > now else
               random.choice(("CHECKED_IN", "COMPLETED", "NO_SHOW")),
               source="WEB", test_ids=[random.choice(lab.tests)[0]], updated_at=now)


def make_home_collection(tables: Tables, random: Random, lab: Lab, now: datetime) -> None:
    patient = random.choice(lab.patients)
    start = now + timedelta(hours=random.randrange(1, 100))
    test_id, test, _ = random.choice(lab.tests)
    assigned = random.random() < 0.5
    tables.add("home_collection", home_collection_id=tables.new_id("home_collection"),
               lab_id=lab.id, patient_id=patient["patient_id"], slot_from=start,
               slot_to=start + timedelta(hours=1), address=patient["address"],
               city=patient["city"], pincode=patient["pincode"],
               latitude=round(random.uniform(8, 35), 6),
               longitude=round(random.uniform(69, 96), 6), contact_no=patient["mobile"],
               phlebotomist_id=random.choice(lab.staff["phlebotomist"]) if assigned else None,
               assigned_at=now if assigned else None,
               status="ASSIGNED" if assigned else "INITIATED", test_ids=[test_id],
               amount=test.price, updated_at=now)
