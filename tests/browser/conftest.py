"""The dashboard's page in a real Chromium. A console message of a page fails its test."""
import os
import secrets

import pytest
from playwright.sync_api import expect, sync_playwright

from fleet.stack import dev

EXECUTABLE = os.environ.get("CHROMIUM", "/usr/bin/chromium")
expect.set_options(timeout=15_000)
WINDOW = {"width": 1400, "height": 850}

# What a test provokes on purpose, by the words of the browser.
EXPECTED = ("status of 401", "status of 409", "status of 422", "status of 400", "status of 412", "status of 404")


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def people(stack):
    """One of each role, over all labs: {role: (login, password)}."""
    made = {}
    for role in ("viewer", "operator", "admin"):
        login = f"{role}-{secrets.token_hex(4)}"
        said = dev("run", "integration-admin", "user", "add", "--role", role, login).stdout
        made[role] = (login, said.split()[-1])
    return made


class Visit:
    """A person at the page."""

    def __init__(self, chromium, base, scheme="light", state=None, expected=()):
        self.expected = (*EXPECTED, *expected)
        self.context = chromium.new_context(viewport=WINDOW, color_scheme=scheme, base_url=base, storage_state=state,
                                            permissions=["clipboard-read", "clipboard-write"])
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.said = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(f"exception: {error}"))

    def log_in(self, login, password):
        self.page.goto("/")
        self.page.get_by_label("Name").fill(login)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        return self

    def close(self):
        unexpected = [text for text in self.said if not any(words in text for words in self.expected)]
        self.context.close()
        assert not unexpected, f"the page said: {unexpected}"


@pytest.fixture(scope="session")
def sessions(chromium, stack, people):
    """What the browser keeps of each role's log-in: {role: state}."""
    kept = {}
    for role, who in people.items():
        visit = Visit(chromium, stack.env["DASHBOARD_URL"]).log_in(*who)
        visit.page.get_by_role("navigation", name="Pages").wait_for()
        kept[role] = visit.context.storage_state()
        visit.close()
    return kept


@pytest.fixture
def visit(chromium, stack, people, sessions):
    """visit("operator") is a page that this person sees; fresh: in a session of its own; expected: what the browser may say."""
    visits = []

    def begin(role=None, scheme="light", fresh=False, expected=()):
        made = Visit(chromium, stack.env["DASHBOARD_URL"], scheme, None if fresh else sessions.get(role), expected)
        visits.append(made)
        if role:
            if fresh:
                made.log_in(*people[role])
            else:
                made.page.goto("/")
            made.page.get_by_role("navigation", name="Pages").wait_for()
        return made.page

    yield begin
    for made in visits:
        made.close()
