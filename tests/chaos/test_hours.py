"""The counts by hour are right in the end, wherever their writer dies."""
import collections
import time
from datetime import datetime, timedelta, timezone

import pytest

from fleet import made
from fleet.dashboard import Dashboard
from fleet.lis import new_id
from fleet.load import Load
from fleet.wait import eventually
from partners import Partner, Reply

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def kept(stack, lab):
    """{status: n} of the lab, as its hours say."""
    total = collections.Counter()
    for hour in stack.mongo.integration_hour.find({"lab_id": lab}):
        for item in hour["items"]:
            total.update(item["statuses"])
    return dict(total)


def true(stack, lab):
    return dict(collections.Counter(d["status"] or "SUPPRESSED" for d in stack.mongo.integration_directory.find({"lab_id": lab}, {"status": 1})))


def test_after_kill_9_the_counts_are_those_of_the_logs(world, stack):
    with Partner(lambda request: Reply(code=500 if int(request.headers["webhook-id"][-1], 16) < 4 else 200)) as partner:
        row = world.row(1, partner.url())
        load = Load(world, total=600, rate=100).start()
        for _ in range(3):
            time.sleep(1.5)
            stack.kill("callback")
            stack.start("callback")
        load.finish()
        load.settle([row])
    eventually(lambda: kept(stack, world.lab.id) == true(stack, world.lab.id), 90, every=1, what="the hours' counts")
    assert len(true(stack, world.lab.id)) == 2


def test_logs_that_others_wrote_are_counted_and_shown(stack):
    lab, now = new_id(), datetime.now(timezone.utc)
    stack.mongo.integration_directory.insert_many(
        [made.log(lab, now - timedelta(minutes=20, milliseconds=i), "SUCCESS" if i % 4 else "FAIL") for i in range(1400)])
    stack.stop("callback")
    stack.start("callback")  # its round begins with the newest hours
    eventually(lambda: kept(stack, lab) == {"SUCCESS": 1050, "FAIL": 350}, 90, every=1, what="the hours' counts")
    dashboard = Dashboard(stack)
    stats = dashboard.get("stats", lab_id=lab)
    assert (stats["totals"]["success"], stats["totals"]["fail"], stats["capped"]) == (1050, 350, False)
    assert [(i["total"], i["success_rate"]) for i in stats["integrations"]] == [(1400, 0.75)]
    assert sum(hour["total"] for hour in stats["integrations"][0]["hours"]) == 1400 and stats["integrations"][0]["p95_ms"] > 30
    assert dashboard.get("stats", lab_id=lab, action_id=2)["totals"]["total"] == 0
    assert dashboard.get("stats", lab_id=lab, status="FAIL")["totals"] == {
        "total": 350, "success": 0, "fail": 350, "queued": 0, "superseded": 0}
