"""Databases as versions of the program left them, kept row by row, and rows for empty tables.

A recording is what a SQLite file of that version held: demo data, or what its tests made. To
record the present version: ``python -m tests.migrations.recording FILE.db NAME``.
"""

import json
import lzma
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ledger.ids import new_id
from ledger.models import Base
from migrations import head

DATA = Path(__file__).parent / "data"
# Filled by the journal's own trigger.
BY_TRIGGER = {"unsealed"}
# What is computed from the whole journal: a row made up is found out.
FIGURES = {"figure_total", "figure_day", "figure_giver"}
COMPUTED = {"seal", "checkpoint", "balance_day", "balance_month", "period"} | FIGURES
# What closes periods comes after the entries in them.
LAST = ("period", "soft_close")
VERSION = "alembic_version"
# Makers are not their own approvers.
WANTED = {"person": 2}
DAY = date(2026, 2, 3)
INSTANT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Recording:
    """The rows of every table at one revision, as SQLite keeps them."""

    revision: str
    tables: dict[str, dict[str, list[Any]]]


def record(file: Path, name: str) -> None:
    """Keep what a SQLite file holds under ``data/REVISION-NAME.json.xz``."""
    connection = sqlite3.connect(file)
    revision = connection.execute("select version_num from alembic_version").fetchone()[0]
    tables = {}
    for (table,) in connection.execute("select name from sqlite_master where type = 'table'"):
        cursor = connection.execute(f'select * from "{table}" order by rowid')
        columns = [column[0] for column in cursor.description]
        if table != VERSION and (rows := cursor.fetchall()):
            tables[table] = {"columns": columns, "rows": rows}
    data = json.dumps({"revision": revision, "tables": tables}).encode()
    (DATA / f"{revision}-{name}.json.xz").write_bytes(lzma.compress(data, preset=9))


def recordings() -> dict[str, Path]:
    """Return the recordings there are by revision and name, in order."""
    return {path.name.removesuffix(".json.xz"): path for path in sorted(DATA.glob("*.json.xz"))}


def read(path: Path) -> Recording:
    """Read one recording."""
    return Recording(**json.loads(lzma.decompress(path.read_bytes())))


def put_back(connection: sa.Connection, recording: Recording) -> None:
    """Insert the rows of a recording into an empty database of its revision."""
    metadata = reflected(connection)
    for table in in_order(metadata):
        found = recording.tables.get(table.name)
        if found is None or table.name in BY_TRIGGER:
            continue
        columns = [table.c[name] for name in found["columns"]]
        connection.execute(
            table.insert(),
            [
                {
                    column.name: _stored(column, value)
                    for column, value in zip(columns, row, strict=True)
                }
                for row in found["rows"]
            ],
        )
    if "unsealed" in metadata.tables:
        connection.execute(sa.text("delete from unsealed"))
        waiting = recording.tables.get("unsealed", {"columns": [], "rows": []})
        for row in waiting["rows"]:
            unsealed = metadata.tables["unsealed"]
            pairs = zip(waiting["columns"], row, strict=True)
            connection.execute(
                unsealed.insert().values(
                    {name: _stored(unsealed.c[name], value) for name, value in pairs}
                )
            )


def counts(connection: sa.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    names = [name for name in sa.inspect(connection).get_table_names() if name != VERSION]
    query = " union all ".join(f"select '{name}', count(*) from \"{name}\"" for name in names)
    return dict(iter(connection.execute(sa.text(query))))


def reflected(connection: sa.Connection, names: Collection[str] | None = None) -> sa.MetaData:
    """Return the tables of a database as they are; some of them, and what they refer to."""
    metadata = sa.MetaData()
    metadata.reflect(connection, only=None if names is None else list(names))
    if VERSION in metadata.tables:
        metadata.remove(metadata.tables[VERSION])
    return metadata


def in_order(metadata: sa.MetaData) -> list[sa.Table]:
    """Return tables so that rows can go in: postings before the entries that close them."""
    tables = {table.name: table for table in metadata.sorted_tables}
    order = [name for name in tables if name not in {"posting", *LAST}]
    if "posting" in tables:
        order.insert(order.index("entry"), "posting")
        # Postings name funds; nothing that these need names an entry.
        order.insert(order.index("posting"), order.pop(order.index("fund")))
    return [tables[name] for name in [*order, *(name for name in LAST if name in tables)]]


def _stored(column: sa.Column[Any], value: Any) -> Any:
    """Return a value of SQLite's as this engine's driver takes it."""
    kind = column.type
    if value is None:
        return None
    if isinstance(kind, sa.JSON):
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=UTC if kind.timezone else None)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    if isinstance(kind, sa.Boolean):
        return bool(value)
    if isinstance(kind, sa.Uuid):
        return str(value)
    return value


