"""HL7 messages of the sample LIS, read by HAPI in 2.3 and 2.5.1: it accepts each, and reads back what went in."""
import json
import os
import re
import subprocess
import unicodedata
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from lis_sim.sample.load import load
from lis_sim.sample.people import HOSTILE_NAMES

from fleet.stack import ROOT
from partners import hapi

PATIENTS, BILLS, SEED = 30, 40, 11
LABS = [900001, 900002, 900003]
VERSIONS = ["2.3", "2.5.1"]
LOG_ID = "010203000000000000000000"

# action: (family, its table, its id, MSH-9 in 2.5.1, ORC-1)
ACTIONS = {
    1: ("bill", "bill", "bill_id", "ORM^O01^ORM_O01", "NW"), 2: ("bill", "bill", "bill_id", "ORM^O01^ORM_O01", "XO"),
    3: ("bill", "bill", "bill_id", "ORM^O01^ORM_O01", "CA"), 49: ("bill", "bill", "bill_id", "ORM^O01^ORM_O01", "NW"),
    6: ("sample", "sample", "sample_id", "ORU^R01^ORU_R01", "SC"),
    7: ("sample", "sample", "sample_id", "ORU^R01^ORU_R01", "SC"),
    30: ("sample", "sample", "sample_id", "ORU^R01^ORU_R01", "SC"),
    15: ("report", "report", "lab_report_id", "ORU^R01^ORU_R01", "RE"),
    28: ("report", "report", "lab_report_id", "ORU^R01^ORU_R01", "RE"),
    57: ("patient", "patient", "patient_id", "ADT^A04^ADT_A01", None),
    58: ("patient", "patient", "patient_id", "ADT^A08^ADT_A01", None),
}


WHOLE, ENOUGH = {1, 6, 15, 57}, 25  # a family's one action sees all its entities, its others some


