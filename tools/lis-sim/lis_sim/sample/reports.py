"""A report with its values, its signature and, for some, its PDF."""

from datetime import datetime, timedelta
from random import Random

from ..db import Row
from .catalog import Parameter, Test
from .setup import Lab
from .tables import Tables

STATES = {"PENDING": 10, "SAVED": 10, "SUBMITTED": 10, "SIGNED": 70}


def make_report(tables: Tables, random: Random, lab: Lab, item: Row, sample: Row, test: Test,
                parameters: list[int]) -> Row:
    report_id = tables.new_id("report")
    received = sample["received_at"]
    usable = isinstance(received, datetime) and sample["status"] == "RECEIVED"
    status = random.choices(list(STATES), list(STATES.values()))[0] if usable else "PENDING"
    done_at = received + timedelta(hours=5) if isinstance(received, datetime) else None
    signed = status == "SIGNED"
    report = tables.add(
        "report", lab_report_id=report_id, centre_report_id=report_id + 5_000_000,
        lab_id=lab.id, bill_id=item["bill_id"], bill_item_id=item["bill_item_id"],
        patient_id=sample["patient_id"], sample_id=sample["sample_id"], test_id=item["test_id"],
        status=status, is_signed=signed, order_at=item["added_at"], accession_at=received,
        report_at=done_at if status != "PENDING" else None,
        approval_at=done_at if signed else None, updated_at=done_at or item["added_at"])
    tables.add("sample_report", sample_id=sample["sample_id"], lab_report_id=report_id)
    if status != "PENDING":
        for seq, (dictionary_id, parameter) in enumerate(
                zip(parameters, test.parameters, strict=True), 1):
            make_value(tables, random, report, seq, dictionary_id, parameter)
    if signed:
        tables.add("report_signatory", lab_report_id=report_id, position=1,
                   user_id=random.choice(lab.staff["pathologist"]), signed_at=done_at)
    return report


def make_value(tables: Tables, random: Random, report: Row, seq: int, dictionary_id: int,
               parameter: Parameter) -> None:
    number, text, flag, span = None, "", None, None
    if parameter.words:
        text = random.choice(parameter.words)
    elif parameter.low is not None and parameter.high is not None:
        width = parameter.high - parameter.low
        number = round(max(0.1, random.gauss(parameter.low + width / 2, width / 3)), 1)
        flag = "L" if number < parameter.low else "H" if number > parameter.high else "N"
        text = f"{number}"
        span = f"{parameter.low:g}-{parameter.high:g}"
    tables.add("report_value", lab_report_id=report["lab_report_id"], seq=seq,
               dictionary_id=dictionary_id, name=parameter.name, loinc_code=parameter.loinc,
               value_type="ST" if parameter.words else "NM", value_text=text, value_num=number,
               unit=parameter.unit, unit_ucum=parameter.ucum, reference_range=span,
               ref_low=parameter.low, ref_high=parameter.high, abnormal_flag=flag,
               highlight=flag in ("L", "H"),
               result_status="F" if report["is_signed"] else "P",
               observed_at=report["report_at"])


def make_documents(tables: Tables, random: Random, bodies: list[tuple[bytes, bytes]],
                   count: int) -> None:
    """PDFs for the first signed reports; all of them would be a gigabyte."""
    signed = [report for report in tables.rows["report"] if report["is_signed"]]
    for report in signed[:count]:
        content, sha256 = random.choice(bodies)
        tables.add("report_document", document_id=tables.new_id("report_document"),
                   lab_report_id=report["lab_report_id"], kind="REPORT_PDF",
                   content_type="application/pdf", content=content, sha256=sha256,
                   byte_size=len(content), report_version=1, created_at=report["approval_at"])
