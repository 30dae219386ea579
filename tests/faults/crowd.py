"""What one of eight processes does that post to the same books at the same moment.

Each process has its own connections. What a user would be told is noted as it is told: done,
refused with a sentence, or broken by anything else.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import text

from ledger.core.entry import Posting, entry
from ledger.db import Database, ReadSession, Session
from ledger.errors import PoolbookError
from ledger.models.books import Fund
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.books.funds import spendable
from ledger.services.accounting import fund_control
from ledger.services.approvals import decisions
from ledger.services.banking import cash
from ledger.services.books import journal
from tests.conftest import NOW

TODAY = NOW.date()
GIFT = 100
CASH = 7
TOGETHER_SECONDS = 60

Deed = Callable[[Session], object]


@dataclass
class Told:
    """What one process was told."""

    pid: int
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


TOGETHER: list[Barrier] = []


def arrive(barrier: Barrier) -> None:
    """Begin a process of the crowd: all wait for each other here before each play."""
    TOGETHER.append(barrier)


def play(
    url: str, number: int, each: int, spendings: list[UUID], approver: UUID, fault: str = ""
) -> Told:
    """Post ``each`` gifts, counts of cash and gifts that everybody tells; approve spendings.

    In another order in every process, for which ``number`` stands. ``fault`` is of ``FAULTS``.
    """
    deeds: list[tuple[str, Deed, bool]] = [
        ("spending", partial(_approve, request_id, approver), True) for request_id in spendings
    ]
    for n in range(each):
        deeds.append(("gift", partial(_gift, f"{number}/{n}"), False))
        deeds.append(("cash", partial(_count_cash, f"{number}/{n}"), True))
        # Told by everybody, by some as other programs tell it and by some as a page does.
        deeds.append(("shared", partial(_gift, f"all/{n}"), number % 2 == 0))
    random.Random(number).shuffle(deeds)
    told = Told(os.getpid())
    with FAULTS[fault]():
        db = Database(url)
        with db.snapshot() as session:
            session.execute(text("select 1"))
        TOGETHER[-1].wait(TOGETHER_SECONDS)
        for name, deed, decides in deeds:
            began = time.monotonic()
            try:
                db.run(deed, decides=decides and fault != "no guard")
                told.done[name] += 1
            except PoolbookError as refusal:
                told.refused[refusal.message] += 1
            except Exception as error:
                told.broken.append(f"{name}: {type(error).__name__}: {error}")
            told.seconds.append(time.monotonic() - began)
        db.dispose()
    return told


def _gift(reference: str, session: Session) -> None:
    journal.post(
        session,
        [entry("A", Posting(1010, "GEN", "USD", GIFT), Posting(4010, "GEN", "USD", -GIFT))],
        event_type="gift",
        source="test",
        external_ref=reference,
        accounting_on=TODAY,
        now=NOW,
    )


def _count_cash(reference: str, session: Session) -> None:
    book = book_by_code(session, "A")
    cash.record_cash(
        session,
        book=book,
        counted=cash.Counted(
            fund=fund_by_code(session, book.id, "GEN"), amount=CASH, reference=reference, on=TODAY
        ),
        now=NOW,
        made_by=None,
    )


def _approve(request_id: UUID, approver: UUID, session: Session) -> None:
    decisions.decide(
        session, request_id=request_id, approve=True, decided_by=approver, note="", now=NOW
    )


SLOW_SECONDS = 0.2
_spendable = spendable


def _spendable_slowly(session: ReadSession, fund: Fund, **more: Any) -> int:
    """Read, and be slow to act on it: who is not held back reads the same meanwhile."""
    found = _spendable(session, fund, **more)
    time.sleep(SLOW_SECONDS)
    return found


def _lock_nothing(session: Session, fund_id: UUID) -> Fund:
    return session.get_one(Fund, fund_id)


@contextmanager
def _no_guard() -> Iterator[None]:
    """Read, then write; nobody is held back and nothing is compared (with READ COMMITTED)."""
    with (
        patch.object(fund_control, "spendable", _spendable_slowly),
        patch.object(fund_control, "lock_fund", _lock_nothing),
    ):
        yield


@contextmanager
def _one_try() -> Iterator[None]:
    """No second try; and SQLite takes its lock as late as it does by itself."""
    with (
        patch.object(fund_control, "spendable", _spendable_slowly),
        patch("ledger.db.MAX_TRIES", 1),
        patch("ledger.db.PATIENCE_SECONDS", 0),
        patch("ledger.db._begin_sqlite", lambda connection: connection.exec_driver_sql("BEGIN")),
    ):
        yield


FAULTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "": nullcontext,
    "no guard": _no_guard,
    "one try": _one_try,
}
