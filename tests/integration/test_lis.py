"""The reference LIS: its context functions, the sample, and what lis-sim does with it.

Everything happens in a transaction that is rolled back, so the fleet never sees it.
"""
import os
from pathlib import Path
from random import Random

import psycopg
import pytest
from lis_sim.actions import ACTIONS, TARGETS, Desk, candidates, perform
from lis_sim.play import MIXES
from lis_sim.sample.generate import generate
from lis_sim.sample.load import load
from lis_sim.sample.people import HOSTILE_NAMES

from fleet.schemas import check

PATIENTS, BILLS, SEED = 60, 400, 7
LABS = [900001, 900002, 900003]

# Family: (table of its entities, its id, what the context has besides the common part).
FAMILIES = {
    "bill": ("bill", {"organisation", "patient", "referral", "bill", "items", "payments"}),
    "patient": ("patient", {"organisation", "patient"}),
    "organisation": ("organisation", {"organisation"}),
    "sample": ("sample", {"organisation", "patient", "referral", "bill", "sample", "parent_sample", "redrawn_sample",
                          "reports"}),
    "report": ("report", {"organisation", "patient", "referral", "bill", "item", "test", "sample", "report", "values",
                          "signatories", "documents"}),
    "appointment": ("appointment", {"organisation", "patient", "bill", "appointment", "tests"}),
    "home_collection": ("home_collection", {"organisation", "patient", "bill", "appointment", "home_collection",
                                            "phlebotomist", "previous_phlebotomist", "tests"}),
    "claim": ("claim", {"organisation", "patient", "referral", "bill", "policy", "claim", "diagnoses", "lines"}),
    "remittance": ("remittance", {"organisation", "patient", "bill", "claim", "remittance", "lines", "adjustments"}),
    "invoice": ("invoice", {"organisation", "invoice", "lines"}),
}
COMMON = {"id", "references", "version", "updated_at", "lab"}


def connect(request):
    url = os.environ.get("POSTGRES_URL") or request.getfixturevalue("stack").env["POSTGRES_URL"]
    return psycopg.connect(url, options="-c timezone=UTC -c statement_timeout=30s")


@pytest.fixture(scope="module")
def sampled(request):
    """A connection in a transaction that has a sample LIS; what is done in it is undone."""
    with connect(request) as conn, conn.transaction(force_rollback=True):
        load(conn, SEED, PATIENTS, BILLS)
        yield conn


@pytest.fixture
def lis(sampled):
    with sampled.transaction(force_rollback=True):
        yield sampled


def entities(conn, family, limit=20):
    """(lab_id, ids) of a lab that has some."""
    source = "lis.remittance JOIN lis.claim USING (claim_id)" if family == "remittance" else f"lis.{FAMILIES[family][0]}"
    column = TARGETS.get(family, "remittance_id")
    rows = conn.execute(f"SELECT lab_id, {column} FROM {source} WHERE lab_id = ANY (%s) ORDER BY {column}", [LABS]).fetchall()
    lab = rows[0][0]
    return lab, [row[1] for row in rows if row[0] == lab][:limit]


def contexts(conn, family, lab, ids):
    return dict(conn.execute(f"SELECT id, context FROM lis_api.{family}_context(%s, %s)", [lab, ids]).fetchall())