def fill_empty(
    connection: sa.Connection,
    kept: dict[str, dict[str, Any]],
    *,
    leave: Collection[str] = BY_TRIGGER,
) -> None:
    """Put one row into every table that has none but ``leave``, each column with a value.

    ``kept`` says, by table, what the rules of the books want a row to be that nothing else
    explains: a payment that failed, say.
    """
    bare = [name for name, rows in counts(connection).items() if rows < WANTED.get(name, 1)]
    if set(bare) <= set(leave):
        return
    metadata = reflected(connection, bare)
    for table in in_order(metadata):
        if table.name in leave:
            continue
        if table.name == "posting":
            _open_journal(connection, table, metadata.tables["entry"])
        there = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for number in range(there, WANTED.get(table.name, 1)):
            row = _row(connection, table, number)
            wanted = kept.get(table.name, {})
            row.update({name: wanted[name] for name in wanted if name in table.columns})
            connection.execute(table.insert().values(row))


def _open_journal(connection: sa.Connection, posting: sa.Table, entry: sa.Table) -> None:
    """Post one entry where there is none; the row of the entry closes its postings."""
    if connection.execute(sa.select(entry.c.id).limit(1)).first():
        return
    leg = {**_row(connection, posting, 0), "counterparty_id": None}
    for line, quantity in enumerate((1, -1)):
        connection.execute(posting.insert().values({**leg, "line": line, "quantity": quantity}))
    closing = {**_row(connection, entry, 0), "book_id": leg["book_id"], "id": leg["entry_id"]}
    connection.execute(entry.insert().values({**closing, "reverses": None}))


def _row(connection: sa.Connection, table: sa.Table, copy: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    words = _choices(connection, table)
    named: Counter[str] = Counter()
    for constraint in sorted(table.foreign_key_constraints, key=_order):
        other = constraint.referred_table
        names = [key.column.name for key in constraint.elements]
        query = sa.select(*(other.c[name] for name in names))
        for name, column in zip(names, constraint.columns, strict=True):
            if column.name in row:
                query = query.where(other.c[name] == row[column.name])
        rows = connection.execute(query.order_by(*(other.c[name] for name in names))).all()
        if rows:
            # Another row each time, because makers are not their own approvers.
            chosen = rows[named[other.name] % len(rows)]
            named[other.name] += 1
            row.update(zip((c.name for c in constraint.columns), chosen, strict=True))
    for column in table.columns:
        if column.name not in row:
            word = words.get(column.name) or _known_word(column)
            row[column.name] = word or _value(column, copy)
    return row


def _order(constraint: sa.ForeignKeyConstraint) -> tuple[int, list[str]]:
    return -len(constraint.columns), list(constraint.columns.keys())


def _choices(connection: sa.Connection, table: sa.Table) -> dict[str, str]:
    """Return the first word that a check constraint lets each column be."""
    found = {}
    for check in sa.inspect(connection).get_check_constraints(table.name):
        told = re.sub(r"'[^']*'", "", check["sqltext"])
        named = [column.name for column in table.columns if re.search(rf"\b{column.name}\b", told)]
        words = re.findall(r"'([^']*)'", check["sqltext"])
        if len(named) == 1 and words:
            found[named[0]] = words[0]
    return found


def _known_word(column: sa.Column[Any]) -> str | None:
    """Return a word of today's for a column of a closed set of them, which had no check before."""
    table = Base.metadata.tables.get(column.table.name)
    today = None if table is None else table.columns.get(column.name)
    return today.type.enums[0] if today is not None and isinstance(today.type, sa.Enum) else None


def _value(column: sa.Column[Any], copy: int) -> Any:
    kind = column.type
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.DateTime):
        return INSTANT if kind.timezone else INSTANT.replace(tzinfo=None)
    if isinstance(kind, sa.Date):
        return DAY
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return 1
    if isinstance(kind, sa.Uuid) or (isinstance(kind, sa.CHAR) and kind.length == 32):
        return new_id().hex
    return f"{column.table.name} {column.name} {copy}"[: getattr(kind, "length", None) or 64]


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2])
    print(f"recorded at {head()} or earlier: {sorted(recordings())}")
