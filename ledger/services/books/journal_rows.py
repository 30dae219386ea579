"""How entries and postings get into their two tables: in one statement on PostgreSQL, or by COPY
where there are many; in three on SQLite.

This is the hottest path of the program, so it talks to the driver directly and builds no objects
per row; what the rows must be is checked before, and once more by the triggers.
Only ``services.books.journal`` may use it.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

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
ROWS_AT_ONCE = 100
Row = tuple[Any, ...]


def store(session: Session, entries: Sequence[Row], postings: Sequence[Row]) -> bool:
    """Store rows in the order of the columns above; False, and nothing done, when any of the
    events is there already or falls into a closed period, or a softly closed one unapproved.
    Raises as the database refuses.

    Ids are text without dashes, days and instants ISO 8601, instants in UTC.
    """
    session.flush()
    connection = session.connection()
    driver: Any = connection.dialect.dbapi
    try:
        if connection.dialect.name == "sqlite":
            return _store_on_sqlite(connection, entries, postings)
        if len(entries) < MANY:
            return _store_on_postgresql(connection, entries, postings)
        return _copy_to_postgresql(connection, entries, postings)
    except driver.Error as error:
        # As if SQLAlchemy had asked, so that others see one kind of error.
        raise DBAPIError.instance(
            "store entries", None, error, driver.Error, dialect=connection.dialect
        ) from error


def _store_on_postgresql(
    connection: Connection, entries: Sequence[Row], postings: Sequence[Row]
) -> bool:
    # The function is part of the schema (last: migration 0020): the whole post is one round trip.
    answer = connection.exec_driver_sql(
        "select journal_store(%s::jsonb, %s::jsonb)",
        (_documents(ENTRY, entries), _documents(POSTING, postings)),
    )
    return bool(answer.scalar_one())


def _documents(columns: Sequence[str], rows: Sequence[Row]) -> str:
    return json.dumps(
        [
            {name: value for name, value in zip(columns, row, strict=True) if value is not None}
            for row in rows
        ]
    )


def _copy_to_postgresql(
    connection: Connection, entries: Sequence[Row], postings: Sequence[Row]
) -> bool:
    keys = [
        (book_id, source, external_ref, event_type, day, ids[-1])
        for book_id, _id, day, _now, event_type, source, external_ref, *ids in entries
    ]
    cursor: Any = connection.connection.cursor()
    # As ``journal_store`` does: while a period is being closed, wait, then look.
    cursor.execute("lock table posting in row exclusive mode")
    cursor.execute(POSTGRESQL_KNOWN, list(map(list, zip(*keys, strict=True))))
    if cursor.fetchone()[0]:
        return False
    # Postings come first; the entry row closes them.
    with cursor.copy(_copy("posting", POSTING)) as copy:
        copy.write("".join(map(_posting_line, postings)))
    with cursor.copy(_copy("entry", ENTRY)) as copy:
        copy.write("".join(map(_entry_line, entries)))
    _learn(connection, len(entries))
    return True


def _learn(connection: Connection, count: int) -> None:
    """Have PostgreSQL count its rows again when many came in: without statistics any index that
    begins with the book looks as good as the key, and a load gets slower with every row.
    """
    known = connection.exec_driver_sql("select reltuples from pg_class where relname = 'entry'")
    if known.scalar_one() < 10 * count:
        connection.exec_driver_sql("analyze entry, posting")


def _copy(table: str, columns: Sequence[str]) -> str:
    return f"copy {table} ({_names(columns)}) from stdin"


def _posting_line(row: Row) -> str:
    *figures, commodity, quantity, other = row[:9]
    labels = row[9:]
    more = "\t".join(map(_escaped, labels)) if any(labels) else NO_LABELS
    place = "\t".join(map(str, figures))
    return f"{place}\t{_escaped(commodity)}\t{quantity}\t{other or NULL}\t{more}\n"


def _entry_line(row: Row) -> str:
    return "\t".join(map(_escaped, row)) + "\n"


def _escaped(text: str | None) -> str:
    """Write a text as COPY reads it (PostgreSQL manual, COPY, text format)."""
    if text is None:
        return NULL
    return text if text.isalnum() else text.translate(ESCAPES)


def _store_on_sqlite(
    connection: Connection, entries: Sequence[Row], postings: Sequence[Row]
) -> bool:
    cursor: Any = connection.connection.cursor()
    # As a loop over a prepared statement, for it is half as dear as reading keys out of JSON.
    for book_id, _id, day, _now, event_type, source, external_ref, *ids in entries:
        key = (book_id, source, external_ref, event_type, book_id, day, ids[-1], book_id, day)
        if cursor.execute(SQLITE_KNOWN, key).fetchone()[0]:
            return False
    # Postings come first; the entry row closes them.
    _insert(cursor, "posting", POSTING, postings)
    # Instants are kept as SQLAlchemy does: UTC, without saying so.
    rows = [(*row[:3], row[3].removesuffix("+00:00"), *row[4:]) for row in entries]
    _insert(cursor, "entry", ENTRY, rows)
    return True


def _insert(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    # Many rows to a statement, so that another thread can work while SQLite does.
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        cursor.execute(_insert_text(table, tuple(columns), len(some)), [*chain(*some)])


@lru_cache(maxsize=2 * ROWS_AT_ONCE)
def _insert_text(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns))})"
    return f"insert into {table} ({_names(columns)}) values {', '.join([marks] * rows)}"  # noqa: S608


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


NULL = r"\N"
NO_LABELS = "\t".join([NULL] * (len(POSTING) - POSTING.index("pledge")))
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
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
# The offset keeps the planner from a scan of all entries: it looks each key up.
POSTGRESQL_KNOWN = """
    with told as (
        select * from unnest(
            %s::uuid[], %s::text[], %s::text[], %s::text[], %s::date[], %s::uuid[]
        ) as told(book_id, source, external_ref, event_type, accounting_on, approved_by)
    )
    select exists (
        select 1 from told, lateral (
            select 1 from entry where entry.book_id = told.book_id
                and entry.source = told.source and entry.external_ref = told.external_ref
                and entry.event_type = told.event_type offset 0
        ) as known
    ) or exists (
        select 1 from told join period on period.book_id = told.book_id
            and period.state = 'closed' and period.until_on >= told.accounting_on
    ) or exists (
        select 1 from told join soft_close on soft_close.book_id = told.book_id
            and told.approved_by is null and soft_close.lifted_at is null
            and soft_close.until_on >= told.accounting_on
    )
"""
