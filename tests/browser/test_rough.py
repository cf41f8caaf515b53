"""Rough conditions: what strangers send, a server that is away, a page older than its server."""
import json

import pytest
from fleet.page import faults, fits, open_list, rows
from partners import Partner, Reply
from playwright.sync_api import expect

LONG = "x" * 5000
SPOOF = "paid \u202e0001\u202c \U0001f9ea\U0001f9ea"  # an order reversed, and letters of four bytes
HOSTILE = f"<b>bold</b> {SPOOF} مرحبا {LONG}"


@pytest.mark.parametrize("width", [1366, 400])
def test_what_strangers_say_stays_in_its_place(visit, world, width):
    with Partner(Reply(code=500, body=json.dumps({"error": HOSTILE}).encode())) as hostile:
        log = world.deliver(hostile.url())
    page = visit("operator")
    page.set_viewport_size({"width": width, "height": 768})
    open_list(page, world, "errors", "&cols=status,error,partner")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).locator("td[data-column=error]")).to_contain_text("<b>bold</b> paid ␣U+202E0001␣U+202C 🧪")
    assert fits(page) and rows(page).bounding_box()["height"] < 40
    page.get_by_label("Group by error").check()
    expect(page.get_by_role("row", name="<b>bold</b>")).to_be_visible()
    assert fits(page)
    for part in ("story", "response", "attempts"):
        page.goto(f"/logs/{log['_id']}?part={part}")
        expect(page.get_by_role("tabpanel").get_by_text("<b>bold</b>").first).to_be_visible()
        assert fits(page), part
        assert not faults(page), part


def test_a_large_body_is_read_in_parts(visit, world, stack):
    lines = [{"n": n, "text": "y" * 40} for n in range(4000)]
    with Partner(Reply(code=200, body=json.dumps({"items": lines, "one": "z" * 100_000}).encode())) as talkative:
        log = world.deliver(talkative.url())
    page = visit("operator")
    page.goto(f"/logs/{log['_id']}")
    page.get_by_role("button", name="Reveal…").click()
    page.get_by_role("dialog").get_by_role("button", name="Reveal").click()
    page.get_by_role("tab", name="Response").click()
    panel = page.get_by_role("tabpanel")
    expect(panel.locator(".line").first).to_be_visible()
    assert panel.locator(".line").count() <= 2000
    panel.get_by_label("As sent").check()
    expect(panel.locator(".line").first).to_be_visible()
    assert fits(page)


@pytest.mark.parametrize("answer, words", [
    ({"status": 503, "json": {"title": "away"}}, "The store is away. Deliveries go on; logs follow."),
    ({"status": 429, "json": {}, "headers": {"retry-after": "7"}}, "Try again in 7 s."),
    ({"status": 403, "json": {}}, "Your role or labs do not allow this."),
    (None, "The server cannot be reached."),
], ids=["503", "429", "403", "no connection"])
def test_a_failure_has_words_of_its_own_and_another_try(visit, world, partner, answer, words):
    world.deliver(partner.url())
    page = visit("operator", expected=("status of", "ERR_FAILED"))
    page.route("**/api/v1/logs?*", lambda route: route.fulfill(**answer) if answer else route.abort())
    open_list(page, world)
    said = page.locator("main [role=alert]")
    expect(said).to_contain_text(words)
    page.unroute("**/api/v1/logs?*")
    said.get_by_role("button", name="Try again").click()
    expect(rows(page)).to_have_count(1)
    expect(said).to_have_count(0)


def test_older_rows_that_do_not_come_are_asked_for_again(visit, stack):
    page = visit("admin", expected=("status of 503",))
    entry = {"id": 7, "at": "2026-11-21T09:30:00.000Z", "actor": "mia", "action": "login", "object": "user", "object_id": "mia",
             "lab_id": None, "detail": {}}
    page.route("**/api/v1/audit?*", lambda route: route.fulfill(status=503, json={}) if "cursor" in route.request.url
               else route.fulfill(json={"items": [entry], "next_cursor": "7"}))
    page.goto("/audit")
    page.get_by_role("button", name="Load older").click()
    said = page.locator("main [role=alert]")
    expect(said).to_contain_text("The store is away")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.unroute("**/api/v1/audit?*")
    said.get_by_role("button", name="Try again").click()
    expect(said).to_have_count(0)


def test_a_fault_of_a_page_leaves_the_others(visit):
    page = visit("viewer")
    page.route("**/api/v1/health", lambda route: route.fulfill(json={"at": "2026-11-21T09:30:00.000Z"}))
    page.goto("/health")
    expect(page.get_by_role("heading", name="This page cannot be shown")).to_be_visible()
    assert not faults(page)
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_role("heading", name="Activity", level=1)).to_be_visible()
    page.unroute("**/api/v1/health")
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("heading", name="Health", level=1)).to_be_visible()


def test_a_part_that_is_gone_is_done_without_and_said(visit, world, partner):
    world.deliver(partner.url())
    page = visit("viewer", expected=("ERR_FAILED",))
    page.route("**/assets/uPlot*", lambda route: route.abort())
    page.goto(f"/health?lab={world.lab.id}")
    expect(page.locator(".banner", has_text="A newer version of this page is there.")).to_be_visible()
    expect(page.locator("figure table")).to_be_visible()


def hide(page, hidden):
    page.evaluate("""hidden => {
        Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }""", hidden)


def test_without_a_shared_worker_a_hidden_page_rests_and_catches_up(visit, world, partner):
    row_id = world.row(1, partner.url())
    world.wait_log(world.bill_event(), row_id)
    page = visit("operator")
    page.add_init_script("delete window.SharedWorker")
    open_list(page, world)
    expect(page.locator(".connection")).to_contain_text("Live")
    expect(rows(page)).to_have_count(1)
    hide(page, True)
    expect(page.locator(".connection")).to_contain_text("Reconnecting")
    world.wait_log(world.bill_event(), row_id)
    assert rows(page).count() == 1
    hide(page, False)
    expect(page.locator(".connection")).to_contain_text("Live")
    expect(rows(page)).to_have_count(2)


def test_a_retry_has_its_outcome_though_the_stream_is_silent(visit, world):
    with Partner([Reply(code=500), Reply(code=200)]) as flaky:
        log = world.deliver(flaky.url())
        page = visit("operator", expected=("ERR_FAILED",))
        page.add_init_script("delete window.SharedWorker")
        page.route("**/api/v1/stream*", lambda route: route.abort())
        page.goto(f"/logs/{log['_id']}")
        page.get_by_role("button", name="Retry", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Retry").click()
        expect(dialog).to_contain_text("SUCCESS")
        expect(page.locator(".connection")).not_to_contain_text("Live")


def test_the_first_load_is_small(visit):
    page = visit("viewer", fresh=True)
    sizes = page.evaluate("""performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
        .filter(entry => !entry.name.includes('/api/')).map(entry => entry.transferSize)""")
    assert len(sizes) >= 3 and 10_000 < sum(sizes) < 250 * 1024
