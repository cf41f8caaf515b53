"""SECRETS_KEY changes: all is sealed again with the new one, and a program that has only the old one says so."""
import pytest

from fleet.stack import dev
from fleet.wait import eventually

NEW = "a new key of enough characters"


def seal(key, previous=None):
    dev("run", "retry-scheduler", "--once", env={"SECRETS_KEY": key, **({"SECRETS_KEY_PREVIOUS": previous} if previous else {})})


def token_of(world, row):
    return world.stack.sql("SELECT integration_extra_details #>> '{auth,token}' FROM integration.lab_integration WHERE id = %s",
                           [row])[0][0]


@pytest.fixture
def rotated(world, partner):
    """A row whose secrets the new key sealed, while the running services have the old one."""
    old = world.stack.env["SECRETS_KEY"]
    row = world.row(1, partner.url(), extra={"auth": {"type": "bearer", "token": "hunter2"}})
    seal(old)
    before = token_of(world, row)
    try:
        seal(NEW, previous=old)
        assert token_of(world, row) != before and token_of(world, row).startswith("sealed:v1:")
        yield row
    finally:
        seal(old, previous=NEW)


def test_secrets_move_to_a_new_key_and_back(world, partner, rotated):
    def refused():
        log = world.wait_log(world.bill_event(), rotated)
        return log if log["status"] == "FAIL" else None
    log = eventually(refused, 20, every=0.3, what="a program without the new key refuses")
    assert log["error_kind"] == "config" and "give that one as SECRETS_KEY_PREVIOUS" in log["error_message"]
    assert "hunter2" not in str(log)
    assert all(world.stack.ready(s) for s in ("trigger", "dispatcher", "retry-scheduler")), "services go on"

    seal(world.stack.env["SECRETS_KEY"], previous=NEW)
    eventually(lambda: world.wait_log(world.bill_event(), rotated)["status"] == "SUCCESS", 20, every=0.3,
               what="the row works again")
    assert partner.requests[-1].headers["authorization"] == "Bearer hunter2"
