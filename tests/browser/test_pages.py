"""Every page, light and dark: rules of accessibility, no fault on the console, a look at each."""
import os
from pathlib import Path

import pytest
from fleet.dashboard import Dashboard
from fleet.page import faults
from fleet.stack import ROOT
from fleet.wait import eventually
from playwright.sync_api import expect

# SCREENSHOTS=docs/screenshots renews the pictures of the documentation, of what ./dev demo made.
SCREENSHOTS = os.environ.get("SCREENSHOTS")

PAGES = {
    "webhook": ("/webhook?lab={lab}", "Webhook"),
    "api": ("/api?lab={lab}", "API"),
    "errors": ("/errors?lab={lab}", "Errors"),
    "log": ("/logs/{log}?tab=webhook&lab={lab}", "Webhook"),
    "groups": ("/errors?lab={lab}&group=1", "Errors"),
    "body": ("/logs/{hl7}?part=request", "One log"),
    "trace": ("/trace/bill/{bill}?lab={lab}", "Trace of bill"),
    "retries": ("/retries", "Retries"),
    "failed-tasks": ("/failed-tasks", "Failed tasks"),
    "manage": ("/supportdashboard/manageIntegrations/{auth}/{row}?lab={lab}", "Manage integrations"),
    "activity": ("/activity?lab={lab}", "Activity"),
    "health": ("/health?lab={lab}", "Health"),
    "audit": ("/audit", "Audit"),
    "settings": ("/settings", "Settings"),
}
if SCREENSHOTS:
    PAGES |= {"run": ("/retries/{run}", "Retry run"), "attempts": ("/logs/{retried}?part=attempts", "One log")}


def look(page, name):
    folder = ROOT / SCREENSHOTS
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(folder) / f"{name}.png")


DEMO_LAB = 900001


def make_something_to_do(stack, publisher):
    """Of a demo that went well: a message that nobody understood, and a run of retries; the run, and a log of it."""
    publisher.raw("lis.events", str(DEMO_LAB), b'{"specversion": "1.0", "data": ', [("content-type", b"application/cloudevents+json")])
    dashboard = Dashboard(stack)
    preview = dashboard.post("logs/retry", {"filter": {"lab_id": DEMO_LAB, "tab": "errors"}, "dry_run": True})
    run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "The partner says it is back"}, code=202)["id"]
    eventually(lambda: dashboard.get(f"retry-runs/{run}")["state"] != "RUNNING", 60, what="the run's end")
    return run, dashboard.get(f"retry-runs/{run}/items")["items"][0]["log_id"]


def demo_places(stack, publisher):
    """What the demo has to show."""
    logs = stack.mongo.integration_directory
    run, retried = make_something_to_do(stack, publisher)
    failed = logs.find_one({"lab_id": DEMO_LAB, "status": "FAIL", "transport": "http", "integration_type": "WEBHOOK"})
    hl7 = logs.find_one({"lab_id": DEMO_LAB, "status": "SUCCESS", "transport": "mllp"})
    row = stack.sql("SELECT auth_id, id FROM integration.lab_integration WHERE id = %s", [failed["lab_integration_id"]])[0]
    return {"lab": DEMO_LAB, "log": failed["_id"], "hl7": hl7["_id"], "bill": failed["bill_id"], "auth": row[0], "row": row[1],
            "run": run, "retried": retried}


@pytest.fixture(scope="module")
def demo(stack, publisher):
    return demo_places(stack, publisher) if SCREENSHOTS else None


@pytest.fixture
def places(demo, world, partner):
    if demo:
        return demo
    row_id = world.row(1, partner.url())
    log = world.wait_log(world.bill_event(), row_id)
    return {"lab": world.lab.id, "log": log["_id"], "hl7": log["_id"], "bill": log["bill_id"], "auth": world.auth, "row": row_id}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(visit, places, scheme):
    page = visit("admin", scheme)
    wrong = {}
    for name, (path, heading) in PAGES.items():
        page.goto(path.format(**places))
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(page.locator(".skeleton, main > [role=status]")).to_have_count(0)
        if SCREENSHOTS:
            page.wait_for_timeout(1500)  # charts, counts
            look(page, f"{name}-{scheme}")
            continue
        found = faults(page)
        if found:
            wrong[name] = found
    assert not wrong


