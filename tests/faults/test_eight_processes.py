"""Eight processes post to one hot account and spend from one limited fund: nothing is lost,
nothing overdrawn, and nobody is told of a lock (reliability row 7)."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.core.entry import Posting, entry
from ledger.db import Database
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.journal import Entry
from ledger.queries.books.balances import balance_of
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.books.funds import spendable
from ledger.queries.invariants import check
from ledger.services.books import journal, seals
from ledger.services.spending import spending
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from tests.faults import crowd
from tests.faults.crowd import CASH, GIFT, Told

PROCESSES = 8
PRICE = 1_000
# What stays in the limited fund: one unit less than another spending takes.
REST = PRICE - 1


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Eight processes that have imported everything and wait for each other."""
    context = get_context("forkserver")
    context.set_forkserver_preload([crowd.__name__])
    together = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, crowd.arrive, (together,)) as pool:
        yield pool


def asked(db: Database, *, spendings: int, fit: int) -> tuple[list[list[UUID]], UUID]:
    """Spendings to approve, so many for each process, of a fund with money for ``fit`` in all."""
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        roof = make_fund(session, book, "ROOF", "purpose")
        there = fit * PRICE + REST
        legs = Posting(1010, "ROOF", "USD", there), Posting(3020, "ROOF", "USD", -there)
        journal.post(
            session,
            [entry("A", *legs)],
            event_type="opening_balances",
            source="test",
            external_ref="opening",
            accounting_on=crowd.TODAY,
            now=NOW,
        )
        maker = make_person(session, "Mia Maker", book, "treasurer")
        checker = make_person(session, "Cora Checker", book, "approver")
        for _number in range(PROCESSES * spendings):
            spending.request_spending(
                session,
                book=book,
                fund=roof,
                request=spending.SpendingRequest(
                    amount=PRICE, title="Tiles", reason="The roof leaks"
                ),
                made_by=maker.id,
                now=NOW,
            )
        waiting = session.scalars(select(ApprovalRequest.id).order_by(ApprovalRequest.id)).all()
        return [list(waiting[number::PROCESSES]) for number in range(PROCESSES)], checker.id


def left(db: Database) -> int:
    """Return what the limited fund has to spend at this moment."""
    with db.snapshot() as session:
        book = book_by_code(session, "A")
        return spendable(session, fund_by_code(session, book.id, "ROOF"))


def all_at_once(
    processes: ProcessPoolExecutor,
    db: Database,
    *,
    each: int,
    spendings: int,
    fit: int,
    fault: str = "",
) -> tuple[list[Told], list[int]]:
    """Let the crowd go; meanwhile seal as the worker does, and look at the limited fund."""
    waiting, approver = asked(db, spendings=spendings, fit=fit)
    running = [
        processes.submit(crowd.play, db.url, number, each, waiting[number], approver, fault)
        for number in range(PROCESSES)
    ]
    seen = []
    while not all(one.done() for one in running):
        db.run(seals.seal_all)
        seen.append(left(db))
        time.sleep(0.1)
    told = [one.result() for one in running]
    assert len({one.pid for one in told}) == PROCESSES
    return told, [*seen, left(db)]


def added(counts: list[Counter[str]]) -> Counter[str]:
    return sum(counts, Counter())


@pytest.mark.parametrize("each", [8, pytest.param(500, marks=pytest.mark.long)])
def test_nothing_is_lost_or_overdrawn_and_no_lock_is_told(
    processes: ProcessPoolExecutor, db: Database, each: int
) -> None:
    fit, spendings = each, each // 2
    told, seen = all_at_once(processes, db, each=each, spendings=spendings, fit=fit)
    seconds = sorted(second for one in told for second in one.seconds)
    at = [round(seconds[int(len(seconds) * part)], 3) for part in (0.5, 0.99)]
    print(
        f"{len(seconds)} deeds: half within {at[0]} s, 99 % within {at[1]}, all {seconds[-1]:.3f}"
    )
    many = PROCESSES * each
    assert [trouble for one in told for trouble in one.broken] == []
    assert added([one.done for one in told]) == {
        "gift": many,
        "cash": many,
        "shared": many,
        "spending": fit,
    }
    assert added([one.refused for one in told]) == {
        "The fund does not have enough to spend this amount.": PROCESSES * spendings - fit
    }
    assert min(seen) == seen[-1] == REST
    # What everybody told is in the books once.
    with db.snapshot() as session:
        kinds = select(Entry.event_type, func.count()).group_by(Entry.event_type)
        stored = dict(iter(session.execute(kinds)))
        book_id = book_by_code(session, "A").id
        bank = balance_of(session, book_id=book_id, accounts=[1010])["USD"]
        cash = balance_of(session, book_id=book_id, accounts=[1030])["USD"]
    assert (stored["gift"], stored["cash_received"]) == (many + each, many)
    assert bank == (many + each) * GIFT + fit * PRICE + REST
    assert cash == many * CASH
    db.run(seals.seal_all)
    with db.snapshot() as session:
        assert [row for row in check(session) if not row.ok] == []


def test_without_lock_and_isolation_more_is_spent_than_there_is(
    processes: ProcessPoolExecutor, db: Database
) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has one writer at a time, whoever asks")
    told, seen = all_at_once(processes, db, each=0, spendings=1, fit=1, fault="no guard")
    assert added([one.done for one in told])["spending"] > 1
    assert seen[-1] < 0


def test_without_a_second_try_a_lock_is_told(processes: ProcessPoolExecutor, db: Database) -> None:
    told, _seen = all_at_once(processes, db, each=0, spendings=1, fit=1, fault="one try")
    broken = [trouble for one in told for trouble in one.broken]
    assert any("database is locked" in one or "SerializationFailure" in one for one in broken)
