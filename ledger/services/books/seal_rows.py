"""How leaves and sums get into their tables: as arrays on PostgreSQL, row by row on SQLite.

The sealer walks every entry once, so like ``journal_rows`` this talks to the driver directly and
leaves no object per row to SQLAlchemy. Only the sealer may use it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.db import Session

SEAL = {
    "book_id": "uuid",
    "seq": "bigint",
    "kind": "text",
    "account": "smallint",
    "fund_id": "uuid",
    "entry_id": "uuid",
    "evidence_id": "uuid",
    "leaf_hash": "text",
}
BALANCE = {
    "book_id": "uuid",
    "account": "smallint",
    "fund_id": "uuid",
    "commodity": "text",
    "counterparty_id": "uuid",
    "starts_on": "date",
    "quantity": "bigint",
}
FIGURE = {
    "book_id": "uuid",
    "campaign": "text",
    "figure": "text",
    "commodity": "text",
    "fund_id": "uuid",
}
# What each sum is of; quantities are added where all else is the same.
SUMS = {
    "balance_day": BALANCE,
    "balance_month": BALANCE,
    "figure_total": {**FIGURE, "quantity": "bigint"},
    "figure_day": {**FIGURE, "counted_on": "date", "quantity": "bigint"},
    "figure_giver": {
        "party_id": "uuid",
        "book_id": "uuid",
        "campaign": "text",
        "figure": "text",
        "commodity": "text",
        "counted_on": "date",
        "quantity": "bigint",
    },
}
ADDED = "on conflict ({key}) do update set quantity = {table}.quantity + excluded.quantity"
Row = tuple[Any, ...]


def append(session: Session, rows: Sequence[Row]) -> None:
    """Insert rows of ``SEAL``; ids are text as the database writes it. Raises as it refuses."""
    _insert(session, "seal", SEAL, rows)


def add(session: Session, table: str, rows: Sequence[Row]) -> None:
    """Add rows of ``SUMS`` to what ``table`` has of them; no two rows share their place.

    Ids are text as the database writes it, days are ISO 8601, quantities in the commodity's
    smallest unit.
    """
    columns = SUMS[table]
    key = ", ".join(name for name in columns if name != "quantity")
    _insert(session, table, columns, rows, ADDED.format(table=table, key=key))


def take_out(session: Session, book_id: UUID, ids: Sequence[str]) -> None:
    """Let entries wait no longer; ids are text as the database writes it."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "delete from unsealed where book_id = ? and entry_id = ?",
            [(book_id.hex, entry_id) for entry_id in ids],
        )
        return
    connection.exec_driver_sql(
        "delete from unsealed where book_id = %s and entry_id = any(%s::uuid[])",
        (book_id, list(ids)),
    )


def _insert(
    session: Session, table: str, columns: dict[str, str], rows: Sequence[Row], more: str = ""
) -> None:
    if not rows:
        return
    session.flush()
    connection = session.connection()
    into = f"insert into {table} ({', '.join(columns)})"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"{into} values ({marks}) {more}", list(rows))
        return
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    values = tuple(map(list, zip(*rows, strict=True)))
    connection.exec_driver_sql(f"{into} select * from unnest({arrays}) {more}", values)  # noqa: S608