def opened_list(page, places):
    page.goto(f"/webhook?lab={places['lab']}")
    expect(page.locator("tbody tr[data-log]")).to_have_count(1)


def no_match(page, places):
    page.goto(f"/webhook?lab={places['lab']}&from=-1h&status=SUPERSEDED")
    expect(page.get_by_role("button", name="Without")).to_be_visible()


def key_sheet(page, places):
    opened_list(page, places)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def palette(page, places):
    opened_list(page, places)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()


def lab_choice(page, places):
    opened_list(page, places)
    page.get_by_role("combobox", name="Lab").fill("9")
    expect(page.get_by_role("listbox", name="Lab")).to_be_visible()


def cell_menu(page, places):
    opened_list(page, places)
    page.locator("td[data-column=partner]").click(button="right")
    expect(page.get_by_role("menu")).to_be_visible()


def views(page, places):
    opened_list(page, places)
    page.get_by_text("Views", exact=True).click()
    expect(page.get_by_label("Name of this view")).to_be_visible()


def retry(page, places):
    page.goto(f"/logs/{places['log']}")
    page.get_by_role("button", name="Resend…").click()
    expect(page.get_by_role("dialog").locator(".label")).to_be_visible()


def bulk_retry(page, places):
    opened_list(page, places)
    page.get_by_role("button", name="Retry all that match…").click()
    expect(page.get_by_role("dialog").locator(".figures")).to_be_visible()


