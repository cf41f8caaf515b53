"""Lists that are read while they change (ux: lists, live behaviour)."""
import re

from partners import Partner, Reply
from playwright.sync_api import expect


def rows(page):
    return page.locator("tbody tr[data-log]")


def open_list(page, world, tab="webhook", query=""):
    page.goto(f"/{tab}?lab={world.lab.id}{query}")
    expect(page.get_by_role("heading", name=tab.capitalize() if tab != "api" else "API", level=1)).to_be_visible()


def test_a_delivery_is_a_row_with_its_partner_code_and_time(visit, world, partner):
    world.deliver(partner.url())
    page = visit("operator")
    open_list(page, world)
    row = rows(page).first
    expect(row).to_contain_text("SUCCESS")
    expect(row).to_contain_text("Bill Generation")
    expect(row).to_contain_text("200")


def test_new_rows_wait_for_the_reader_and_nothing_on_show_moves(visit, world, partner):
    row_id = world.row(1, partner.url())
    world.wait_log(world.bill_event(), row_id)
    page = visit("operator")
    open_list(page, world)
    expect(page.locator(".connection")).to_contain_text("Live")
    first = rows(page).first
    before, name = first.bounding_box()["y"], first.get_attribute("data-log")
    for _ in range(3):
        world.wait_log(world.bill_event(), row_id)
    pill = page.get_by_role("button", name="3 new")
    expect(pill).to_be_visible()
    assert rows(page).first.get_attribute("data-log") == name
    assert rows(page).first.bounding_box()["y"] == before
    pill.click()
    expect(rows(page)).to_have_count(4)


def test_a_change_of_status_is_made_in_place(visit, world):
    with Partner([Reply(code=500, body=b'{"error": "down"}'), Reply(code=200)]) as flaky:
        row_id = world.row(1, flaky.url())
        log = world.wait_log(world.bill_event(), row_id, "FAIL")
        page = visit("operator")
        open_list(page, world, "errors")
        row = page.locator(f'tr[data-log="{log["_id"]}"]')
        expect(row).to_contain_text("FAIL")
        row.click()
        page.get_by_role("button", name="Retry", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Retry").click()
        expect(dialog).to_contain_text("Queued.")
        expect(dialog).to_contain_text("SUCCESS")
        dialog.get_by_role("button", name="Close").last.click()
        expect(row).to_contain_text("no longer matches")
        assert len(flaky.requests) == 2


def test_filters_are_in_the_address_and_survive_reload_and_back(visit, world, partner):
    world.deliver(partner.url())
    page = visit("viewer")
    open_list(page, world)
    page.get_by_role("button", name="FAIL").click()
    expect(page).to_have_url(re.compile("status=FAIL"))
    expect(page.get_by_text("No log matches")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="FAIL")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(rows(page)).to_have_count(1)


def test_a_bill_number_finds_its_one_log(visit, world, partner):
    log = world.deliver(partner.url())
    page = visit("viewer")
    page.keyboard.press("/")
    page.keyboard.type(str(log["bill_id"]))
    expect(page.locator("#search-reading")).to_contain_text("bill")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(str(log["_id"])))
    expect(page.get_by_role("heading", name="Bill Generation")).to_be_visible()


def test_words_of_an_error_stay_out_of_the_query(visit, world):
    with Partner(Reply(code=500, body=b'{"error": "order book is closed"}')) as closed:
        world.deliver(closed.url())
        page = visit("viewer")
        open_list(page, world, "errors")
        page.get_by_label("Search").last.fill("order book")
        page.keyboard.press("Enter")
        expect(rows(page)).to_have_count(1)
        assert "order" not in page.url.split("#")[0]


def test_errors_are_grouped_by_partner_and_words(visit, world):
    with Partner(Reply(code=500, body=b'{"error": "order book is closed"}')) as closed:
        row_id = world.row(1, closed.url())
        for _ in range(3):
            world.wait_log(world.bill_event(), row_id)
        page = visit("operator")
        open_list(page, world, "errors")
        page.get_by_label("Group by error").check()
        line = page.get_by_role("row", name="order book is closed")
        expect(line).to_contain_text("3")


def test_the_keyboard_is_enough(visit, world, partner):
    row_id = world.row(1, partner.url())
    for _ in range(2):
        world.wait_log(world.bill_event(), row_id)
    page = visit("operator")
    open_list(page, world)
    rows(page).first.focus()
    page.keyboard.press("j")
    expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_text("1 ticked")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="One log")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
