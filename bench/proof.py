"""Seal, bundle and verify ten thousand entries, then try to change them unseen.

Prints entries per second of posting, sealing, bundling and verifying, each also as a ratio to
hashing the same bytes alone; then how many of the random single changes were found.

    python -m bench.proof [--entries 10000] [--changes 2000] [--untouched 100]
"""

import argparse
import hashlib
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.models.books import Book
from ledger.models.seals import Checkpoint
from ledger.queries.seals import first_difference
from ledger.services.books import create_book, create_fund
from ledger.services.journal import Draft, post_batch
from ledger.services.seals import make_checkpoint, seal_book
from ledger.signing import Signer
from migrations import upgrade
from reports import verify
from reports.bundle import make_bundle

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SIGNER = Signer("bench.example", bytes(32))
TABLES = {
    "entry": ("accounting_on", "recorded_at", "event_type", "source", "external_ref"),
    "posting": ("line", "account", "commodity", "quantity", "accounting_on"),
    "account": ("name", "kind", "inter_book", "is_loss"),
    "seal": ("kind", "leaf_hash"),
}


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=2_000)
    parser.add_argument("--untouched", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        db = Database(f"sqlite:///{path}")
        with db.engine.begin() as connection:
            upgrade(connection)
        packed = speeds(db, asked.entries)
        alarms = sum(not verify.answer(packed)["ok"] for _time in range(asked.untouched))
        print(f"false alarms on {asked.untouched} untouched bundles: {alarms}")
        print(f"bundle: {bundle_changes(packed, asked.changes)} of {asked.changes} changes found")
        found = database_changes(db, path, asked.changes)
        print(f"database: {found} of {asked.changes} changes found")


def speeds(db: Database, entries: int) -> bytes:
    """Post, seal, bundle and verify; print entries per second; return the bundle."""
    with db.transaction() as session:
        book = create_book(
            session, code="A", name="Bench", kind="community", currency="USD", now=NOW
        )
        create_fund(session, book_id=book.id, code="GEN", fund_class="unrestricted", now=NOW)

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


def draft(number: int) -> Draft:
    """Return one gift of the bench."""
    legs = (
        Posting(1010, "GEN", "USD", 100 + number),
        Posting(4010, "GEN", "USD", -100 - number, pledge=f"P-{number}"),
    )
    day = date(2025, 1, 1) + timedelta(days=number % 365)
    return Draft(Entry("A", legs), "gift", "bench", str(number), day)


def timed(name: str, deed: Callable[[], Any], entries: int) -> Any:
    """Do it once and print how many entries a second went through."""
    started = time.perf_counter()
    answer = deed()
    seconds = time.perf_counter() - started
    print(f"{name:<24}{entries / seconds:>12,.0f} entries/s")
    return answer


def bundle_changes(packed: bytes, changes: int) -> int:
    """Flip one random bit at a time; return how many flips the verifier found."""
    chance = random.Random(1)
    found = 0
    for _time in range(changes):
        data = bytearray(packed)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        found += not verify.answer(bytes(data))["ok"]
    return found


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database file as somebody who owns the machine does."""
    connection = sqlite3.connect(path)
    yield connection
    connection.commit()
    connection.close()


def database_changes(db: Database, path: Path, changes: int) -> int:
    """Change one random value at a time and put it back; return how many were found."""
    db.dispose()
    with opened(path) as connection:
        names = connection.execute("select name from sqlite_master where type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f'drop trigger "{name}"')
    chance = random.Random(2)
    found = 0
    for _time in range(changes):
        table = chance.choice(list(TABLES))
        column = chance.choice(TABLES[table])
        with opened(path) as connection:
            (count,) = connection.execute(f"select count(*) from {table}").fetchone()
            row, old = connection.execute(
                f"select rowid, {column} from {table} limit 1 offset ?", [chance.randrange(count)]
            ).fetchone()
            connection.execute(
                f"update {table} set {column} = ? where rowid = ?", [other(old), row]
            )
        found += differs(db)
        with opened(path) as connection:
            connection.execute(f"update {table} set {column} = ? where rowid = ?", [old, row])
    return found


def other(value: Any) -> Any:
    """Return a value of the same kind that differs."""
    if isinstance(value, int):
        return value + 1000 if value > 1 else 1 - value
    if value.count("-") == 2 and value[:2] == "20":
        return f"2019{value[4:]}"
    return f"{value}x"


def differs(db: Database) -> bool:
    """Tell whether the check of the log finds something."""
    with db.engine.connect() as connection:
        session = OrmSession(connection, autoflush=False)
        book = session.scalar(select(Book.id))
        assert book is not None
        answer = first_difference(session, book)[1] is not None  # type: ignore[arg-type]
    db.dispose()
    return answer


if __name__ == "__main__":
    main()
