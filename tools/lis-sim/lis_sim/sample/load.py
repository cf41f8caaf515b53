"""The sample LIS into PostgreSQL, in one transaction."""

import psycopg
from psycopg import sql

from ..db import copy_rows
from .generate import generate
from .setup import FIRST_LAB
from .tables import TABLES


def load(conn: psycopg.Connection, seed: int, patients: int, bills: int) -> dict[str, int]:
    """How many rows went into each table; empty when the sample is there already."""
    with conn.transaction(), conn.cursor() as cur:
        # Two loaders at a time: the second waits here, then finds the rows of the first.
        cur.execute("SELECT pg_advisory_xact_lock(hashtext('lis-sim load'))")
        cur.execute("SELECT 1 FROM lis.lab WHERE lab_id = %s", (FIRST_LAB,))
        if cur.fetchone():
            return {}
        tables = generate(seed, patients, bills)
        counts = {table: copy_rows(cur, table, tables.rows[table]) for table in TABLES}
    for table in TABLES:
        conn.execute(sql.SQL("ANALYZE lis.{}").format(sql.Identifier(table)))
    return counts
