"""docs/payloads.md shows what partners receive. `--update` writes it."""
from fleet import payload_docs, schemas
from fleet.happenings import HAPPENINGS
from partners import Partner


def test_the_page_of_payloads_is_current(world, request):
    with Partner() as partner:
        rows = {action: world.row(action, partner.url(), extra={"transport": "http"})
                for action in {happening.action for happening in HAPPENINGS}}
        events = [(h, world.publish(h.event(world.lab))) for h in HAPPENINGS]
        logs = {str(world.wait_log(event, rows[h.action])["_id"]): h for h, event in events}
    received = [(logs[r.headers["webhook-id"]], r) for r in partner.requests]
    received.sort(key=lambda pair: HAPPENINGS.index(pair[0]))
    assert len(received) == len(HAPPENINGS)
    for happening, r in received:
        schemas.check(f"payloads/{happening.action}", r.json())
    page = payload_docs.compose(received)
    if request.config.getoption("--update"):
        payload_docs.PAGE.write_text(page)
    assert payload_docs.PAGE.read_text() == page, "docs/payloads.md is old: run this test with --update"
