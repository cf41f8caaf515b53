"""Rows and events of faxes, for vendors of tests/partners/fax.py."""
import base64
import os

from .happenings import FAX
from .wait import eventually

PDF = b"%PDF-1.4 \x00\xff\r\n--not a boundary\r\n" + bytes(range(256)) * 40


def secret():
    return "whsec_" + base64.urlsafe_b64encode(os.urandom(24)).decode().replace("-", "+").replace("_", "/")


def fax_row(world, vendor, extra=None, **columns):
    """Its vendor's webhooks come with `vendor.secret`."""
    return world.row(56, vendor.url, extra=vendor.details(webhook_secret=vendor.secret, **(extra or {})), **columns)


def publish(world, content=PDF, reports=1, to=(FAX,), fax_no=FAX):
    bill = world.lab.bill(org_id=world.lab.org(fax_no=fax_no), items=reports)
    ids = [world.lab.report(bill, item=i, document=content + bytes([i])) for i in range(reports)]
    return world.publish({"action_id": 56, "lab_id": world.lab.id, "lab_report_ids": ids, "lab_report_id": ids[0],
                          "bill_id": bill.id, "to": list(to), "activity_date": "2026-11-21T12:00:00Z"})


def the_log(world, row, event):
    logs = world.logs(event_id=event, lab_integration_id=row)
    return logs[0] if logs else None


def accepted(world, row, event):
    """The log once the vendor has taken the fax: still QUEUED."""
    def look():
        log = the_log(world, row, event)
        return log if log and log.get("vendor_fax_id") else None
    log = eventually(look, 30, what=lambda: f"the vendor's id on {the_log(world, row, event)}")
    assert log["status"] == "QUEUED", log["error_message"]
    return log
