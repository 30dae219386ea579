"""How entries and postings get into their two tables: one statement on PostgreSQL, three on SQLite.

This is the hottest path of the program, so it talks to the driver directly and builds no objects
per row; what the rows must be is checked before, and once more by the triggers.
Only ``services.journal`` may use it.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from ledger.db import Session

POSTING = (
    "book_id",
    "entry_id",
    "line",
    "accounting_on",
    "account",
    "fund_id",
    "commodity",
    "quantity",
    "counterparty_id",
    "pledge",
    "asset",
    "grant",
    "valuation",
    "payment",
    "function",
    "purpose",
    "campaign",
    "party",
)
ENTRY = (
    "book_id",
    "id",
    "accounting_on",
    "recorded_at",
    "event_type",
    "source",
    "external_ref",
    "transfer_group",
    "reverses",
    "made_by",
    "approved_by",
)
MANY = 200
Row = tuple[Any, ...]


def store(session: Session, entries: Sequence[Row], postings: Sequence[Row]) -> bool:
    """Store rows in the order of the columns above; False, and nothing done, when any of the
    events is there already or falls into a closed period, or a softly closed one unapproved.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        return _store_on_postgresql(session, entries, postings)
    return _store_on_sqlite(session, entries, postings)


def _store_on_postgresql(session: Session, entries: Sequence[Row], postings: Sequence[Row]) -> bool:
    # The function is part of the schema (migration 0013): the whole post is one round trip.
    answer = session.connection().exec_driver_sql(
        "select journal_store(%s::jsonb, %s::jsonb)",
        (_documents(ENTRY, entries), _documents(POSTING, postings)),
    )
    stored = bool(answer.scalar_one())
    if stored and len(entries) >= MANY:
        _learn(session.connection(), len(entries))
    return stored


def _learn(connection: Connection, count: int) -> None:
    """Have PostgreSQL count its rows again when many came in: without statistics any index that
    begins with the book looks as good as the key, and a load gets slower with every row.
    """
    known = connection.exec_driver_sql("select reltuples from pg_class where relname = 'entry'")
    if known.scalar_one() < 10 * count:
        connection.exec_driver_sql("analyze entry, posting")


def _documents(columns: Sequence[str], rows: Sequence[Row]) -> str:
    return json.dumps(
        [
            {name: value for name, value in zip(columns, row, strict=True) if value is not None}
            for row in rows
        ],
        default=str,
    )


def _store_on_sqlite(session: Session, entries: Sequence[Row], postings: Sequence[Row]) -> bool:
    connection = session.connection()
    if _known_on_sqlite(connection, entries):
        return False
    # Postings come first; the entry row closes them.
    connection.exec_driver_sql(SQLITE_POSTING, [_sqlite_row(row) for row in postings])
    connection.exec_driver_sql(SQLITE_ENTRY, [_sqlite_row(row) for row in entries])
    return True


def _known_on_sqlite(connection: Connection, entries: Sequence[Row]) -> bool:
    # As a loop over a prepared statement, for it is half as dear as reading keys out of JSON.
    cursor = connection.connection.cursor()
    for book_id, _id, day, _now, event_type, source, external_ref, *rest in entries:
        book, on = book_id.hex, day.isoformat()
        approved = None if rest[-1] is None else 1
        key = (book, source, external_ref, event_type, book, on, approved, book, on)
        if cursor.execute(SQLITE_KNOWN, key).fetchone()[0]:
            return True
    return False


def _sqlite_row(row: Row) -> Row:
    return tuple(
        [_SQLITE[type(value)](value) if type(value) in _SQLITE else value for value in row]
    )


def _instant(value: datetime) -> str:
    # As SQLAlchemy keeps it: UTC, six digits, no zone.
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")


def _insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"insert into {table} ({names}) values ({', '.join('?' * len(columns))})"  # noqa: S608


_SQLITE: dict[type, Callable[[Any], str]] = {
    UUID: lambda value: value.hex,
    date: date.isoformat,
    datetime: _instant,
}
SQLITE_POSTING = _insert("posting", POSTING)
SQLITE_ENTRY = _insert("entry", ENTRY)
SQLITE_KNOWN = """
    select exists (
        select 1 from entry
        where book_id = ? and source = ? and external_ref = ? and event_type = ?
    ) or exists (
        select 1 from period where book_id = ? and state = 'closed' and until_on >= ?
    ) or ? is null and exists (
        select 1 from soft_close where book_id = ? and lifted_at is null and until_on >= ?
    )
"""