def outbox(conn):
    return conn.execute("SELECT count(*) FROM lis.outbox").fetchone()[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_context_has_the_shape_of_its_family(lis, family):
    lab, ids = entities(lis, family)
    found = contexts(lis, family, lab, ids)
    assert sorted(found) == ids
    for entity, context in found.items():
        assert set(context) == COMMON | FAMILIES[family][1]
        assert context["id"] == entity and context["references"]["lab_id"] == lab == context["lab"]["lab_id"]
        assert set(context["references"]) == {"lab_id", "org_id", "bill_id", "patient_id", "lrr_id", "report_id"}
        assert context["updated_at"].endswith("+00:00")


@pytest.mark.parametrize("family", FAMILIES)
def test_only_the_labs_own_entities_are_returned_and_each_once(lis, family):
    lab, ids = entities(lis, family, limit=3)
    assert sorted(contexts(lis, family, lab, [*ids, *ids, 1, -5])) == ids
    rows = lis.execute(f"SELECT id FROM lis_api.{family}_context(%s, %s)", [lab, [*ids, *ids]]).fetchall()
    assert len(rows) == len(ids)
    other = next(each for each in LABS if each != lab)
    assert contexts(lis, family, other, ids) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_context_function_is_inlined_into_the_callers_statement(lis, family):
    plan = lis.execute(f"EXPLAIN SELECT * FROM lis_api.{family}_context(1, '{{1}}')").fetchall()
    assert "Function Scan on " + family not in str(plan)


def test_money_keeps_its_two_decimals(lis):
    lab, ids = entities(lis, "bill", limit=1)
    lis.execute("UPDATE lis.bill SET total_amount = 12.50 WHERE bill_id = %s", ids)
    text = lis.execute("SELECT context::text FROM lis_api.bill_context(%s, %s)", [lab, ids]).fetchone()[0]
    assert '"total_amount": 12.50,' in text


def test_an_items_report_is_its_latest(lis):
    lab, ids = entities(lis, "report", limit=1)
    before = contexts(lis, "report", lab, ids)[ids[0]]
    lis.execute("INSERT INTO lis.report (lab_report_id, centre_report_id, lab_id, bill_id, bill_item_id, patient_id, test_id)"
                " SELECT 2000000001, 2000000001, lab_id, bill_id, bill_item_id, patient_id, test_id FROM lis.report"
                " WHERE lab_report_id = %s", ids)
    bill = contexts(lis, "bill", lab, [before["bill"]["bill_id"]])[before["bill"]["bill_id"]]
    reports = {item["bill_item_id"]: item["report"] for item in bill["items"]}
    assert reports[before["item"]["bill_item_id"]]["lab_report_id"] == 2000000001


def test_a_report_tells_of_its_documents_and_lis_api_document_has_them(lis):
    report, lab = lis.execute("SELECT d.lab_report_id, r.lab_id FROM lis.report_document d JOIN lis.report r"
                              " USING (lab_report_id) WHERE r.lab_id = ANY (%s) LIMIT 1", [LABS]).fetchone()
    text, context = lis.execute("SELECT context::text, context FROM lis_api.report_context(%s, %s)", [lab, [report]]).fetchone()
    document = context["documents"][0]
    content, kind, size, sha256 = lis.execute("SELECT * FROM lis_api.document(%s)", [document["document_id"]]).fetchone()
    assert content.startswith(b"%PDF-") and 30_000 <= len(content) == size == document["byte_size"] <= 200_000
    assert (kind, sha256.hex()) == ("application/pdf", document["sha256"])
    assert len(text) < 20_000 and content[:200].hex() not in text


def test_the_same_seed_makes_the_same_sample_and_another_does_not():
    first, second, other = (generate(seed, 20, 40).rows for seed in (SEED, SEED, SEED + 1))
    assert first == second
    assert first["patient"] != other["patient"]


def test_the_sample_speaks_several_scripts_and_is_hostile():
    names = [row["full_name"] for row in generate(SEED, 400, 0).rows["patient"]]
    for script in ("अ-ह", "ا-ي"):
        low, high = script.split("-")
        assert any(low <= letter <= high for name in names for letter in name), script
    assert {f"{first} {last}" for first, last in HOSTILE_NAMES} & set(names)


def test_loading_twice_is_harmless(lis):
    bills = lis.execute("SELECT count(*) FROM lis.bill").fetchone()
    assert load(lis, SEED, PATIENTS, BILLS) == {}
    assert lis.execute("SELECT count(*) FROM lis.bill").fetchone() == bills


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_changes_the_lis_and_writes_one_event(lis, name):
    action, before = ACTIONS[name], outbox(lis)
    lab, target = candidates(lis, action, LABS)[0]
    event = perform(lis, name, target, lab, Desk(lis, Random(SEED)), {"triggered_by_py3": False}, "00-ab-cd-01")
    assert outbox(lis) == before + 1
    kind, of_lab, trace = lis.execute("SELECT type, lab_id, traceparent FROM lis.outbox WHERE event_id = %s",
                                      [event.event_id]).fetchone()
    assert (kind, of_lab, trace) == (f"lis.{action.event}", lab, "00-ab-cd-01")
    assert (event.data["action_id"], event.data["lab_id"]) == (action.action_id, lab)
    check("lis-event", event.data)
    assert "org_id" in event.data and event.data["triggered_by_py3"] is False
    family, entity = event.subject.split("/")
    key = {"report": "lab_report_id"}.get(family, f"{family}_id")
    assert event.data[key] == int(entity)
    assert int(entity) in contexts(lis, family, lab, [int(entity)])


def test_an_action_that_no_longer_applies_writes_nothing(lis):
    (lab, bill), desk = candidates(lis, ACTIONS["cancel_bill"], LABS)[0], Desk(lis, Random(SEED))
    assert perform(lis, "cancel_bill", bill, lab, desk)
    before = outbox(lis)
    assert perform(lis, "cancel_bill", bill, lab, desk) is None
    assert outbox(lis) == before
    assert perform(lis, "reset_bill", bill, lab, desk)
    assert contexts(lis, "bill", lab, [bill])[bill]["bill"]["status"] == "ACTIVE"


def test_change_and_event_are_undone_together(lis):
    (lab, bill), before = candidates(lis, ACTIONS["cancel_bill"], LABS)[0], outbox(lis)
    with lis.transaction(force_rollback=True):
        assert perform(lis, "cancel_bill", bill, lab, Desk(lis, Random(SEED)))
    assert outbox(lis) == before
    assert contexts(lis, "bill", lab, [bill])[bill]["bill"]["status"] == "ACTIVE"


def test_added_tests_belong_to_the_bills_next_version(lis):
    lab, bill = candidates(lis, ACTIONS["add_test"], LABS)[0]
    old = contexts(lis, "bill", lab, [bill])[bill]
    event = perform(lis, "add_test", bill, lab, Desk(lis, Random(SEED)))
    new = contexts(lis, "bill", lab, [bill])[bill]
    added = [item for item in new["items"] if item["bill_item_id"] in event.data["bill_item_ids"]]
    assert new["version"] == old["version"] + 1 == added[0]["added_in_version"]
    assert new["bill"]["total_amount"] == old["bill"]["total_amount"] + sum(item["price"] for item in added)


def test_every_action_of_a_mix_exists():
    assert {name for mix in MIXES.values() for name in mix} <= set(ACTIONS)


def test_transactions_that_write_events_do_not_wait_for_one_another(request, lis):
    with connect(request) as other:
        other.execute("SET lock_timeout = '2s'")
        insert = "INSERT INTO lis.outbox (lab_id, type, data) VALUES (1, 'lis.test', '{}')"
        lis.execute(insert)
        other.execute(insert)
        other.rollback()


def test_the_porting_guide_lists_every_key_of_every_object(lis):
    guide = (Path(__file__).parents[2] / "docs" / "porting-to-your-lis.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in guide.splitlines() if line.count("|") == 4]
    objects = {row[1].strip("`"): row[2].split(", ") for row in rows if row[1].startswith("`lis")}
    assert len(objects) > 20
    for relation, keys in objects.items():
        columns = lis.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                              " AND NOT attisdropped", [relation]).fetchall()
        assert sorted(keys) == sorted(column for column, in columns), relation
