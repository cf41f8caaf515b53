"""The dispatcher dies between the steps of a fax: it is sent, and once."""
import threading

import pytest

from fleet.faxes import accepted, fax_row, publish, secret
from fleet.wait import eventually
from partners import Reply
from partners.fax import HumbleFax


@pytest.mark.parametrize("step, drafts", [("create", 2), ("attach", 2), ("send", 1)])
def test_kill_9_between_the_steps(world, step, drafts):
    died = threading.Event()
    with HumbleFax() as vendor:
        vendor.secret = secret()
        vendor.after[step] = lambda: None if died.is_set() else Reply(hang=True)
        row = fax_row(world, vendor)
        event = publish(world)
        eventually(lambda: vendor.count(step) == 1, 30, what=f"the step {step}")
        world.stack.kill("dispatcher")
        died.set()
        world.stack.start("dispatcher")
        log = accepted(world, row, event)
        assert vendor.fax().uuid == str(log["_id"]) and log["vendor_fax_id"] == vendor.fax().id
        assert vendor.count("create") == drafts and vendor.count("send") == 1
