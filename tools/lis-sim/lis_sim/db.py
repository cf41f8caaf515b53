"""The connection, and rows into tables."""

import os
from collections.abc import Iterable

import psycopg
from psycopg import sql

Row = dict[str, object]


def connect(url: str | None = None) -> psycopg.Connection:
    """Connects to POSTGRES_URL; autocommit, so that transactions are where the code says."""
    url = url or os.environ.get("POSTGRES_URL")
    if not url:
        raise SystemExit("POSTGRES_URL is not set: eval \"$(./dev env)\", or use ./dev run")
    return psycopg.connect(url, autocommit=True, options="-c timezone=UTC", connect_timeout=10)


def copy_rows(cur: psycopg.Cursor, table: str, rows: Iterable[Row]) -> int:
    """COPYs rows, which all have the keys of the first, into lis.<table>. Binary where asked
    by the value's kind: a document goes as it is, not as twice its size in hexadecimal."""
    rows = list(rows)
    if not rows:
        return 0
    columns = list(rows[0])
    binary = any(isinstance(value, bytes) for value in rows[0].values())
    target = sql.SQL("lis.{} ({})").format(sql.Identifier(table),
                                           sql.SQL(", ").join(map(sql.Identifier, columns)))
    statement = sql.SQL("COPY {} FROM STDIN {}").format(
        target, sql.SQL("(FORMAT binary)" if binary else ""))
    types = column_types(cur, table, columns) if binary else None
    with cur.copy(statement) as copy:
        if types:
            copy.set_types(types)
        for row in rows:
            copy.write_row([row[column] for column in columns])
    return len(rows)


def column_types(cur: psycopg.Cursor, table: str, columns: list[str]) -> list[int]:
    cur.execute("SELECT attname, atttypid FROM pg_attribute WHERE attrelid = %s::regclass",
                (f"lis.{table}",))
    types: dict[str, int] = dict(cur.fetchall())
    return [types[column] for column in columns]
