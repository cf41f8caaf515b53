"""Retries of many: previewed, run at a rate, paused, resumed, cancelled."""
import re

from partners import Partner, Reply
from playwright.sync_api import expect


def failures(world, url, n):
    row_id = world.row(1, url)
    events = [world.bill_event() for _ in range(n)]
    return [world.wait_log(event, row_id, "FAIL") for event in events]


def preview(page, world):
    page.goto(f"/errors?lab={world.lab.id}")
    page.get_by_role("button", name="Retry all that match…").click()
    return page.get_by_role("dialog")


def test_a_filter_is_previewed_and_run(visit, world):
    with Partner(Reply(code=500)) as partner:
        failures(world, partner.url(), 3)
        partner.script = Reply(code=200)
        page = visit("operator")
        dialog = preview(page, world)
        expect(dialog.locator(".figures")).to_contain_text("3")
        dialog.get_by_label("Reason").fill("the partner is back")
        dialog.get_by_role("button", name="Retry 3 deliveries").click()
        expect(page).to_have_url(re.compile("/retries/"))
        expect(page.locator("main strong")).to_have_text("DONE", timeout=60_000)
        assert {log["status"] for log in world.logs()} == {"SUCCESS"}


def test_a_run_is_paused_resumed_and_cancelled(visit, world):
    with Partner(Reply(code=500)) as partner:
        failures(world, partner.url(), 4)
        page = visit("operator")
        dialog = preview(page, world)
        dialog.get_by_label("Reason").fill("trying it out")
        dialog.get_by_label("Start paused").check()
        dialog.get_by_role("button", name="Retry 4 deliveries").click()
        expect(page.locator("main strong")).to_have_text("PAUSED")
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("main strong")).to_have_text("PAUSED")
        page.get_by_role("button", name="Cancel the rest").click()
        expect(page.locator("main strong")).to_have_text("CANCELLED")


def test_what_is_superseded_is_said_before(visit, world, stack):
    with Partner(Reply(code=500)) as partner:
        log = failures(world, partner.url(), 1)[0]
        stack.sql("UPDATE lis.bill SET status = 'CANCELLED', cancelled_at = now() WHERE bill_id = %s", [log["bill_id"]])
        page = visit("operator")
        dialog = preview(page, world)
        superseded = dialog.locator(".figures > div", has_text="superseded")
        expect(superseded).to_contain_text("1")
