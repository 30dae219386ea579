"""Seal, bundle and verify ten thousand entries, then try to change them unseen.

Prints entries per second of posting, sealing, bundling and verifying, and of hashing the same
bytes alone; then how many of the random single changes to the bundle and to the database were
found: values changed and swapped, rows deleted and inserted.

    python -m bench.proof [--entries 10000] [--changes 2000] [--untouched 100] [--database URL]
"""

import argparse
import hashlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Enum, Table, delete, select, text, update
from sqlalchemy.exc import DataError, IntegrityError

from ledger.core.entry import Entry, Posting
from ledger.db import Database, ReadSession
from ledger.ids import new_id
from ledger.models.base import Base, UtcDateTime
from ledger.models.books import Account, Book
from ledger.models.journal import Entry as EntryRow
from ledger.models.journal import Posting as PostingRow
from ledger.models.seals import Checkpoint, Seal
from ledger.queries.books.seals import first_difference
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund
from ledger.services.books.journal import Draft, post_batch
from ledger.services.books.seals import make_checkpoint, seal_book
from ledger.signing import Signer
from migrations import upgrade
from reports import verify
from reports.bundle import make_bundle

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SIGNER = Signer("bench.example", bytes(32))
TABLES = [
    Base.metadata.tables[made.__tablename__] for made in (EntryRow, PostingRow, Account, Seal)
]


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=2_000)
    parser.add_argument("--untouched", type=int, default=100)
    parser.add_argument("--database", help="an empty database; else a SQLite file of its own")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = Database(asked.database or f"sqlite:///{Path(folder) / 'bench.db'}")
        upgrade(db.engine)
        packed = speeds(db, asked.entries)
        alarms = false_alarms(db, asked.untouched)
        print(f"false alarms on {asked.untouched} untouched bundles: {alarms}")
        print(f"bundle: {bundle_changes(packed, asked.changes)} of {asked.changes} changes found")
        counted = database_changes(db, asked.changes)
        print(
            f"database: {counted['found']} of {counted['made']} changes found,"
            f" {counted['named']} named"
        )
        db.dispose()


def speeds(db: Database, entries: int) -> bytes:
    """Post, seal, bundle and verify; print entries per second; return the bundle."""
    with db.transaction() as session:
        book = create_book(
            session, new=NewBook(code="A", name="Bench", kind="community", currency="USD"), now=NOW
        )
        create_fund(
            session, book_id=book.id, fund=NewFund(code="GEN", fund_class="unrestricted"), now=NOW
        )

    def post() -> None:
        with db.transaction() as session:
            for start in range(0, entries, 1000):
                drafts = [draft(number) for number in range(start, min(start + 1000, entries))]
                post_batch(session, drafts, now=NOW)

    def seal() -> int:
        with db.transaction() as session:
            return seal_book(session, book_id=book.id)

    def bundle() -> bytes:
        with db.transaction() as session:
            own = session.get_one(Book, book.id)
            row: Checkpoint = make_checkpoint(session, book=own, signer=SIGNER, now=NOW)
            return make_bundle(session, book=own, checkpoint=row, signer=SIGNER)

    timed("post, 1,000 to a batch", post, entries)
    timed("seal", seal, entries)
    packed: bytes = timed("bundle", bundle, entries)
    timed("verify", lambda: verify.verify(packed), entries)
    data = verify.unpack(packed)["log.jsonl"].splitlines()
    timed("hash alone", lambda: [hashlib.sha256(line).digest() for line in data], entries)
    return packed


def draft(number: int, book: str = "A") -> Draft:
    """Return one gift of the bench."""
    legs = (
        Posting(1010, "GEN", "USD", 100 + number),
        Posting(4010, "GEN", "USD", -100 - number, pledge=f"P-{number}"),
    )
    day = date(2025, 1, 1) + timedelta(days=number % 365)
    return Draft(Entry(book, legs), "gift", "bench", str(number), day)


def timed(name: str, deed: Callable[[], Any], entries: int) -> Any:
    """Do it once and print how many entries a second went through."""
    started = time.perf_counter()
    answer = deed()
    seconds = time.perf_counter() - started
    print(f"{name:<24}{entries / seconds:>12,.0f} entries/s")
    return answer


def false_alarms(db: Database, bundles: int) -> int:
    """Verify bundles of a growing book, each also against the one before; count refusals."""
    with db.transaction() as session:
        book = create_book(
            session, new=NewBook(code="B", name="Grows", kind="community", currency="USD"), now=NOW
        )
        create_fund(
            session, book_id=book.id, fund=NewFund(code="GEN", fund_class="unrestricted"), now=NOW
        )
    chance = random.Random(3)
    alarms, number, since = 0, 0, None
    for _time in range(bundles):
        with db.transaction() as session:
            more = chance.randrange(1, 40)
            drafts = [draft(number + step, "B") for step in range(more)]
            post_batch(session, drafts, now=NOW)
            number += more
            own = session.get_one(Book, book.id)
            row = make_checkpoint(session, book=own, signer=SIGNER, now=NOW)
            packed = make_bundle(session, book=own, checkpoint=row, signer=SIGNER)
        answer = verify.answer(packed, since=since, key=SIGNER.key_line)
        alarms += not answer["ok"]
        since = packed if chance.random() < 0.5 else row.note.encode()
    return alarms


