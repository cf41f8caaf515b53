"""Every action of the inventory, through a real partner: what arrives is what its schema says."""
import pytest

from fleet import schemas
from fleet.happenings import HAPPENINGS, find

METHODS = {"62-create": "POST", "62-update": "PUT", "62-delete": "DELETE"}


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda h: h.name)
def test_what_arrives_is_what_the_schema_says(world, partner, happening):
    log = world.deliver(partner.url(), happening.action, data=happening.event(world.lab), extra={"transport": "http"})
    assert log["status"] == "SUCCESS", log["error_message"]
    request, = partner.requests
    assert request.method == METHODS.get(happening.name, "POST")
    body = request.json()
    assert list(body)[:3] == ["webhookId", "labId", "Status" if "Status" in body else "status"]
    assert body["webhookId"] == happening.action
    schemas.check(f"payloads/{happening.action}", body)
    assert log["action_category_list_id"] == happening.action
    assert log["triggered_by_py3"] == (happening.action in (60, 61))
