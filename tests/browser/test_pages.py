"""Every page, light and dark: rules of accessibility, no fault on the console, a look at each."""
import json
import os
from pathlib import Path

import pytest
from fleet.stack import ROOT
from playwright.sync_api import expect

AXE = (ROOT / "services/dashboard/web/node_modules/axe-core/axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# SCREENSHOTS=docs/screenshots renews the pictures of the documentation.
SCREENSHOTS = os.environ.get("SCREENSHOTS")

PAGES = {
    "webhook": ("/webhook?lab={lab}", "Webhook"),
    "api": ("/api?lab={lab}", "API"),
    "errors": ("/errors?lab={lab}", "Errors"),
    "log": ("/logs/{log}?tab=webhook&lab={lab}", "Webhook"),
    "trace": ("/trace/bill/{bill}?lab={lab}", "Trace of bill"),
    "retries": ("/retries", "Retries"),
    "failed-tasks": ("/failed-tasks", "Failed tasks"),
    "manage": ("/supportdashboard/manageIntegrations/{auth}/{row}?lab={lab}", "Manage integrations"),
    "activity": ("/activity?lab={lab}", "Activity"),
    "health": ("/health?lab={lab}", "Health"),
    "audit": ("/audit", "Audit"),
    "settings": ("/settings", "Settings"),
}


def faults(page):
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])})" for v in found]


def look(page, name):
    if SCREENSHOTS:
        folder = ROOT / SCREENSHOTS
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.fixture
def places(world, partner):
    row_id = world.row(1, partner.url())
    log = world.wait_log(world.bill_event(), row_id)
    return {"lab": world.lab.id, "log": log["_id"], "bill": log["bill_id"], "auth": world.auth, "row": row_id}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(visit, places, scheme):
    page = visit("admin", scheme)
    wrong = {}
    for name, (path, heading) in PAGES.items():
        page.goto(path.format(**places))
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(page.locator(".skeleton, main > [role=status]")).to_have_count(0)
        look(page, f"{name}-{scheme}")
        found = faults(page)
        if found:
            wrong[name] = found
    assert not wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_are_accessible(visit, places, scheme):
    page = visit("admin", scheme)
    page.goto(f"/webhook?lab={places['lab']}&from=-1h&status=SUPERSEDED")
    expect(page.get_by_text("No log matches")).to_be_visible()
    assert not faults(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not faults(page)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Lab").click()
    page.get_by_role("combobox", name="Lab").fill("9")
    expect(page.get_by_role("listbox", name="Lab")).to_be_visible()
    assert not faults(page)


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
    page = visit("viewer")
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
    expect(page.get_by_text("Requeued").first).to_be_visible()
