"""Manage integrations: a partner is connected, corrected and tried out without code."""
import re

from fleet.wait import eventually
from partners import Partner, Reply
from playwright.sync_api import expect

MANAGE = "/supportdashboard/manageIntegrations"


def open_row(page, world, row_id):
    page.goto(f"{MANAGE}/{world.auth}/{row_id}?lab={world.lab.id}")
    expect(page.get_by_label("URL / endpoint")).to_be_visible()


def save(page):
    """Saves a row that is there: what changes is shown first."""
    page.get_by_role("button", name="Add/Update Integration").click()
    page.get_by_role("dialog", name="What changes").get_by_role("button", name="Save").click()


def test_a_lab_is_found_as_one_types(visit, world, partner):
    world.row(1, partner.url())
    page = visit("admin")
    page.goto(MANAGE)
    box = page.get_by_role("combobox", name="Search by lab name or id")
    box.fill(str(world.lab.id))
    page.locator("[role=listbox] [role=option]").first.click()
    expect(page).to_have_url(re.compile(f"lab={world.lab.id}"))
    page.locator(".steps select").select_option(str(world.auth))
    expect(page.get_by_role("row", name="Bill Generation")).to_be_visible()


def test_a_new_partner_gets_a_key_that_is_shown_once_and_events(visit, world, partner):
    page = visit("admin")
    page.goto(f"{MANAGE}/new/new?lab={world.lab.id}")
    page.get_by_label("Developer name").fill("New Hospital")
    page.get_by_label("URL / endpoint").fill(partner.url("/in"))
    page.get_by_role("group", name="Actions").get_by_text("Billing").click()
    page.get_by_label("1 · Bill Generation").check()
    page.get_by_role("button", name="Add/Update Integration").click()
    expect(page.get_by_text("This key is shown once.")).to_be_visible()
    key = page.get_by_role("alert").locator("code").inner_text()
    assert len(key) >= 20
    page.get_by_role("button", name="I stored it").click()
    assert key not in page.content()
    event = world.bill_event()
    assert world.wait_log(event)["status"] == "SUCCESS"


def test_a_fault_is_said_at_its_field(visit, world, partner):
    row_id = world.row(1, partner.url())
    page = visit("admin")
    open_row(page, world, row_id)
    field = page.get_by_label("Time-out, ms")
    field.fill("0")
    save(page)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(page.locator(".field", has=field)).to_contain_text("integer")
    page.get_by_label("URL / endpoint").focus()
    page.get_by_role("alert").get_by_role("button", name="integer").click()
    expect(field).to_be_focused()


def test_a_row_that_changed_meanwhile_is_not_overwritten(visit, world, partner, stack):
    row_id = world.row(1, partner.url())
    page = visit("admin")
    open_row(page, world, row_id)
    stack.sql("UPDATE integration.lab_integration SET url = %s WHERE id = %s", [partner.url("/theirs"), row_id])
    page.get_by_label("URL / endpoint").fill(partner.url("/mine"))
    save(page)
    expect(page.get_by_role("button", name="Load the newer version")).to_be_visible()
    conflict = page.get_by_role("alert")
    expect(conflict.locator(".diff-gone")).to_contain_text("/theirs")
    expect(conflict.locator(".diff-new")).to_contain_text("/mine")
    url = stack.sql("SELECT url FROM integration.lab_integration WHERE id = %s", [row_id])[0][0]
    assert url == partner.url("/theirs")


def test_a_change_has_a_history_and_a_way_back(visit, world, partner, stack):
    row_id = world.row(1, partner.url("/one"))
    page = visit("admin")
    open_row(page, world, row_id)
    page.get_by_label("URL / endpoint").fill(partner.url("/two"))
    page.get_by_role("button", name="Add/Update Integration").click()
    dialog = page.get_by_role("dialog", name="What changes")
    expect(dialog.locator(".diff-new")).to_contain_text("/two")
    expect(dialog).to_contain_text("deliveries in the last 24 hours")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("applies to the next event").first).to_be_visible()
    page.get_by_text("History", exact=True).click()
    page.get_by_role("button", name="Go back to this").first.click()
    expect(page.get_by_label("URL / endpoint")).to_have_value(partner.url("/one"))
    expect(page.get_by_text("The form has what was before version")).to_be_visible()
    save(page)
    eventually(lambda: stack.sql("SELECT url, version FROM integration.lab_integration WHERE id = %s", [row_id]) == [(partner.url("/one"), 3)],
               15, what="the row as it was")
    expect(page.get_by_text("version 3, applies").first).to_be_visible()


