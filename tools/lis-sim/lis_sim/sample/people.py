"""People of several scripts, and some whose names try every escape character there is."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from faker import Faker

# How often a locale is drawn, in per cent; the rest have hostile names.
LOCALES = {"en_IN": 50, "en_US": 20, "hi_IN": 15, "ar_AA": 10}

# (first, last): HL7's separators and escapes, quotes, markup, templates, controls, emoji,
# right-to-left marks and combining characters. Real registration desks have seen them all.
HOSTILE_NAMES = [
    ("Ann|Marie", "O'Brien"), ("Jean^Luc", "D~Souza"), ("Tom & Jerry", "Smith & Sons"),
    ("Back\\slash", "\\E\\scaped"), ('Quo"te', "Dou\"ble"), ("<b>Bold</b>", "<script>"),
    ("{{name}}", "{{{evil}}}"), ("Robert'); DROP", "TABLE--"), ("Zoë", "Núñez-Łukasz"),
    ("李", "小龙"), ("Å\u030a", "e\u0301clair"), ("\u202eRTL", "Mark"), ("😀", "Emoji"),
    ("Tab\there", "New\nline"), ("%s%n", "$(id)"), ("Null", "None"),
]


@dataclass(frozen=True)
class Person:
    """A person's name, birth and whereabouts."""

    designation: str
    first_name: str
    last_name: str
    gender: str
    dob: date
    mobile: str
    email: str
    address: str
    city: str
    state: str | None
    pincode: str
    country_code: str

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class People:
    """Draws people; the same seed draws the same ones."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.fakers = {locale: Faker(locale) for locale in LOCALES}
        for faker in self.fakers.values():
            faker.seed_instance(random.getrandbits(64))

    def locale(self) -> str | None:
        at = self.random.randrange(100)
        for locale, share in LOCALES.items():
            if at < share:
                return locale
            at -= share
        return None

    def draw(self, today: date) -> Person:
        locale = self.locale()
        faker = self.fakers[locale or "en_IN"]
        female = self.random.random() < 0.5
        first = faker.first_name_female() if female else faker.first_name_male()
        last = faker.last_name()
        if locale is None:
            first, last = self.random.choice(HOSTILE_NAMES)
        american = locale == "en_US"
        return Person(
            designation="Ms" if female else "Mr", first_name=first, last_name=last,
            gender="F" if female else "M",
            dob=today - timedelta(days=self.random.randrange(200, 33000)),
            mobile=("1" if american else "91") + f"{self.random.randrange(6 * 10**9, 10**10)}",
            email=f"person{self.random.randrange(10**6)}@example.org",
            address=faker.street_address(), city=faker.city(),
            state=faker.state() if american or locale in ("en_IN", None) else None,
            pincode=faker.postcode(), country_code="US" if american else "IN")

    def doctor(self) -> str:
        faker = self.fakers[self.locale() or "en_US"]
        return f"Dr {faker.first_name()} {faker.last_name()}"


def age_text(dob: date, today: date) -> str:
    return f"{max(0, (today - dob).days // 365)} Years"
