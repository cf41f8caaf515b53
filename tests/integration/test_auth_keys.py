"""An auth key is shown once, and replaced without a gap: both keys count until the old one's time."""
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from fleet.dashboard import Dashboard, as_role
from fleet.gateway import Gateway
from fleet.wait import eventually
from partners.lis import Lis, json_answer


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


@pytest.fixture
def door(stack):
    """Does the gateway let this key in? (A route that refuses unknown ones.)"""
    path = f"/keys-{uuid.uuid4().hex}"
    stack.sql("INSERT INTO integration.inbound_route (path, unknown_key) VALUES (%s, 'refuse')", [path])
    with Lis() as lis, Gateway(stack, lis.url) as gateway:
        lis.answers[path] = json_answer("{}")
        yield lambda key: {200: True, 401: False}[gateway.call("GET", path, headers={"x-auth-key": key})[0]]
    stack.sql("DELETE FROM integration.inbound_route WHERE path = %s", [path])


def at(**ahead):
    return (datetime.now(timezone.utc) + timedelta(**ahead)).isoformat()


def old_keys(dashboard, lab):
    found = dashboard.get(f"labs/{lab}/developer-authentications")["items"]
    return [key["hint"] for auth in found for key in auth["old_auth_keys"]]


def test_a_replaced_key_counts_until_its_time(world, stack, dashboard, door):
    lab = world.lab.id
    first = dashboard.post("integrations", {"lab_id": lab, "developer_name": "Rotating"})
    auth, keys = first["auth_id"], [first["auth_key"]]
    assert door(keys[0]) and first["old_auth_key_until"] is None

    def rotate(**more):
        saved = dashboard.post("integrations", {"lab_id": lab, "auth_id": auth, "rotate_auth_key": True, **more})
        keys.append(saved["auth_key"])
        return saved["old_auth_key_until"]

    until = datetime.fromisoformat(rotate().replace("Z", "+00:00"))
    assert abs(until - datetime.now(timezone.utc) - timedelta(hours=24)) < timedelta(minutes=5)
    assert door(keys[0]) and door(keys[1]) and not door(uuid.uuid4().hex)
    # who asks for the developer by either key finds it
    for key in keys:
        assert dashboard.post("integrations", {"lab_id": lab, "auth_key": key, "developer_name": "Rotated"})["auth_id"] == auth
    # sealed at rest, and no key in any list
    assert old_keys(dashboard, lab) == [keys[0][-4:]]
    stored = str(stack.sql("SELECT o::text FROM integration.old_auth_key o WHERE auth_id = %s", [auth]))
    assert keys[0] not in stored and "x" in stored

    # null: at once; the one before goes on
    assert rotate(old_auth_key_until=None) is None
    eventually(lambda: not door(keys[1]), 10, what="the second key ended")
    assert door(keys[0]) and door(keys[2])

    # a time; the key ends by itself, without a change of the configuration
    assert rotate(old_auth_key_until=at(seconds=3))
    assert door(keys[2])
    eventually(lambda: not door(keys[2]), 20, what="the third key's time is over")

    # all old ones, now
    assert dashboard.ask("DELETE", f"developer-authentications/{auth}/old-auth-keys").json() == {"ended": 1}
    eventually(lambda: not door(keys[0]), 10, what="the first key ended")
    assert door(keys[3]) and old_keys(dashboard, lab) == []
    actions = stack.sql("SELECT action, count(*)::int FROM integration.audit WHERE object = 'developer-authentication' AND object_id = %s"
                        " GROUP BY 1 ORDER BY 1", [str(auth)])
    assert actions == [("end-old-auth-keys", 1), ("rotate-auth-key", 3)]


@pytest.mark.parametrize("until", ["soon", 7, at(days=91)], ids=str)
def test_a_faulty_time_is_told(world, dashboard, until):
    first = dashboard.post("integrations", {"lab_id": world.lab.id})
    said = {"lab_id": world.lab.id, "auth_id": first["auth_id"], "rotate_auth_key": True, "old_auth_key_until": until}
    problem = dashboard.post("integrations", said, code=400)
    assert [e["pointer"] for e in problem["errors"]][0] == "/old_auth_key_until"
    assert dashboard.get(f"labs/{world.lab.id}/developer-authentications")["items"][0]["auth_key_hint"] == first["auth_key"][-4:]


def test_an_operator_ends_no_key(world, stack):
    operator = as_role(stack, "operator", world.lab.id)
    assert operator.ask("DELETE", f"developer-authentications/{world.auth}/old-auth-keys").code == 403
