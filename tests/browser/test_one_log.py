"""One log: its story, its bodies, what is masked, and what a partner's markup cannot do."""
import json

from partners import Partner, Reply
from playwright.sync_api import expect

HL7 = ("MSH|^~\\&|LIS|17|EMR|H|20261121093000||ORM^O01|{{event.bill_id}}|P|2.5.1\r"
       "PID|1||{{patient.patient_id}}||{{patient.last_name}}^{{patient.first_name}}")


def open_log(page, log):
    page.goto(f"/logs/{log['_id']}")
    expect(page.get_by_role("article")).to_be_visible()


def tab(page, name):
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel")


def test_the_story_goes_from_event_to_outcome(visit, world):
    with Partner(Reply(code=503, body=b'{"error": "try later"}')) as closed:
        log = world.deliver(closed.url())
        page = visit("operator")
        open_log(page, log)
        story = page.get_by_role("tabpanel")
        for step in ("Event", "Built and queued", "First attempt", "Outcome"):
            expect(story.get_by_role("heading", name=step, exact=True)).to_be_visible()
        expect(story).to_contain_text("try later")
        expect(story).to_contain_text("HTTP 503")


def test_stored_markup_is_text(visit, world):
    markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    with Partner(Reply(code=500, body=json.dumps({"error": markup}).encode())) as hostile:
        log = world.deliver(hostile.url())
        page = visit("admin")
        open_log(page, log)
        expect(page.get_by_text(markup).first).to_be_visible()
        tab(page, "Response")
        page.goto(f"/errors?lab={world.lab.id}")
        expect(page.locator("tbody tr[data-log]")).to_have_count(1)
        assert page.locator("main img, main script").count() == 0
        assert page.title() not in ("1", "2")


def test_a_viewer_sees_no_body_and_no_patient(visit, world, partner):
    log = world.deliver(partner.url())
    name = "Asha Rao"
    assert name in log["request_body"]
    page = visit("viewer")
    open_log(page, log)
    panel = tab(page, "Request")
    expect(panel).to_contain_text("•••")
    assert name not in page.content()
    expect(page.get_by_role("button", name="Reveal…")).to_have_count(0)
    expect(page.get_by_role("button", name="Retry", exact=True)).to_have_count(0)


def test_an_operator_reveals_a_body_with_a_reason(visit, world, partner, stack):
    log = world.deliver(partner.url())
    page = visit("operator")
    open_log(page, log)
    page.get_by_role("button", name="Reveal…").click()
    dialog = page.get_by_role("dialog")
    note = f"ticket {log['_id']}"
    dialog.get_by_label("Note").fill(note)
    dialog.get_by_role("button", name="Reveal").click()
    expect(page.get_by_text("Revealed by you until")).to_be_visible()
    expect(tab(page, "Request")).to_contain_text("Asha Rao")
    kept = stack.sql("SELECT count(*) FROM integration.audit WHERE detail::text LIKE %s", [f"%{note}%"])
    assert kept[0][0] == 1


def test_hl7_is_a_tree_with_names(visit, world, partner):
    log = world.deliver(partner.url(), payload_type="HL7", template_text=HL7)
    page = visit("admin")
    open_log(page, log)
    if page.get_by_role("button", name="Reveal…").count():
        page.get_by_role("button", name="Reveal…").click()
        page.get_by_role("dialog").get_by_role("button", name="Reveal").click()
    panel = tab(page, "Request")
    expect(panel.get_by_role("row", name="PID-5.1 Family name")).to_contain_text("Rao")
    panel.get_by_label("Filter fields").fill("MSH-9")
    expect(panel.get_by_text("PID-5.1")).to_have_count(0)
    expect(panel.get_by_role("row", name="MSH-9 Message type")).to_contain_text("ORM^O01")
    panel.get_by_role("button", name="MSH-9").click()
    expect(panel.get_by_role("group", name="Raw text").locator("mark")).to_have_text("ORM^O01")


