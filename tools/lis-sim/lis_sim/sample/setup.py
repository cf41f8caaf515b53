"""What stands before the first patient comes: labs, organisations, staff, doctors, tests."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from ..db import Row
from .catalog import TESTS, Test
from .people import People
from .tables import Tables

FIRST_LAB = 900_001
LABS = (("Sahyadri Diagnostics", "Asia/Kolkata", "IN", "INR", "Pune"),
        ("Lakeside Clinical Laboratory", "America/Chicago", "US", "USD", "Madison"),
        ("Marina Path Lab", "Asia/Dubai", "AE", "AED", "Dubai"))
ORGANISATIONS = (("City Hospital", "HOSPITAL"), ("Sunrise Clinic", "CLINIC"))
ROLES = ("biller", "biller", "accessioner", "phlebotomist", "phlebotomist", "pathologist",
         "pathologist")
REFERRALS_PER_LAB = 20


@dataclass
class Lab:
    """A lab and those who belong to it."""

    row: Row
    organisations: list[int] = field(default_factory=list)
    staff: dict[str, list[int]] = field(default_factory=dict)
    referrals: list[int] = field(default_factory=list)
    tests: list[tuple[int, Test, list[int]]] = field(default_factory=list)
    patients: list[Row] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(str(self.row["lab_id"]))

    @property
    def currency(self) -> str:
        return str(self.row["currency"])


def make_labs(tables: Tables, random: Random, people: People, at: datetime) -> list[Lab]:
    return [make_lab(tables, random, people, at, number) for number in range(len(LABS))]


def make_lab(tables: Tables, random: Random, people: People, at: datetime, number: int) -> Lab:
    name, timezone, country, currency, city = LABS[number]
    lab = Lab(tables.add(
        "lab", lab_id=FIRST_LAB + number, lab_name=name, timezone=timezone,
        country_code=country, currency=currency, npi=f"19{number:08}", clia_number=f"99D{number:07}",
        contact_no=f"+9120{random.randrange(10**7, 10**8)}", email=f"desk@lab{number + 1}.example.org",
        address=f"{random.randrange(1, 400)} Main Road", city=city, updated_at=at))
    for organisation, kind in ORGANISATIONS:
        lab.organisations.append(make_organisation(tables, random, lab, organisation, kind, at))
    for role in ROLES:
        user_id = tables.new_id("app_user")
        tables.add("app_user", user_id=user_id, lab_id=lab.id, full_name=people.doctor(), role=role,
                   designation=role.capitalize(), mobile=f"91{random.randrange(10**9, 10**10)}",
                   registration_no=f"REG{user_id}", updated_at=at)
        lab.staff.setdefault(role, []).append(user_id)
    for _ in range(REFERRALS_PER_LAB):
        referral_id = tables.new_id("referral")
        tables.add("referral", referral_id=referral_id, lab_id=lab.id, full_name=people.doctor(),
                   referral_type="DOCTOR", registration_no=f"MC{referral_id}",
                   npi=f"18{referral_id:08}", contact_no=f"91{random.randrange(10**9, 10**10)}",
                   city=city, updated_at=at)
        lab.referrals.append(referral_id)
    for test in TESTS:
        lab.tests.append(make_test(tables, lab, test, at))
    return lab


def make_organisation(tables: Tables, random: Random, lab: Lab, name: str, kind: str,
                      at: datetime) -> int:
    org_id = tables.new_id("organisation")
    tables.add("organisation", org_id=org_id, lab_id=lab.id,
               org_full_name=f"{name}, {lab.row['city']}", org_code=f"ORG{org_id % 1000:03}",
               org_type=kind, email=f"desk@org{org_id % 1000}.example.org",
               contact_no=f"91{random.randrange(10**9, 10**10)}", fax_no="12025550123",
               address=f"{random.randrange(1, 400)} Hospital Road", city=lab.row["city"],
               pincode=f"{random.randrange(100000, 999999)}", payment_terms="NET30",
               credit_limit=100000, updated_at=at)
    return org_id


def make_test(tables: Tables, lab: Lab, test: Test, at: datetime) -> tuple[int, Test, list[int]]:
    test_id = tables.new_id("test_catalog")
    tables.add("test_catalog", test_id=test_id, lab_id=lab.id, test_code=test.code,
               test_name=test.name, integration_code=f"I-{test.code}", loinc_code=test.loinc,
               cpt_code=test.cpt, department_id=1 + sum(map(ord, test.department)) % 90,
               department_name=test.department, sample_type=test.specimen,
               sample_snomed=test.snomed, is_profile=len(test.parameters) > 1,
               price=test.price, updated_at=at)
    parameters = []
    for seq, parameter in enumerate(test.parameters, 1):
        dictionary_id = tables.new_id("test_parameter")
        tables.add("test_parameter", dictionary_id=dictionary_id, lab_id=lab.id, test_id=test_id,
                   seq=seq, parameter_name=parameter.name, loinc_code=parameter.loinc,
                   integration_code=f"I-{parameter.loinc}",
                   value_type="ST" if parameter.words else "NM", unit=parameter.unit,
                   unit_ucum=parameter.ucum, lower_male=parameter.low, upper_male=parameter.high,
                   lower_female=parameter.low, upper_female=parameter.high)
        parameters.append(dictionary_id)
    return test_id, test, parameters