def reveal(page, places):
    page.goto(f"/logs/{places['log']}")
    page.get_by_role("button", name="Reveal…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def part(name):
    def show(page, places):
        page.goto(f"/logs/{places['log']}?part={name}")
        expect(page.get_by_role("tab", selected=True)).to_have_text(name.capitalize())
        expect(page.get_by_role("tabpanel").locator("[role=status]")).to_have_count(0)

    show.__name__ = name
    return show


def save_dialog(page, places):
    page.goto(f"/supportdashboard/manageIntegrations/{places['auth']}/{places['row']}?lab={places['lab']}")
    page.get_by_label("URL / endpoint").fill("http://elsewhere.example/")
    page.get_by_role("button", name="Add/Update Integration").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def new_key(page, places):
    page.goto(f"/supportdashboard/manageIntegrations/{places['auth']}/{places['row']}?lab={places['lab']}")
    page.get_by_role("button", name="Replace the key…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def new_partner(page, places):
    page.goto(f"/supportdashboard/manageIntegrations/new/new?lab={places['lab']}")
    expect(page.get_by_label("URL / endpoint")).to_be_visible()


def pausing(page, places):
    page.goto(f"/health?lab={places['lab']}")
    page.get_by_role("button", name="Pause").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


STATES = [no_match, key_sheet, palette, lab_choice, cell_menu, views, retry, bulk_retry, reveal, save_dialog, new_key,
          new_partner, pausing, *map(part, ("request", "response", "headers", "attempts", "audit"))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_are_accessible(visit, places, scheme):
    page = visit("admin", scheme)
    page.on("dialog", lambda dialog: dialog.accept())
    wrong = {}
    for state in STATES:
        state(page, places)
        found = faults(page)
        if found:
            wrong[state.__name__] = found
    assert not wrong


def test_the_log_in_page_says_no_without_saying_why(visit, people):
    page = visit()
    page.goto("/")
    expect(page.get_by_role("heading", name="Integration dashboard")).to_be_visible()
    assert not faults(page)
    page.get_by_label("Name").fill(people["viewer"][0])
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_logging_out_leaves_nothing_on_the_page(visit, places):
    page = visit("viewer", fresh=True)
    page.goto(f"/webhook?lab={places['lab']}")
    expect(page.locator("tbody tr[data-log]")).to_have_count(1)
    page.locator(".user summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert str(places["bill"]) not in page.content()


def test_a_partner_is_paused_and_resumed(visit, world, partner):
    row_id = world.row(1, partner.url())
    world.wait_log(world.bill_event(), row_id)
    page = visit("admin")
    page.goto(f"/health?lab={world.lab.id}")
    page.get_by_role("button", name="Pause").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("their maintenance")
    dialog.get_by_role("button", name="Pause").click()
    line = page.get_by_role("table", name="Partners").get_by_role("row", name="their maintenance")
    expect(line).to_be_visible()
    page.goto(f"/webhook?lab={world.lab.id}")
    expect(page.locator(".banner", has_text="their maintenance")).to_be_visible()
    page.locator(".banner").get_by_role("link", name="Health").click()
    line.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("their maintenance")).to_have_count(0)


def test_a_failed_task_is_read_and_requeued(visit, world):
    world.publisher.raw("lis.events", str(world.lab.id), b'{"broken": true', [("content-type", b"application/cloudevents+json")])
    page = visit("admin")
    page.goto("/failed-tasks")
    row = page.locator("tbody tr").first
    expect(row).to_be_visible()
    row.get_by_role("button", name="Requeue").click()
    dialog = page.get_by_role("dialog", name="Requeue")
    expect(dialog).to_contain_text("lis.events")
    dialog.get_by_role("button", name="Requeue").click()
    expect(row.get_by_text("Requeued")).to_be_visible()


def test_the_bytes_of_a_failed_task_are_revealed_with_a_reason(visit, world, stack):
    mark = f"mark-{world.lab.id}"
    world.publisher.raw("lis.events", str(world.lab.id), f'{{"broken": "{mark}"', [("content-type", b"application/cloudevents+json")])
    page = visit("operator")
    page.goto("/failed-tasks")
    row = page.locator("tbody tr", has_text=str(world.lab.id)).first
    expect(row).to_be_visible()
    row.locator("summary").click()
    assert mark not in page.content()
    row.get_by_role("button", name="Reveal…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill(mark)
    dialog.get_by_role("button", name="Reveal").click()
    expect(row).to_contain_text(f'{{"broken": "{mark}"')
    assert not faults(page)
    kept = stack.sql("SELECT object FROM integration.audit WHERE action = 'reveal' AND detail::text LIKE %s", [f"%{mark}%"])
    assert kept == [("failed-task",)]


def test_an_ended_session_is_renewed_over_the_page(visit, world, partner, people):
    world.deliver(partner.url())
    page = visit("viewer", fresh=True)
    page.goto(f"/webhook?lab={world.lab.id}")
    expect(page.locator("tbody tr[data-log]")).to_have_count(1)
    page.context.clear_cookies()
    page.evaluate("document.querySelector('.status-filter button').click()")  # the dialog may be there before
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    assert not faults(page)
    dialog.get_by_label("Name").fill(people["viewer"][0])
    dialog.get_by_label("Password").fill(people["viewer"][1])
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="SUCCESS")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("tbody tr[data-log]")).to_have_count(1)


def test_an_old_page_says_that_there_is_a_newer_one(visit):
    page = visit("viewer")
    page.evaluate("window.dispatchEvent(new Event('vite:preloadError', {cancelable: true}))")
    banner = page.locator(".banner", has_text="A newer version of this page is there.")
    expect(banner.get_by_role("button", name="Reload")).to_be_visible()


def test_preferences_hold_on_the_next_visit(visit):
    page = visit("admin", fresh=True)
    page.goto("/settings")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("checkbox", name="Times in UTC").check()
    page.get_by_label("Single-letter keys").uncheck()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Times in UTC. Change")).to_be_visible()
    page.get_by_label("Theme").select_option("system")
    page.get_by_label("Single-letter keys").check()
    page.get_by_role("checkbox", name="Times in UTC").uncheck()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