def test_attempts_are_compared(visit, world, stack):
    with Partner([Reply(code=500), Reply(code=200)]) as flaky:
        bill = world.lab.bill()
        row_id = world.row(1, flaky.url())
        log = world.wait_log(world.bill_event(bill=bill), row_id, "FAIL")
        stack.sql("UPDATE lis.patient SET full_name = 'Asha Corrected', first_name = 'Asha', last_name = 'Corrected'"
                  " WHERE patient_id = %s", [bill.patient_id])
        page = visit("operator")
        open_log(page, log)
        page.get_by_role("button", name="Retry", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Retry").click()
        expect(page.get_by_role("dialog")).to_contain_text("SUCCESS")
        page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
        expect(page.get_by_text("The payload changed since the attempt before")).to_be_visible()
        page.get_by_role("button", name="Reveal…").click()
        page.get_by_role("dialog").get_by_role("button", name="Reveal").click()
        panel = tab(page, "Attempts")
        ended = stack.mongo.integration_directory.find_one({"_id": log["_id"]})["first_attempt"]["ended_at"]
        expect(panel.get_by_role("row", name="First attempt FAIL")).to_contain_text(f"{ended:%d %b %Y}")
        expect(panel.locator(".diff-gone").first).to_contain_text("Asha Rao")
        expect(panel.locator(".diff-new").first).to_contain_text("Asha Corrected")


def test_a_double_click_is_one_attempt(visit, world):
    with Partner(Reply(code=500)) as closed:
        log = world.deliver(closed.url())
        page = visit("operator")
        open_log(page, log)
        page.get_by_role("button", name="Retry", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Retry").dblclick()
        expect(page.get_by_role("dialog")).to_contain_text("Queued.")
        expect(page.get_by_role("dialog")).to_contain_text("FAIL")
        assert len(closed.requests) == 2


def test_a_request_is_copied_as_curl_without_secrets(visit, world):
    with Partner(Reply(code=500)) as closed:
        log = world.deliver(closed.url(), extra={"x-api-key": "very-secret-key-4711"})
        page = visit("operator")
        open_log(page, log)
        page.get_by_role("button", name="Copy as curl").click()
        expect(page.get_by_text("Copied as curl")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("curl -X POST") and "very-secret-key" not in copied


def test_a_trace_shows_all_of_a_bill(visit, world, partner):
    bill = world.lab.bill()
    rows = [world.row(1, partner.url()), world.row(2, partner.url("/other"))]
    log = world.wait_log(world.bill_event(bill=bill), rows[0])
    world.wait_log(world.bill_event(2, bill=bill), rows[1])
    page = visit("operator")
    open_log(page, log)
    page.get_by_role("link", name="Open trace").click()
    expect(page.get_by_role("heading", name=f"Trace of bill {bill.id}")).to_be_visible()
    expect(page.get_by_role("link", name="Bill Generation")).to_be_visible()
    expect(page.get_by_role("link", name="Bill Update")).to_be_visible()


def test_a_hint_leads_to_what_is_to_be_done(visit, world):
    with Partner(Reply(code=500, body=b'{"error": "order book is closed"}')) as closed:
        log = world.deliver(closed.url())
        page = visit("admin")
        open_log(page, log)
        hint = page.get_by_role("region", name="What to look at")
        expect(hint).to_contain_text("The row is active")
        hint.get_by_role("button", name="Read the answer").click()
        expect(page.get_by_role("tabpanel")).to_contain_text("order book is closed")
        page.get_by_role("tab", name="Story").click()
        page.get_by_role("link", name="row ").click()
        expect(page.get_by_label("URL / endpoint")).to_have_value(closed.url())


def test_who_looked_is_in_the_log_s_audit(visit, world, partner):
    log = world.deliver(partner.url())
    page = visit("admin")
    open_log(page, log)
    page.get_by_role("button", name="Reveal…").click()
    page.get_by_role("dialog").get_by_role("button", name="Reveal").click()
    expect(tab(page, "Audit").get_by_role("cell", name="reveal", exact=True)).to_be_visible()
    tab(page, "Request")
    page.get_by_role("button", name="Hide again").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("•••")
    assert "Asha Rao" not in page.content()


def test_a_printed_log_has_its_foot_and_no_tools(visit, world, partner):
    log = world.deliver(partner.url())
    page = visit("viewer")
    open_log(page, log)
    page.emulate_media(media="print")
    expect(page.get_by_text("Printed by")).to_be_visible()
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
