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


def test_a_retry_says_what_it_would_send(visit, world, stack):
    with Partner([Reply(code=500), Reply(code=200)]) as flaky:
        bill = world.lab.bill()
        row_id = world.row(1, flaky.url())
        log = world.wait_log(world.bill_event(bill=bill), row_id, "FAIL")
        stack.sql("UPDATE lis.bill SET status = 'CANCELLED', cancelled_at = now() WHERE bill_id = %s", [bill.id])
        page = visit("operator")
        page.goto(f"/logs/{log['_id']}")
        page.get_by_role("button", name="Retry", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nothing would be sent")
        dialog.get_by_role("button", name="Cancel").click()
        stack.sql("UPDATE lis.bill SET status = 'ACTIVE', cancelled_at = NULL WHERE bill_id = %s", [bill.id])
        page.get_by_role("button", name="Retry", exact=True).click()
        expect(dialog).to_contain_text("payload")
        dialog.get_by_role("button", name="Retry").click()
        expect(dialog).to_contain_text("SUCCESS")
        dialog.get_by_role("button", name="Close").last.click()
        page.get_by_role("button", name="Resend…").click()
        expect(dialog.get_by_role("button", name="Retry")).to_be_disabled()
        dialog.get_by_label("It was delivered or closed before").check()
        expect(dialog.get_by_role("button", name="Retry")).to_be_enabled()


def test_a_run_is_seen_from_every_page_and_moves_by_itself(visit, world):
    with Partner(Reply(code=500)) as partner:
        failures(world, partner.url(), 3)
        page = visit("operator")
        dialog = preview(page, world)
        dialog.get_by_label("Reason").fill("one a second")
        dialog.get_by_label("Start paused").check()
        dialog.get_by_label("Stop when").fill("100")
        dialog.get_by_role("button", name="Retry 3 deliveries").click()
        expect(page.locator("main strong")).to_have_text("PAUSED")
        run = page.url.rsplit("/", 1)[1]
        page.goto(f"/webhook?lab={world.lab.id}")
        strip = page.locator(f".run-strip[href='/retries/{run}']")
        expect(strip).to_contain_text("of 3")
        strip.click()
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("main strong")).to_have_text("DONE", timeout=60_000)
        page.get_by_role("group", name="State").get_by_role("button", name="failed").click()
        expect(page.get_by_role("table", name="Logs of this run").get_by_role("link")).to_have_count(3)
        with page.expect_download() as download:
            page.get_by_role("button", name="Export CSV").click()
        assert download.value.suggested_filename == f"retry-run-{run}.csv"
        assert download.value.path().read_text().count("FAIL") == 3
