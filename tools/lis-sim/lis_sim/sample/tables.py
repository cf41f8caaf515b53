"""The rows of a sample LIS while they are being made."""

from collections import defaultdict

from ..db import Row

# Parents before children: the order of the foreign keys, and of loading.
TABLES = (
    "lab", "organisation", "app_user", "referral", "patient", "insurance_policy",
    "test_catalog", "test_parameter", "bill", "bill_item", "payment", "sample", "report",
    "sample_report", "report_signatory", "report_value", "report_document", "appointment",
    "home_collection", "claim", "claim_diagnosis", "claim_line", "remittance",
    "remittance_line", "remittance_adjustment", "invoice", "invoice_line",
)

# Sample ids begin here, below lis.entity_id's and above what people write by hand.
FIRST_ID = 1_000_001


class Tables:
    """Rows by table, and the next id of each."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self._last_id: dict[str, int] = defaultdict(lambda: FIRST_ID - 1)

    def new_id(self, table: str) -> int:
        self._last_id[table] += 1
        return self._last_id[table]

    def add(self, table: str, **row: object) -> Row:
        self.rows[table].append(row)
        return row
