"""Secrets of the configuration: written in plain SQL they work at once, and rest sealed soon after."""
import base64
import json

import pytest

from fleet import rows
from fleet.dashboard import Dashboard
from fleet.stack import dev
from fleet.wait import eventually

DETAILS = {"auth": {"type": "bearer", "token": "hunter2-token"}, "x-api-key": "hunter2-key", "timeout_ms": 9000}
HEADERS = {"X-Lab": "17", "X-Auth-Token": "hunter2-header"}


@pytest.fixture
def row(world, partner):
    return world.row(1, partner.url(), extra=DETAILS, headers=HEADERS)


def at_rest(world, row):
    return world.stack.sql(
        "SELECT r.headers || r.integration_extra_details || to_jsonb(a), r.updated_at, r.integration_extra_details, r.headers"
        " FROM integration.lab_integration r JOIN integration.developer_authentication a ON a.id = r.auth_id"
        " WHERE r.id = %s", [row])[0]


def wait_sealed(world, row):
    """The row when no secret of it is in plain text any more; a sweep does it."""
    dev("run", "retry-scheduler", "--once")

    def sealed():
        found = at_rest(world, row)
        return found if "hunter2" not in json.dumps(found[0]) and found[0]["auth_key_hash"] else None
    return eventually(sealed, 40, every=0.3, what="the row's secrets are sealed")


def check_request(request):
    assert request.headers["authorization"] == "Bearer hunter2-token"
    assert request.headers["x-api-key"] == "hunter2-key"
    assert request.headers["x-auth-token"] == "hunter2-header"


def test_secrets_work_in_plain_text_and_then_sealed(world, partner, row):
    log = world.wait_log(world.bill_event(), row)
    assert log["status"] == "SUCCESS" and "hunter2" not in str(log)
    check_request(partner.requests[0])
    written = at_rest(world, row)[1]
    world.stack.sql("UPDATE integration.developer_authentication SET auth_key = 'hunter2-auth' WHERE id = %s", [world.auth])

    both, updated_at, details, headers = wait_sealed(world, row)
    assert details["auth"]["token"].startswith("sealed:v1:") and details["x-api-key"].startswith("sealed:v1:")
    assert details["auth"]["type"] == "bearer" and details["timeout_ms"] == 9000
    assert headers["X-Lab"] == "17" and headers["X-Auth-Token"].startswith("sealed:v1:")
    assert both["auth_key"].startswith("sealed:v1:") and len(both["auth_key_hash"]) == len("\\x") + 64
    assert updated_at == written, "sealing is no change of the row"

    assert world.wait_log(world.bill_event(), row)["status"] == "SUCCESS"
    check_request(partner.requests[1])


def test_secrets_within_a_url_are_sealed_and_masked(world, stack, partner):
    url = partner.url("/in?token=hunter2-query&lab=17").replace("://", "://us%40er:hunter2-pass@")
    row = world.row(1, url)

    def check():
        log = world.wait_log(world.bill_event(), row)
        request = partner.requests[-1]
        assert log["status"] == "SUCCESS" and "hunter2" not in str(log)
        assert request.query == {"token": "hunter2-query", "lab": "17"}
        assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"us@er:hunter2-pass"

    def kept():
        return stack.sql("SELECT url FROM integration.lab_integration WHERE id = %s", [row])[0][0]
    check()
    dev("run", "retry-scheduler", "--once")
    sealed = eventually(lambda: "hunter2" not in kept() and kept(), 40, every=0.3, what="the url's secrets are sealed")
    assert sealed.startswith("http://sealed:v1:") and "&lab=17" in sealed
    check()

    dashboard, shown = Dashboard(stack), url.replace("us%40er:hunter2-pass", "***").replace("hunter2-query", "***")
    item, = dashboard.get(f"developer-authentications/{world.auth}/integrations")["items"]
    assert item["url"] == shown and item["config_error"] is None
    dashboard.post("integrations", {"lab_id": world.lab.id, "id": row, "url": shown, "is_auto_retry": True})
    assert kept() == sealed, "what comes back masked stays"
    check()
    dashboard.post("integrations", {"lab_id": world.lab.id, "id": row, "url": shown.replace("lab=17", "key=***")}, code=400)
    dashboard.post("integrations", {"lab_id": world.lab.id, "id": row, "url": partner.url("/in?token=hunter2-new")})
    assert "hunter2" not in kept() + json.dumps(dashboard.get(f"integrations/{row}/history"))


def test_a_secret_that_changes_is_sealed_anew(world, partner, row):
    _, _, before, _ = wait_sealed(world, row)
    world.stack.sql("UPDATE integration.lab_integration SET integration_extra_details ="
                    " jsonb_set(integration_extra_details, '{auth,token}', '\"hunter2-new\"') WHERE id = %s", [row])
    assert world.wait_log(world.bill_event(), row)["status"] == "SUCCESS"
    assert partner.requests[0].headers["authorization"] == "Bearer hunter2-new"
    _, _, after, _ = wait_sealed(world, row)
    assert after["auth"]["token"] != before["auth"]["token"]
    assert after["x-api-key"] == before["x-api-key"], "what was sealed already stays as it is"


def test_sealed_text_of_another_row_opens_nothing(world, partner, row):
    _, _, details, _ = wait_sealed(world, row)
    copy = world.row(1, partner.url(), extra=details)
    rows.update_row(world.stack, row, is_disable=True)
    log = world.wait_log(world.bill_event(), copy)
    assert (log["status"], log["error_kind"]) == ("FAIL", "config")
    assert "enter the secret again" in log["error_message"] and partner.requests == []


def test_sealing_ends_and_overwrites_nobody(world, row):
    wait_sealed(world, row)
    version = world.stack.sql("SELECT version FROM integration.settings_version")
    dev("run", "retry-scheduler", "--once")
    assert world.stack.sql("SELECT version FROM integration.settings_version") == version, "what is sealed is left alone"

    seen = world.stack.sql("SELECT xmin::text FROM integration.lab_integration WHERE id = %s", [row])[0][0]
    rows.update_row(world.stack, row, headers='{"X-New": "1"}')
    stale = [{"id": row, "seen": seen, "headers": {"X-Old": "1"}, "integration_extra_details": {}}]
    assert world.stack.sql("SELECT integration.seal_integrations(%s)", [json.dumps(stale)]) == [(0,)]
    assert at_rest(world, row)[3] == {"X-New": "1"}
