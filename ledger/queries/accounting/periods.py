"""Questions about closed periods: until when, what keeps one open, and whether it still agrees."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.assets import Intake
from ledger.models.books import Book
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.journal import Entry
from ledger.models.payments import BalanceTransaction
from ledger.models.periods import Period, PeriodState, SoftClose
from ledger.models.statements import BankLine, LineState
from ledger.queries.books.balances import trial_balance
from ledger.queries.equipment.assets import without_value
from ledger.queries.people.people import names_of

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A closed period as people see it."""

    id: UUID
    until_on: date
    state: PeriodState
    snapshot_sha256: str
    log_size: int
    log_root: str
    closed_by: str
    approved_by: str
    closed_at: datetime
    reopened_at: datetime | None
    reason: str
    unreconciled: str
    # Whether the balances of the day are still those that were signed; None: opened again.
    agrees: bool | None = None


@dataclass(frozen=True, slots=True)
class SoftCloseRow:
    """A soft close that holds."""

    id: UUID
    until_on: date
    closed_by: str
    closed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class LateRow:
    """An entry that undoes one of a closed period and is dated after it."""

    entry_id: UUID
    accounting_on: date
    reverses: UUID
    reversed_on: date
    event_type: str


def closed_until(session: ReadSession, book_ids: Iterable[UUID]) -> dict[UUID, date]:
    """Return the last closed day of each book that has one."""
    rows = session.execute(
        select(Period.book_id, func.max(Period.until_on))
        .where(Period.book_id.in_(list(book_ids)), Period.state == PeriodState.CLOSED)
        .group_by(Period.book_id)
    )
    return dict(iter(rows))


def last_closed(session: ReadSession, *, book_id: UUID) -> UUID:
    """Return the period of a book that is closed and ends last. Raises NotFound."""
    found = session.scalar(
        select(Period.id)
        .where(Period.book_id == book_id, Period.state == PeriodState.CLOSED)
        .order_by(Period.until_on.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("This book has no closed period.", place="period")
    return found


def softly_closed_until(session: ReadSession, book_ids: Iterable[UUID]) -> dict[UUID, date]:
    """Return the last day of each book that is closed for what no approver agreed to."""
    rows = session.execute(
        select(SoftClose.book_id, func.max(SoftClose.until_on))
        .where(SoftClose.book_id.in_(list(book_ids)), SoftClose.lifted_at.is_(None))
        .group_by(SoftClose.book_id)
    )
    return dict(iter(rows))


def soft_closes_of(session: ReadSession, *, book_id: UUID) -> list[SoftCloseRow]:
    """Return the soft closes of a book that hold, the latest day first."""
    rows = session.scalars(
        select(SoftClose)
        .where(SoftClose.book_id == book_id, SoftClose.lifted_at.is_(None))
        .order_by(SoftClose.until_on.desc())
    ).all()
    names = names_of(session, {row.closed_by for row in rows})
    return [
        SoftCloseRow(row.id, row.until_on, names.get(row.closed_by, ""), row.closed_at, row.reason)
        for row in rows
    ]


def late_corrections(session: ReadSession, *, book_id: UUID, limit: int = 50) -> list[LateRow]:
    """Return what undoes entries of closed periods, dated in the open one; the newest first."""
    target = aliased(Entry)
    rows = session.execute(
        select(Entry.id, Entry.accounting_on, target.id, target.accounting_on, target.event_type)
        .join(target, (target.book_id == Entry.book_id) & (target.id == Entry.reverses))
        .join(
            Period,
            (Period.book_id == Entry.book_id)
            & (Period.state == PeriodState.CLOSED)
            & (Period.until_on >= target.accounting_on)
            & (Period.until_on < Entry.accounting_on),
        )
        .where(Entry.book_id == book_id)
        .distinct()
        .order_by(Entry.accounting_on.desc(), Entry.id.desc())
        .limit(limit)
    )
    return [LateRow(*row) for row in rows]


def periods_of(session: ReadSession, *, book_id: UUID) -> list[PeriodRow]:
    """Return a book's periods, the newest closing first."""
    rows = session.scalars(
        select(Period).where(Period.book_id == book_id).order_by(Period.closed_at.desc())
    ).all()
    names = names_of(session, {one for row in rows for one in (row.closed_by, row.approved_by)})
    return [
        PeriodRow(
            row.id,
            row.until_on,
            row.state,
            row.snapshot_sha256,
            row.log_size,
            row.log_root,
            names.get(row.closed_by, ""),
            names.get(row.approved_by, ""),
            row.closed_at,
            row.reopened_at,
            row.reason,
            row.unreconciled,
            agrees(session, row) if row.state == PeriodState.CLOSED else None,
        )
        for row in rows
    ]


def blockers(session: ReadSession, *, book_id: UUID, until: date) -> list[tuple[str, int]]:
    """Return what in the period is not decided yet, by kind, with how many (invariant I-33)."""
    zone = ZoneInfo(session.get_one(Book, book_id).time_zone)
    after = datetime.combine(until + ONE_DAY, time.min, zone)
    lines = _count(
        session,
        BankLine,
        BankLine.book_id == book_id,
        BankLine.state == LineState.OPEN,
        BankLine.booked_on <= until,
    )
    hours = _count(
        session,
        HoursEntry,
        HoursEntry.book_id == book_id,
        HoursEntry.state == HoursState.LOGGED,
        HoursEntry.worked_on <= until,
    )
    things = _count(session, Intake, without_value(book_id), Intake.received_on <= until)
    stripe = _count(
        session,
        BalanceTransaction,
        BalanceTransaction.posted_at.is_(None),
        BalanceTransaction.created_at < after,
        or_(BalanceTransaction.book_id.is_(None), BalanceTransaction.book_id == book_id),
    )
    found = [("bank_lines", lines), ("hours", hours), ("valuations", things), ("unposted", stripe)]
    return [(kind, count) for kind, count in found if count]


def snapshot_of(session: ReadSession, *, book_id: UUID, until: date) -> tuple[str, str]:
    """Return the trial balance of a day as canonical JSON, and its SHA-256."""
    rows = [
        [row.account, row.fund, row.layer.value, row.commodity, row.quantity]
        for row in trial_balance(session, book_id=book_id, as_of=until)
    ]
    text = json.dumps(rows, separators=(",", ":"), ensure_ascii=False)
    return text, hashlib.sha256(text.encode()).hexdigest()


def agrees(session: ReadSession, row: Period) -> bool:
    """Tell whether a period's balances, added up again, are those that were signed (I-61)."""
    found = snapshot_of(session, book_id=row.book_id, until=row.until_on)
    return found == (row.snapshot, row.snapshot_sha256)


def first_drift(session: ReadSession) -> tuple[int, str | None]:
    """Recompute every closed period; return how many agree and the first that does not (I-61)."""
    agreed = 0
    query = select(Period, Book.code).join(Book, Book.id == Period.book_id)
    for row, code in session.execute(query.where(Period.state == PeriodState.CLOSED)).all():
        if not agrees(session, row):
            return agreed, f"book {code}: the balances of {row.until_on} are not what was signed"
        agreed += 1
    return agreed, None


def _count(session: ReadSession, table: type, *conditions: object) -> int:
    query = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
    return int(session.scalar(query) or 0)
