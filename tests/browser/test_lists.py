"""Lists that are read while they change (ux: lists, live behaviour)."""
import re

from fleet.page import open_list, rows
from partners import Partner, Reply
from playwright.sync_api import expect


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
        page = visit("operator")
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


def test_a_list_is_one_stop_of_the_tab_key(visit, world, partner):
    row_id = world.row(1, partner.url())
    for _ in range(3):
        world.wait_log(world.bill_event(), row_id)
    page = visit("operator")
    open_list(page, world)
    rows(page).nth(1).focus()
    page.keyboard.press("Tab")
    expect(rows(page).nth(1).get_by_role("checkbox")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('tbody')") is None
    rows(page).nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(rows(page).nth(2).get_by_role("checkbox")).to_be_checked()


def test_going_to_a_page_is_nothing_else(visit, world, partner):
    world.deliver(partner.url())
    page = visit("operator")
    open_list(page, world)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    rows(page).first.focus()
    page.keyboard.press("g")
    page.keyboard.press("a")  # alone: retry all that match
    expect(page.get_by_role("heading", name="API", level=1)).to_be_visible()
    expect(page.locator("#main")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not asked


def test_a_cell_becomes_a_filter_that_is_taken_away_by_itself(visit, world, partner):
    world.deliver(partner.url())
    page = visit("viewer")
    open_list(page, world)
    page.locator("td[data-column=operation]").first.click(button="right")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    menu.get_by_role("menuitem", name="Only Operation: Bill Generation").click()
    expect(page).to_have_url(re.compile("action=1"))
    page.get_by_role("button", name="Remove filter Bill Generation").click()
    expect(page).not_to_have_url(re.compile("action="))
    page.locator("td[data-column=bill]").first.click(button="right")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").isdigit()


def test_an_empty_list_says_which_filter_excludes(visit, world, partner):
    world.deliver(partner.url())
    page = visit("viewer")
    open_list(page, world, query="&status=SUPERSEDED&auth=1")
    expect(page.get_by_role("heading", name="No log matches")).to_be_visible()
    page.goto(f"/webhook?lab={world.lab.id}&status=SUPERSEDED")
    page.get_by_role("button", name="Without “SUPERSEDED”: 1").click()
    expect(rows(page)).to_have_count(1)


def test_a_view_has_a_name_and_is_opened_again(visit, world, partner):
    world.deliver(partner.url())
    page = visit("viewer")
    open_list(page, world, query="&status=SUCCESS&cols=status,log_id")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Name of this view").fill("Ids alone")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("View saved")).to_be_visible()
    page.goto("/webhook")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("button", name="Ids alone", exact=True).click()
    expect(page).to_have_url(re.compile("status=SUCCESS"))
    expect(page.get_by_role("columnheader", name="Log id")).to_be_visible()
    page.get_by_text("View: Ids alone").click()
    page.get_by_role("button", name="Forget view Ids alone").click()
    expect(page.get_by_text("No saved view yet.")).to_be_visible()


def test_the_drawer_walks_the_list(visit, world, partner):
    row_id = world.row(1, partner.url())
    for _ in range(3):
        world.wait_log(world.bill_event(), row_id)
    page = visit("operator")
    open_list(page, world)
    rows(page).first.click()
    drawer = page.get_by_role("complementary", name="One log")
    expect(drawer).to_contain_text("1 of 3")
    drawer.get_by_role("heading", level=2).click()
    page.keyboard.press("j")
    expect(drawer).to_contain_text("2 of 3")
    page.keyboard.press("k")
    expect(drawer).to_contain_text("1 of 3")
    page.keyboard.press("3")
    expect(page.get_by_role("tab", name="Response")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("part=response"))


def test_a_list_that_is_followed_stops_for_its_reader(visit, world, partner):
    row_id = world.row(1, partner.url())
    world.wait_log(world.bill_event(), row_id)
    page = visit("operator")
    open_list(page, world)
    expect(page.locator(".connection")).to_contain_text("Live")
    page.get_by_label("Follow").check()
    world.wait_log(world.bill_event(), row_id)
    expect(rows(page)).to_have_count(2)
    rows(page).nth(1).focus()
    expect(page.get_by_label("Follow: paused")).to_be_visible()
    world.wait_log(world.bill_event(), row_id)
    expect(page.get_by_role("button", name="Paused, 1 new")).to_be_visible()
    assert rows(page).count() == 2
    page.keyboard.press("n")
    expect(rows(page)).to_have_count(3)


def test_a_marked_row_stays_where_it_is_under_traffic(visit, world, partner):
    row_id = world.row(1, partner.url())
    for event in [world.bill_event() for _ in range(25)]:
        world.wait_log(event, row_id)
    page = visit("operator")
    open_list(page, world)
    expect(page.locator(".connection")).to_contain_text("Live")
    expect(rows(page)).to_have_count(25)
    marked = rows(page).nth(20)
    marked.scroll_into_view_if_needed()
    marked.focus()
    before = marked.bounding_box()
    for event in [world.bill_event() for _ in range(15)]:
        world.wait_log(event, row_id)
    expect(page.get_by_role("button", name="15 new")).to_be_visible()
    expect(marked).to_be_focused()
    assert marked.bounding_box() == before
    page.get_by_role("button", name="15 new").click()
    expect(rows(page)).to_have_count(40)


def test_the_palette_goes_anywhere(visit, world, partner):
    log = world.deliver(partner.url())
    page = visit("operator")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Go to or do")
    box.fill("heal")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Health", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    box.fill(str(log["bill_id"]))
    page.get_by_role("option", name="Trace of bill").click()
    expect(page.get_by_role("heading", name=f"Trace of bill {log['bill_id']}")).to_be_visible()
    page.keyboard.press("Control+k")
    box.fill(str(log["_id"]))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/logs/{log['_id']}"))


def test_a_list_is_kept_as_a_file_masked_as_it_is(visit, world, partner):
    log = world.deliver(partner.url())
    page = visit("viewer")
    open_list(page, world)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    text = download.value.path().read_text()
    assert str(log["_id"]) in text and str(log["patient_id"]) not in text