def bundle_changes(packed: bytes, changes: int) -> int:
    """Make one random change at a time; return how many of them the verifier found.

    Every other change flips a bit; the rest pack the bundle anew around a line that was changed,
    taken away, put in twice or swapped with the next.
    """
    chance = random.Random(1)
    files = verify.unpack(packed)
    found = 0
    for number in range(changes):
        data = bytearray(packed)
        if number % 2:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        while data == packed:
            name = chance.choice(verify.NAMES)
            lines = files[name].split(b"\n")
            place = chance.randrange(len(lines))
            deed = chance.choice("cdis")
            if deed == "c":
                lines[place] = lines[place] + b"0"
            elif deed == "d":
                del lines[place]
            elif deed == "i":
                lines.insert(place, lines[place])
            else:
                lines[place - 1], lines[place] = lines[place], lines[place - 1]
            data = bytearray(verify.pack({**files, name: b"\n".join(lines)}))
        found += not verify.answer(bytes(data))["ok"]
    return found


def database_changes(db: Database, changes: int) -> Counter[str]:
    """Make one random change at a time and take it back; count what was made and what was found.

    As somebody with every right on the database: guards off, nothing committed.
    """
    chance = random.Random(2)
    counted: Counter[str] = Counter()
    with db.engine.connect() as connection:
        transaction = connection.begin()
        unguard(connection)
        session = ReadSession(connection, autoflush=False, join_transaction_mode="create_savepoint")
        book = session.scalars(select(Book.id).where(Book.code == "A")).one()
        keys = {
            table: connection.execute(
                select(*table.primary_key).where(table.c.book_id == book)
            ).all()
            for table in TABLES
        }
        while counted["made"] < changes:
            point = connection.begin_nested()
            told = change(connection, chance, keys)
            if told:
                counted["made"] += 1
                found = first_difference(session, book)[1]
                counted["found"] += found is not None
                counted["named"] += found is not None and any(
                    word in found for word in ("entry", "account", "fund", "seal")
                )
                if found is None:
                    print(f"UNSEEN: {told}")
            point.rollback()
            session.expire_all()
        transaction.rollback()
    return counted


def change(connection: Connection, chance: random.Random, keys: dict[Table, Any]) -> str:
    """Change, delete, swap or insert; return what was done, or nothing when it was no change."""
    table = chance.choice(TABLES)
    row = row_of(connection, table, chance.choice(keys[table]))
    deed = chance.choices(("change", "delete", "swap", "insert"), (6, 1, 1, 1))[0]
    if deed == "delete":
        connection.execute(delete(table).where(*key_of(table, row)))
        return f"delete from {table}"
    if deed == "insert":
        last = list(table.primary_key)[-1]
        fresh = {**row._mapping, last.name: other(last, row, chance)}
        if table.name == "seal":
            fresh["entry_id"] = fresh["fund_id"] = fresh["account"] = None
        return f"insert {table}" if tried(connection, table.insert().values(fresh)) else ""
    column = chance.choice([c for c in table.columns if c.name != "book_id"])
    if deed == "change":
        value = other(column, row, chance)
        done = update(table).where(*key_of(table, row)).values({column.name: value})
        if value == getattr(row, column.name) or not tried(connection, done):
            return ""
        # PostgreSQL cuts off a blank that has no room: then nothing was changed.
        key = [getattr(row, one.name) for one in table.primary_key]
        if not column.primary_key and row_of(connection, table, key) == row:
            return ""
        return f"{table}.{column.name}: {getattr(row, column.name)!r} to {value!r}"
    twin = row_of(connection, table, chance.choice(keys[table]))
    if column.primary_key or getattr(row, column.name) == getattr(twin, column.name):
        return ""
    for one, two in ((row, twin), (twin, row)):
        value = getattr(two, column.name)
        swap = update(table).where(*key_of(table, one)).values({column.name: value})
        if not tried(connection, swap):
            return ""
    return f"swap {table}.{column.name}"


def tried(connection: Connection, statement: Any) -> bool:
    """Execute; a unique index may still stand in the way, and then nothing was changed."""
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except (IntegrityError, DataError):
        return False
    return True


def row_of(connection: Connection, table: Table, key: Any) -> Any:
    """Return a row by its key."""
    pairs = zip(table.primary_key, key, strict=True)
    return connection.execute(select(table).where(*(c == v for c, v in pairs))).one()


def key_of(table: Table, row: Any) -> list[Any]:
    """Return the conditions that pick a row."""
    return [column == getattr(row, column.name) for column in table.primary_key]


def other(column: Column[Any], row: Any, chance: random.Random) -> Any:
    """Return a value of the column's type; it may happen to be the same."""
    old, kind = getattr(row, column.name), column.type.python_type
    if column.nullable and chance.random() < 0.2:
        return None
    if kind is int:
        return (old or 0) + chance.choice((-3, -2, -1, 1, 2, 3, 900))
    if isinstance(column.type, Enum) and column.type.enum_class is not None:
        return chance.choice(list(column.type.enum_class))
    if kind is bool:
        return not old
    if kind is UUID:
        return new_id()
    if kind is date:
        return (old or NOW.date()) + timedelta(days=chance.choice((-400, -1, 1, 30)))
    if isinstance(column.type, UtcDateTime):
        return (old or NOW) + timedelta(microseconds=chance.choice((-1, 1, 10**9)))
    text = old or ""
    place = chance.randrange(len(text) + 1)
    return f"{text[:place]}{chance.choice('x 0-')}{text[place + 1 :]}"


def unguard(connection: Connection) -> None:
    """Switch off triggers, keys and checks for this transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("set session_replication_role = replica"))
        return
    connection.execute(text("pragma defer_foreign_keys = on"))
    connection.execute(text("pragma ignore_check_constraints = on"))
    for name in connection.scalars(
        text("select name from sqlite_master where type = 'trigger'")
    ).all():
        connection.execute(text(f'drop trigger "{name}"'))


if __name__ == "__main__":
    main()