class Builder:
    """Our builder, without a fleet around."""

    def __init__(self, build):
        subprocess.run(["ninja", "-C", build, "tests/integration/hl7-messages"], check=True, stdout=subprocess.DEVNULL)
        self._process = subprocess.Popen([build / "tests/integration/hl7-messages"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, encoding="utf-8")

    def make(self, action, context, version, event=None, **more):
        """(the message, why there is none)"""
        lab = context["lab"]["lab_id"]
        event = event or {"action_id": action, "lab_id": lab, ACTIONS[action][2]: context["id"]}
        request = {"action": action, "version": version, "context": context, "event": event, **more}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer.get("message"), answer.get("error")

    def close(self):
        self._process.stdin.close()
        assert self._process.wait(20) == 0


@pytest.fixture(scope="module")
def builder():
    running = Builder(ROOT / os.environ.get("FLEET_BUILD", "build"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def reader():
    running = hapi.Reader()
    yield running
    running.close()


@pytest.fixture(scope="module")
def contexts(stack):
    """{family: [context]} of a sample LIS that is gone again."""
    found = {}
    with psycopg.connect(stack.env["POSTGRES_URL"], options="-c timezone=UTC") as conn, \
            conn.transaction(force_rollback=True):
        load(conn, SEED, PATIENTS, BILLS)
        for family, table, key, _, _ in ACTIONS.values():
            if family not in found:
                lis = conn.execute(f"SELECT lab_id, array_agg({key}) FROM lis.{table} WHERE lab_id = ANY (%s)"
                                   " GROUP BY lab_id", [LABS]).fetchall()
                found[family] = [context for lab, ids in lis for _, context in conn.execute(
                    f"SELECT id, context FROM lis_api.{family}_context(%s, %s)", [lab, ids]).fetchall()]
    return found


def as_sent(text):
    """Control characters become blanks."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text or "") or None


def local(instant, context):
    zone = ZoneInfo(context["lab"]["timezone"])
    return instant and datetime.fromisoformat(instant).astimezone(zone).strftime("%Y%m%d%H%M%S%z")


def check_patient(reading, context):
    patient = context["patient"]
    assert [reading.get("PID", 5, n) for n in (2, 3, 5)] == [
        as_sent(patient[key]) for key in ("first_name", "middle_name", "designation")]
    named = patient["first_name"] or patient["last_name"]
    family = reading.get("PID", 5, 1)
    assert (family[0] if isinstance(family, list) else family) == as_sent(
        patient["last_name"] if named else patient["full_name"])
    assert reading.get("PID", 3) == str(patient["patient_id"])
    assert reading.get("PID", 3, repetition=2) == as_sent(patient["lab_patient_id"])
    assert reading.get("PID", 7) == patient["dob"].replace("-", "") and reading.get("PID", 8) == patient["gender"]
    assert reading.get("PID", 11, 3) == as_sent(patient["city"])


def check_orders(reading, context, items):
    """OBR for each test, of these names and numbers."""
    assert len(reading.all("OBR")) == len(items)
    for nth, (test, report, sample) in enumerate(items, 1):
        assert reading.get("ORC", 2, nth=nth) == context["bill"]["order_number"]
        assert reading.get("ORC", 3, nth=nth) == (str(report["lab_report_id"]) if report else None)
        assert reading.get("OBR", 4, 1, nth=nth) == test["loinc_code"]
        assert reading.get("OBR", 4, 2, nth=nth) == as_sent(test["test_name"])
        assert reading.get("OBR", 7, nth=nth) == local(sample and sample["collected_at"], context)
        assert reading.get("OBR", 20, nth=nth) == (sample and sample["accession_no"])


def check_values(reading, context):
    values = context["values"]
    for nth, value in enumerate(values, 1):
        assert reading.get("OBX", 5, nth=nth) == value["value_text"]
        assert reading.get("OBX", 2, nth=nth) == value["value_type"]
        assert reading.get("OBX", 3, 1, nth=nth) == value["loinc_code"]
        assert reading.get("OBX", 6, nth=nth) == value["unit_ucum"]
        assert reading.get("OBX", 7, nth=nth) == value["reference_range"]
        assert reading.get("OBX", 8, nth=nth) == value["abnormal_flag"]


def ordered_by(action, context):
    family = ACTIONS[action][0]
    if family == "bill":
        items = [i for i in context["items"] if i["status"] == "ACTIVE"] if action != 3 else context["items"]
        return [(item["test"], item["report"], item["sample"]) for item in items]
    if family == "sample":
        return [(report["test"], report, context["sample"]) for report in context["reports"]]
    return [(context["test"], context["report"], context["sample"])]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("action", ACTIONS)
def test_hapi_accepts_every_message_and_reads_back_its_values(action, version, builder, reader, contexts):
    family, _, _, message_type, control = ACTIONS[action]
    seen = 0
    for context in contexts[family]:
        message, why = builder.make(action, context, version)
        if message is None:  # the fact was undone, or never was
            assert why
            continue
        if seen == ENOUGH and action not in WHOLE:
            break
        seen += 1
        reading = reader.read(message)
        assert reading.error is None, message
        assert reading.nonstandard == ["ZID"], message
        check_header(reading, context, action, version)
        assert "^".join(reading.all("MSH")[0][9][0]) == (message_type if version == "2.5.1" else message_type[:7])
        check_patient(reading, context)
        if family != "patient":
            assert {reading.get("ORC", 1, nth=n + 1) for n in range(len(reading.all("ORC")))} == {control}
            check_orders(reading, context, ordered_by(action, context))
        if family == "report":
            check_values(reading, context)
    assert seen > 0


def check_header(reading, context, action, version):
    lab = str(context["lab"]["lab_id"])
    assert reading.get("MSH", 3) == "LISFLEET" and reading.get("MSH", 4) == lab and reading.get("MSH", 11) == "P"
    assert len(reading.get("MSH", 10)) == 20 and reading.get("MSH", 12) == version
    assert [reading.get("ZID", n) for n in range(1, 5)] == [lab, LOG_ID, "0", str(action)]
    assert reading.get("MSH", 7) == local("2026-11-21T10:00:00Z", context)
    assert reading.get("MSH", 18) in (None, "UNICODE UTF-8")


def changed(context, **members):
    """The context with other columns in some of its rows."""
    return {**context, **{name: {**(context[name] or {}), **columns} for name, columns in members.items()}}


def active_bill(contexts):
    return next(c for c in contexts["bill"] if c["bill"]["status"] == "ACTIVE" and len(c["items"]) > 1 and c["payments"])


def signed_reports(contexts):
    """Those of one bill."""
    signed = [c for c in contexts["report"] if c["report"]["status"] == "SIGNED"]
    bills = [c["bill"]["bill_id"] for c in signed]
    return [c for c in signed if c["bill"]["bill_id"] == max(bills, key=bills.count)]


@pytest.mark.parametrize("version", VERSIONS)
def test_added_tests_are_new_orders(version, builder, reader, contexts):
    context = active_bill(contexts)
    item = context["items"][-1]
    message, _ = builder.make(18, context, version, {"lab_id": 1, "bill_item_ids": [item["bill_item_id"]]})
    reading = reader.read(message)
    assert (reading.error, reading.get("ORC", 1)) == (None, "NW")
    check_orders(reading, context, [(item["test"], item["report"], item["sample"])])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("action, kind", [(5, "REFUND"), (17, "SETTLEMENT")])
def test_a_payment_is_a_change_of_status(action, kind, version, builder, reader, contexts):
    context = active_bill(contexts)
    payment = {**context["payments"][0], "kind": kind, "paid_at": "2026-11-21T09:30:00+00:00"}
    message, why = builder.make(action, {**context, "payments": [payment]}, version,
                                {"lab_id": 1, "payment_id": payment["payment_id"]})
    reading = reader.read(message or why)
    assert reading.error is None, why
    assert reading.get("ORC", 1) == "SC" and reading.get("ORC", 9) == local(payment["paid_at"], context)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("action, sample, message_type, control, note", [
    (7, {"status": "REJECTED", "reject_reason": "haemo|lysed"}, "ORU", "SC", "haemo|lysed"),
    (9, {"status": "REDRAW", "redraw_reason": "too little"}, "ORM", "RP", "too little"),
    (9, {"status": "DISMISSED", "redraw_reason": "lost"}, "ORM", "CA", "lost"),
    (31, {"status": "PENDING", "collected_at": None, "uncollect_reason": "wrong tube"}, "ORU", "SC", "wrong tube"),
    (63, {"previous_accession_no": "OLD-1"}, "ORU", "SC", "Previous accession number: OLD-1"),
], ids=["rejected", "redraw", "dismissed", "uncollected", "relabelled"])
def test_what_happened_to_a_sample(action, sample, message_type, control, note, version, builder, reader, contexts):
    found = next(c for c in contexts["sample"] if c["reports"] and c["bill"]["status"] == "ACTIVE")
    context = changed(found, sample={"reject_reason": None, **sample})
    event = {"lab_id": 1, "sample_id": context["id"], "operation": "dismiss" if control == "CA" else None}
    message, why = builder.make(action, context, version, event)
    assert message, why
    reading = reader.read(message)
    assert reading.error is None and reading.get("MSH", 9) == message_type, message
    assert reading.get("ORC", 1) == control and reading.get("NTE", 3) == note
    check_orders(reading, context, [(report["test"], report, context["sample"]) for report in context["reports"]])
    if version == "2.5.1" and message_type == "ORU":
        assert reading.get("SPM", 2) == context["sample"]["accession_no"]
        assert reading.get("SPM", 21, 2) == context["sample"]["reject_reason"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bills_reports_are_one_message(version, builder, reader, contexts):
    reports = signed_reports(contexts)
    bill = next(c for c in contexts["bill"] if c["id"] == reports[0]["bill"]["bill_id"])
    ids = [c["id"] for c in reports]
    message, why = builder.make(35, bill, version, {"lab_id": 1, "lab_report_ids": ids}, reports=reports)
    assert message, why
    reading = reader.read(message)
    assert reading.error is None and reading.get("MSH", 9) == "ORU"
    check_orders(reading, bill, [(c["test"], c["report"], c["sample"]) for c in reports])
    values = [value["value_text"] for c in reports for value in c["values"]]
    assert [obx[5][0][0] for obx in reading.all("OBX") if obx[2] != [["ED"]]] == values


NAMES = [*HOSTILE_NAMES, (None, None), ("", ""), ("Solo", None), (None, "Only"), ("VT\x0bAda\r", "FS\x1c\r\nLace"),
         ("\\X41\\", "\\.br\\"), ("'", '""'), ("&&&", "^^^"), ("अनीता", "देशपांडे"), ("محمد", "علي"), ("Ω" * 200, "x")]


@pytest.mark.parametrize("version", VERSIONS)
def test_any_name_is_read_back(version, builder, reader, contexts):
    context = contexts["patient"][0]
    for first, last in NAMES:
        patient = {**context["patient"], "first_name": first, "last_name": last, "full_name": "Who|ever ^",
                   "designation": first, "middle_name": last}
        if not first and not last:
            patient["designation"] = None
        message, why = builder.make(57, {**context, "patient": patient}, version)
        assert why is None and "\x0b" not in message and "\x1c" not in message and "\n" not in message
        reading = reader.read(message)
        assert reading.error is None and reading.nonstandard == ["ZID"], message
        check_patient(reading, {**context, "patient": patient})
        assert [name for name, _ in reading.segments] == ["MSH", "ZID", "EVN", "PID", "PV1"]
        assert (reading.get("MSH", 18) is None) == message.isascii()


VALUES = [("NM", "<20", "SN", ["<", "20"]), ("NM", "-0.5", "NM", ["-0.5"]), ("NM", "Normal", "ST", ["Normal"]),
          ("SN", "1:128", "SN", ["", "1", ":", "128"]), ("ST", "a|b^c~d\\e&f", "ST", ["a|b^c~d\\e&f"]),
          ("TX", "free text & more", "TX", ["free text & more"]), ("FT", "two\r\nlines", "FT", ["two\\.br\\lines"]),
          ("CE", "O neg", None, ["O neg", "O neg", "L"])]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_type_of_value_is_read_back(version, builder, reader, contexts):
    context = next(c for c in contexts["report"] if c["report"]["status"] == "SIGNED" and c["values"])
    values = [{**context["values"][0], "value_type": wish, "value_text": text, "note": text}
              for wish, text, _, _ in VALUES]
    message, why = builder.make(15, {**context, "values": values}, version)
    reading = reader.read(message)
    assert (why, reading.error) == (None, None), message
    for nth, (_, text, known, parts) in enumerate(VALUES, 1):
        assert reading.get("OBX", 2, nth=nth) == (known or ("CE" if version == "2.3" else "CWE"))
        assert reading.all("OBX")[nth - 1][5] == [parts]
        assert reading.get("NTE", 3, nth=nth) == text.replace("\r\n", "\\.br\\")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_report_carries_its_pdf(version, builder, reader, contexts):
    context = next(c for c in contexts["report"] if c["documents"] and c["report"]["status"] == "SIGNED")
    message, _ = builder.make(28, context, version)
    reading = reader.read(message)
    assert reading.error is None
    pdf = reading.all("OBX")[-1]
    assert pdf[2] == [["ED"]] and pdf[3] == [["PDF", "Report PDF", "L"]] and pdf[11] == [["F"]]
    assert pdf[5][0][:4] == ["LISFLEET", "application", "pdf", "Base64"]


@pytest.mark.parametrize("injection, where", [
    (["none"], []), (["nte"], ["NTE"]), (["msh"], ["MSH"]), (["zid", "nte"], ["ZID", "NTE"])])
def test_a_row_says_where_the_ids_stand(injection, where, builder, reader, contexts):
    context = contexts["bill"][0]
    context = {**context, "lab": {**context["lab"], "hl7_facility": "NORTH"}, "bill": {**context["bill"], "status": "ACTIVE"}}
    message, _ = builder.make(1, context, "2.5.1", injection=injection)
    reading = reader.read(message)
    lab = str(context["lab"]["lab_id"])
    assert reading.get("MSH", 4) == (lab if "MSH" in where else "NORTH")
    assert (reading.get("ZID", 2) == LOG_ID) == ("ZID" in where)
    assert (reading.get("NTE", 3) == f"LABID={lab};LOGID={LOG_ID}") == ("NTE" in where)
    assert set(reading.nonstandard) == {"ZID"} & set(where)


EXAMPLES = ROOT / "docs/examples/hl7"


@pytest.mark.parametrize("action", [1, 57, 28])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_examples_in_the_docs_are_what_the_code_makes(version, action, builder, reader):
    """A line a segment. WRITE_EXAMPLES=1 writes them."""
    context = json.loads((Path(__file__).parent / "data/hl7-examples.json").read_text(encoding="utf-8"))
    item = {**context["item"], **{name: context[name] for name in ("test", "report", "sample")}}
    ids = {1: {"bill_id": 9001}, 57: {"patient_id": 77}, 28: {"lab_report_id": 44}}[action]
    if action == 57:
        del context["bill"]
    message, why = builder.make(action, {**context, "items": [item], "payments": []}, version, {"lab_id": 17, **ids})
    assert message, why
    assert reader.read(message).error is None
    file = EXAMPLES / f"{message.split('|')[8][:7].replace('^', '_')}-{version}.hl7"
    # the PDF's content is put in when the message is sent
    text = re.sub(r"Base64\^[^|]*", "Base64^JVBERi0xLjcK", message).replace("\r", "\n")
    if os.environ.get("WRITE_EXAMPLES"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
