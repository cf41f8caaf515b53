"""Lists, counts and groups against a naive model: every filter of the page, page by page."""
import itertools
import random
from datetime import datetime, timedelta, timezone

import pytest

from fleet import made
from fleet.dashboard import Dashboard
from fleet.lis import new_id

STATUSES = ["SUCCESS"] * 6 + ["FAIL"] * 3 + ["QUEUED", "SUPERSEDED", ""]
ACTIONS = [1, 1, 1, 2, 14]
CATEGORY = 1
NOW = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=1)


def times(draw, n):
    """Bursts of one instant, gaps of days, and a steady flow."""
    at = NOW
    while n > 0:
        at -= draw.choice([timedelta(milliseconds=1), timedelta(seconds=3), timedelta(minutes=40), timedelta(days=9)])
        for _ in range(min(n, draw.choice([1, 1, 2, 60]))):
            n -= 1
            yield at


def one(draw, lab, at):
    status, action = draw.choice(STATUSES), draw.choice(ACTIONS)
    kind = "API" if draw.random() < 0.3 else "WEBHOOK"
    fields = {"kind": kind, "action": action, "next_auto_retry_at": NOW + timedelta(days=1),  # the scheduler leaves them alone
              "bill_id": draw.choice([5, 6, draw.randrange(10, 1 << 40)]), "draw": draw}
    return made.failed(lab, at, **fields) if status == "FAIL" else made.log(lab, at, status, **fields)


@pytest.fixture(scope="module")
def logs(stack):
    draw = random.Random("lists")
    labs = [new_id(), new_id()]
    docs = [one(draw, draw.choice(labs), at) for at in times(draw, 700)]
    stack.mongo.integration_directory.insert_many(docs)
    yield labs, docs
    stack.mongo.integration_directory.delete_many({"_id": {"$in": [d["_id"] for d in docs]}})


@pytest.fixture(scope="module")
def categories(stack):
    rows = stack.sql("SELECT id, action_category_id FROM integration.action_category_list")
    return {row[0]: row[1] for row in rows}


TABS = {"webhook": lambda d: d["integration_type"] == "WEBHOOK", "api": lambda d: d["integration_type"] == "API",
        "errors": lambda d: d["status"] in ("FAIL", "QUEUED"), None: lambda d: True}


def fits(doc, query, categories):
    status = query.get("status")
    wanted = status.split(",") if status else ["SUCCESS", "FAIL", "QUEUED", "SUPERSEDED"]
    words = query.get("q")
    action = doc["action_category_list_id"]
    return all((
        TABS[query.get("tab")](doc),
        (doc["status"] or "SUPPRESSED") in wanted,
        not query.get("action_id") or action == query["action_id"],
        not query.get("action_category_id") or categories.get(action) == query["action_category_id"],
        not query.get("error_kind") or doc["error_kind"] == query["error_kind"],
        not query.get("auth_id") or doc["auth_id"] == query["auth_id"],
        not query.get("from") or doc["inserted_at"] >= datetime.fromisoformat(query["from"]),
        not query.get("to") or doc["inserted_at"] < datetime.fromisoformat(query["to"]),
        not words or words.lower() in (doc["error_message"] or "").lower() and doc["status"] in ("FAIL", "QUEUED", "SUPERSEDED")))


def expected(docs, lab, query, categories):
    found = [d for d in docs if d["lab_id"] == lab and fits(d, query, categories)]
    return [str(d["_id"]) for d in sorted(found, key=lambda d: (d["inserted_at"], d["_id"]), reverse=True)]


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


RANGES = [{}, {"from": iso(NOW - timedelta(days=2))}, {"from": iso(NOW - timedelta(days=60)), "to": iso(NOW - timedelta(days=9))}]
CHOICES = [{}, {"status": "FAIL"}, {"status": "SUCCESS,QUEUED"}, {"status": "SUPPRESSED"}]
WHICH = [{}, {"action_id": 14}, {"action_category_id": CATEGORY}, {"error_kind": "http_status"}, {"q": "COULD not"}]


@pytest.mark.parametrize("tab", TABS)
def test_every_filter_page_by_page(stack, logs, categories, tab):
    labs, docs = logs
    dashboard = Dashboard(stack)
    seen = 0
    for span, status, which in itertools.product(RANGES, CHOICES, WHICH):
        query = {**span, **status, **which, **({"tab": tab} if tab else {})}
        want = expected(docs, labs[0], query, categories)
        got = [row["log_id"] for row in dashboard.pages("logs", lab_id=labs[0], limit=37, **query)]
        assert got == want, query
        counts = dashboard.get("logs/counts", lab_id=labs[0], **query)
        assert counts["total"]["count"] == len(want) or "SUPPRESSED" in status.values(), query
        seen += len(want)
    assert seen > 200


def test_pages_of_one_break_no_tie(stack, logs, categories):
    labs, docs = logs
    want = expected(docs, labs[1], {"status": "FAIL"}, categories)
    got = [row["log_id"] for row in Dashboard(stack).pages("logs", lab_id=labs[1], limit=1, status="FAIL")]
    assert got == want


@pytest.mark.parametrize("which", [{}, {"tab": "webhook"}, {"action_id": 1}, {"status": "FAIL"}, {"q": "could not"}], ids=str)
def test_a_range_has_its_first_instant_and_not_its_last(stack, logs, categories, which):
    """At instants that many logs share, where one is lost most easily."""
    labs, docs = logs
    dashboard = Dashboard(stack)
    shared = sorted({d["inserted_at"] for d in docs if sum(e["inserted_at"] == d["inserted_at"] for e in docs) > 20})
    for low, high in itertools.pairwise([*shared[:3], shared[-1], NOW]):
        query = {"from": iso(low), "to": iso(high), **which}
        got = [row["log_id"] for row in dashboard.pages("logs", lab_id=labs[0], limit=9, **query)]
        assert got == expected(docs, labs[0], query, categories), query


def test_all_labs_page_by_page(stack, logs, categories):
    """Other tests' logs are among them: of ours each is there, once, in order."""
    _, docs = logs
    ours = {str(d["_id"]) for d in docs}
    query = {"from": iso(NOW - timedelta(days=400)), "to": iso(NOW - timedelta(days=9)), "action_id": 14}
    want = [str(d["_id"]) for d in sorted(docs, key=lambda d: (d["inserted_at"], d["_id"]), reverse=True)
            if fits(d, query, categories)]
    got = [row["log_id"] for row in Dashboard(stack).pages("logs", limit=11, **query)]
    assert [log_id for log_id in got if log_id in ours] == want and len(got) == len(set(got))


@pytest.mark.parametrize("query", [{}, {"tab": "api"}, {"action_id": 1}, {"status": "QUEUED,SUCCESS"}], ids=str)
def test_a_bill_of_many(stack, logs, categories, query):
    labs, docs = logs
    of_bill = [d for d in docs if d["bill_id"] == 5]
    got = [row["log_id"] for row in Dashboard(stack).pages("logs", lab_id=labs[0], limit=9, q="5", **query)]
    assert got == expected(of_bill, labs[0], query, categories) and len(got) > 9


def test_groups_hold_every_error(stack, logs, categories):
    labs, docs = logs
    groups = Dashboard(stack).get("logs/groups", lab_id=labs[0])
    errors = expected(docs, labs[0], {"status": "FAIL,QUEUED"}, categories)
    assert sum(group["count"] for group in groups["items"]) == len(errors) and not groups["capped"]
