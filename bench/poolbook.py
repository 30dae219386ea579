"""Poolbook itself: through ``services.books.journal.post`` and the public import, all checks."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from bench.work import (
    HOT,
    INCOME,
    NOW,
    OTHERS,
    PAGE,
    Poster,
    Question,
    account_of,
    cents_of,
    day_of,
    other_of,
)
from ledger.core.accounts import BY_NUMBER
from ledger.core.entry import Entry, Posting
from ledger.db import Database, Session
from ledger.models.books import Account, Book
from ledger.queries.books.balances import account_statement, balance_of, trial_balance
from ledger.queries.books.seals import first_difference
from ledger.services.books.books import NewBook, NewFund, create_book, create_fund
from ledger.services.books.journal import post as post_entries
from ledger.services.books.seals import make_checkpoint, seal_all
from ledger.services.importing.bulk import import_entries
from ledger.signing import Signer
from migrations import upgrade
from reports.bundle import make_bundle
from reports.exports import export_journal
from reports.verify import answer


def prepare(url: str) -> None:
    """Migrate, and open a book with a fund and all accounts."""
    db = Database(url)
    upgrade(db.engine)
    with db.transaction() as session:
        book = create_book(
            session, new=NewBook(code="A", name="Bench", kind="community", currency="USD"), now=NOW
        )
        create_fund(
            session, book_id=book.id, fund=NewFund(code="GEN", fund_class="unrestricted"), now=NOW
        )
        for number in OTHERS:
            if number not in BY_NUMBER:
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
    db.dispose()


def poster(url: str) -> Poster:
    """Return a deed that posts as the API does: one transaction, the guards decide."""
    db = Database(url)

    def post(numbers: Any, hot: bool) -> None:
        def deed(session: Session) -> None:
            for number in numbers:
                cents, account = cents_of(number), HOT if hot else other_of(number)
                legs = (
                    Posting(account, "GEN", "USD", cents),
                    Posting(INCOME, "GEN", "USD", -cents),
                )
                post_entries(
                    session,
                    [Entry("A", legs)],
                    event_type="gift",
                    source="bench",
                    external_ref=str(number),
                    accounting_on=day_of(number),
                    now=NOW,
                )

        db.run(deed, decides=False)

    return post


def sealer(url: str) -> Callable[[], int]:
    """Return the deed that the worker does every second."""
    db = Database(url)
    return lambda: db.run(seal_all)


def load(url: str, start: int, stop: int, folder: Path) -> tuple[float, int]:
    """Import a file of JSON lines in a process of its own.

    Returns entries a second and the most memory that the process took, in MiB.
    """
    file = folder / "entries.jsonl"
    with file.open("w") as out:
        out.writelines(line(number) for number in range(start, stop))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seconds, mebibytes = pool.submit(_load, url, file).result()
    file.unlink()
    return (stop - start) / seconds, mebibytes


def line(number: int) -> str:
    """Return an entry as the public import reads it."""
    cents = cents_of(number)
    legs = ((account_of(number), cents), (INCOME, -cents))
    return (
        json.dumps(
            {
                "book": "A",
                "accounting_date": day_of(number).isoformat(),
                "event_type": "gift",
                "external_ref": str(number),
                "postings": [
                    {"account": account, "fund": "GEN", "commodity": "USD", "quantity": quantity}
                    for account, quantity in legs
                ],
            }
        )
        + "\n"
    )


def _load(url: str, file: Path) -> tuple[float, int]:
    db = Database(url)

    def deed(session: Session) -> None:
        with file.open("rb") as lines:
            import_entries(session, lines=lines, book=None, now=NOW)

    began = time.perf_counter()
    db.run(deed, decides=False)
    return time.perf_counter() - began, peak_mebibytes()


def peak_mebibytes() -> int:
    """Return this process's peak; rusage would count what its parent had when it began."""
    fields = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) // 1024


def seal(url: str) -> tuple[int, float]:
    """Seal what waits; return how much it was and the seconds it took."""
    db = Database(url)
    began = time.perf_counter()
    sealed = 0
    # The sealer takes half a million at a time.
    while some := db.run(seal_all):
        sealed += some
    seconds = time.perf_counter() - began
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze" if db.is_sqlite else "vacuum analyze"))
    db.dispose()
    return sealed, seconds


def verify(url: str) -> dict[str, float]:
    """Verify a bundle of all books offline, and the database itself; return entries a second."""
    db = Database(url)
    signer = Signer("bench.example", bytes(32))

    def packed(session: Session) -> tuple[int, bytes]:
        book = session.scalars(select(Book)).one()
        checkpoint = make_checkpoint(session, book=book, signer=signer, now=NOW)
        return checkpoint.size, make_bundle(
            session, book=book, checkpoint=checkpoint, signer=signer
        )

    entries, bundle = db.run(packed)
    began = time.perf_counter()
    offline = answer(bundle, key=signer.key_line)
    between = time.perf_counter()
    with db.snapshot() as session:
        _size, difference = first_difference(session, session.scalars(select(Book.id)).one())
    ended = time.perf_counter()
    if not offline["ok"] or difference:
        raise AssertionError(difference or offline)
    db.dispose()
    return {
        "verify a bundle offline": entries / (between - began),
        "verify the database": entries / (ended - between),
    }


def questions(url: str) -> dict[str, Question]:
    """Return the questions, each asked in a snapshot of its own as a page does."""
    db = Database(url)
    with db.snapshot() as session:
        book = session.scalars(select(Book.id)).one()

    def ask(question: Callable[..., Any], **how: Any) -> Any:
        with db.snapshot() as session:
            return question(session, book_id=book, **how)

    return {
        "W3 balance, busiest account": lambda day: ask(balance_of, accounts=[HOT], as_of=day),
        "W3 balance, another account": lambda day: ask(
            balance_of, accounts=[other_of(7)], as_of=day
        ),
        "W4 trial balance at a date": lambda day: ask(trial_balance, as_of=day),
        "W5 newest page, busiest account": lambda day: ask(
            account_statement, account=HOT, until=day, limit=PAGE
        ),
    }


def export(url: str, file: Path) -> None:
    """Write the journal as hledger reads it."""
    db = Database(url)
    with db.snapshot() as session, file.open("w") as out:
        book = session.scalars(select(Book)).one()
        export_journal(session, book=book, file_format="hledger", out=out)
    db.dispose()