def test_a_sample_is_sent_and_its_exchange_shown(visit, world):
    with Partner(Reply(code=418, body=b'{"error": "short and stout"}')) as teapot:
        row_id = world.row(1, teapot.url())
        bill = world.lab.bill()
        page = visit("admin")
        open_row(page, world, row_id)
        page.get_by_label("Entity id").fill(str(bill.id))
        page.get_by_role("button", name="Send test").click()
        result = page.get_by_role("region", name="The test's exchange")
        expect(result).to_contain_text("short and stout")
        assert len(teapot.requests) == 1
        assert world.logs() == []


def test_a_viewer_cannot_change_a_row(visit, world, partner):
    row_id = world.row(1, partner.url())
    page = visit("viewer")
    open_row(page, world, row_id)
    expect(page.get_by_label("URL / endpoint")).to_be_disabled()
    expect(page.get_by_text("Only an admin can change integrations.")).to_be_visible()


def test_a_key_is_replaced_with_an_overlap(visit, world, partner):
    row_id = world.row(1, partner.url())
    page = visit("admin")
    open_row(page, world, row_id)
    page.get_by_role("button", name="Replace the key…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The old key counts").select_option("168")
    dialog.get_by_role("button", name="Make a new key").click()
    expect(page.get_by_text("This key is shown once.")).to_be_visible()
    key = page.get_by_role("alert").locator("code").inner_text()
    expect(page.get_by_text("The old key counts until")).to_be_visible()
    page.get_by_role("button", name="I stored it").click()
    region = page.get_by_role("region", name="Auth key")
    expect(region).to_contain_text(f"Auth key ends in {key[-4:]}")
    region.get_by_role("button", name="End it now").click()
    expect(region.get_by_role("button", name="End it now")).to_have_count(0)


def test_a_template_is_rendered_as_one_types(visit, world, partner):
    row_id = world.row(1, partner.url())
    bill = world.lab.bill()
    page = visit("admin")
    open_row(page, world, row_id)
    page.get_by_label("Entity id").fill(str(bill.id))
    shown = page.get_by_role("region", name="Preview")
    expect(shown).to_contain_text("webhookId")
    template = page.get_by_label("Template text")
    template.fill("the bill is {{event.bill_id}}")
    expect(shown).to_contain_text(f"the bill is {bill.id}")
    template.fill("{{#open}}\nnever closed")
    expect(shown.get_by_role("alert")).to_be_visible()


def test_extra_details_are_a_form_and_json(visit, world, partner):
    row_id = world.row(1, partner.url(), extra={"x-api-key": "very-secret-key-4711"})
    page = visit("admin")
    open_row(page, world, row_id)
    assert "very-secret-key" not in page.content()
    page.get_by_text("Extra details as JSON").first.click()
    text = page.get_by_role("textbox", name="Extra details as JSON")
    page.get_by_label("Requests a second at most").fill("5")
    expect(text).to_have_value(re.compile('"rate_limit_per_second": 5'))
    text.fill('{"transport": "sftp", "host": "files.example", "x-api-key": "***"}')
    expect(page.get_by_label("Host host")).to_have_value("files.example")
    expect(page.get_by_label("Directory sftp.directory")).to_be_visible()
    text.fill("{")
    expect(page.get_by_text("This is no JSON object.")).to_be_visible()


def test_changes_that_are_not_saved_are_asked_about(visit, world, partner):
    row_id = world.row(1, partner.url())
    page = visit("admin")
    open_row(page, world, row_id)
    page.get_by_label("URL / endpoint").fill(partner.url("/changed"))
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("link", name="Health").click()
    assert asked and "not saved" in asked[0]
    expect(page.get_by_label("URL / endpoint")).to_have_value(partner.url("/changed"))


def test_nor_are_they_lost_by_going_back(visit, world, partner):
    row_id = world.row(1, partner.url())
    page = visit("admin")
    page.goto(f"{MANAGE}?lab={world.lab.id}")
    page.locator(".steps select").select_option(str(world.auth))
    page.get_by_role("button", name=f"Open integration {row_id}").click()
    page.get_by_label("URL / endpoint").fill(partner.url("/changed"))
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.evaluate("history.back()")
    expect(page.get_by_label("URL / endpoint")).to_have_value(partner.url("/changed"))
    eventually(lambda: page.evaluate("location.pathname").endswith(f"/{row_id}") and asked, 15, what="asked, and still there")
