"""Periods: closed softly by a treasurer, closed for good when nothing in them waits, opened again
for a reason (PER).

Closing takes whoever asks and an approver; opening again whoever asks and two approvers. Neither
books anything: income and costs are told apart by date. What comes late is dated on the first
open day.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.days import day_in
from ledger.core.merkle import root_of
from ledger.core.vocabulary import Role
from ledger.core.written import format_day
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.periods import Period, PeriodState, SoftClose
from ledger.queries.accounting.periods import (
    blockers,
    closed_until,
    snapshot_of,
    softly_closed_until,
)
from ledger.queries.books.seals import log_hashes
from ledger.queries.people.people import emails_with_role
from ledger.queries.reconciliation.statements import unreconciled as unsigned_banks
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books.journal import lock_posting
from ledger.services.books.seals import seal_book
from ledger.services.people.people import send

CLOSING = "closing"
REOPENING = "reopening"
NAMES = {
    "bank_lines": "bank lines are not matched",
    "hours": "hours are not confirmed",
    "valuations": "things have no value",
    "unposted": "Stripe movements are not booked",
}


@dataclass(frozen=True, slots=True)
class Closing:
    """Up to and including which day a book is to be closed, and why although a bank account is not
    reconciled; None when all are."""

    until: date
    unreconciled: str | None = None


@dataclass(frozen=True, slots=True)
class Reopening:
    """Which closed period is to be opened again."""

    period: UUID


def soft_close(
    session: Session, *, book: Book, until: date, reason: str, made_by: UUID, now: datetime
) -> SoftClose:
    """Let into a book, up to and including a day, only what an approver agreed to.

    Books nothing and needs nobody else: it only makes the treasurer's own work stricter.
    Raises Invalid for a day that is not over or is closed already, or without a reason.
    """
    _check_day(session, book.id, until, now)
    softly = softly_closed_until(session, [book.id]).get(book.id)
    if softly is not None and until <= softly:
        raise Invalid(
            "The books already have a soft close up to {softly}.",
            place="until",
            softly=format_day(softly),
        )
    if not reason.strip():
        raise Invalid("Enter a reason.", place="reason")
    row = SoftClose(
        book_id=book.id, until_on=until, reason=reason, closed_by=made_by, closed_at=now
    )
    session.add(row)
    session.flush()
    return row


def lift_soft_close(
    session: Session, *, book_id: UUID, soft_close_id: UUID, lifted_by: UUID, now: datetime
) -> SoftClose:
    """End a soft close. Raises NotFound, or Conflict when it has ended already."""
    row = session.scalar(
        select(SoftClose).where(SoftClose.id == soft_close_id, SoftClose.book_id == book_id)
    )
    if row is None:
        raise NotFound("This book has no such soft close.", place="period")
    if row.lifted_at is not None:
        raise Conflict("This soft close has already been lifted.", place="period")
    row.lifted_by, row.lifted_at = lifted_by, now
    session.flush()
    return row


def propose_closing(
    session: Session,
    *,
    book: Book,
    until: date,
    reason: str,
    made_by: UUID,
    now: datetime,
    unreconciled: str = "",
) -> ApprovalRequest:
    """Ask to close a book up to and including a day. Raises as ``close_period``."""
    unreconciled = unreconciled.strip()
    _check(session, book.id, until, unreconciled, now)
    return propose(
        session,
        book_id=book.id,
        kind=CLOSING,
        title=f"Close the books up to {format_day(until)}",
        reason=reason,
        payload=Closing(until, unreconciled or None),
        made_by=made_by,
        now=now,
    )


def close_period(
    session: Session,
    *,
    book_id: UUID,
    until: date,
    closed_by: UUID,
    approved_by: UUID,
    now: datetime,
    unreconciled: str = "",
) -> Period:
    """Close a book up to and including a day, with its balances and its log's head.

    ``unreconciled`` is why it may be closed although a bank account has no signed reconciliation
    statement of the day. Nobody posts meanwhile; see ``journal.lock_posting`` for what has to
    happen before. Raises Invalid for a day that is not over or is closed, Conflict while something
    waits or is not reconciled.
    """
    lock_posting(session)
    _check(session, book_id, until, unreconciled, now)
    seal_book(session, book_id=book_id)
    hashes = log_hashes(session, book_id)
    text, digest = snapshot_of(session, book_id=book_id, until=until)
    row = Period(
        book_id=book_id,
        until_on=until,
        state=PeriodState.CLOSED,
        snapshot=text,
        snapshot_sha256=digest,
        log_size=len(hashes),
        log_root=root_of(hashes).hex(),
        closed_by=closed_by,
        approved_by=approved_by,
        closed_at=now,
        unreconciled=unreconciled,
    )
    session.add(row)
    soft = session.scalars(
        select(SoftClose).where(
            SoftClose.book_id == book_id,
            SoftClose.until_on <= until,
            SoftClose.lifted_at.is_(None),
        )
    )
    for one in soft:
        one.lifted_by, one.lifted_at = closed_by, now
    session.flush()
    return row


def propose_reopening(
    session: Session, *, book: Book, period_id: UUID, reason: str, made_by: UUID, now: datetime
) -> ApprovalRequest:
    """Ask to open the last closed period again. Raises as ``reopen_period``."""
    row = _last_closed(session, book.id, period_id)
    return propose(
        session,
        book_id=book.id,
        kind=REOPENING,
        title=f"Open the books again up to {format_day(row.until_on)}",
        reason=reason,
        payload=Reopening(period_id),
        made_by=made_by,
        now=now,
    )


def reopen_period(
    session: Session,
    *,
    book_id: UUID,
    period_id: UUID,
    reason: str,
    reopened_by: UUID,
    approved_by: UUID,
    now: datetime,
) -> Period:
    """Open the last closed period again; its snapshot stays. Raises NotFound, or Conflict when a
    later one is closed."""
    row = _last_closed(session, book_id, period_id)
    row.state = PeriodState.REOPENED
    row.reopened_by = reopened_by
    row.reopened_approved_by = approved_by
    row.reopened_at = now
    row.reason = reason
    session.flush()
    book = session.get_one(Book, book_id)
    for address in emails_with_role(session, book_id=book_id, role=Role.AUDITOR, now=now):
        send(
            session,
            to_email=address,
            subject=f"{book.name}: a closed period was reopened",
            body=f"The books up to {format_day(row.until_on)} were reopened.\n\n"
            f"Reason given: {reason}\n\nThe signed balances are kept.",
            now=now,
        )
    return row


def _check_day(session: Session, book_id: UUID, until: date, now: datetime) -> None:
    if until >= day_in(session.get_one(Book, book_id).time_zone, now):
        raise Invalid("You can close a period only after its last day.", place="until")
    closed = closed_until(session, [book_id]).get(book_id)
    if closed is not None and until <= closed:
        raise Invalid(
            "The books are already closed up to {closed}.", place="until", closed=format_day(closed)
        )


def _check(session: Session, book_id: UUID, until: date, unreconciled: str, now: datetime) -> None:
    _check_day(session, book_id, until, now)
    waiting = blockers(session, book_id=book_id, until=until)
    if waiting:
        what = "; ".join(f"{count} {NAMES[kind]}" for kind, count in waiting)
        raise Conflict("The period cannot be closed yet: {what}.", place="until", what=what)
    lacking = [] if unreconciled else unsigned_banks(session, book_id=book_id, until=until)
    if lacking:
        raise Conflict(
            "No signed reconciliation statement of {until} holds for {names}. Have one signed, or "
            "say why the period is closed without it.",
            place="unreconciled",
            until=format_day(until),
            names=", ".join(f"{bank.account} {bank.commodity}" for bank in lacking),
        )


def _last_closed(session: Session, book_id: UUID, period_id: UUID) -> Period:
    row = session.scalar(select(Period).where(Period.id == period_id, Period.book_id == book_id))
    if row is None:
        raise NotFound("This book has no such period.", place="period")
    if row.state != PeriodState.CLOSED:
        raise Conflict("This period is already open.", place="period")
    if closed_until(session, [book_id]).get(book_id) != row.until_on:
        raise Conflict("A later period is closed. Reopen that one first.", place="period")
    return row


def _close(
    session: Session, approval_request: ApprovalRequest, payload: Closing, decision: Decision
) -> None:
    close_period(
        session,
        book_id=approval_request.book_id,
        until=payload.until,
        closed_by=approval_request.made_by,
        approved_by=decision.by,
        now=decision.now,
        unreconciled=payload.unreconciled or "",
    )


def _reopen(
    session: Session, approval_request: ApprovalRequest, payload: Reopening, decision: Decision
) -> None:
    reopen_period(
        session,
        book_id=approval_request.book_id,
        period_id=payload.period,
        reason=approval_request.reason,
        reopened_by=approval_request.made_by,
        approved_by=decision.by,
        now=decision.now,
    )


register(ApprovalKind(CLOSING, Closing, _close, books_nothing=True, lock=lock_posting))
register(ApprovalKind(REOPENING, Reopening, _reopen, books_nothing=True))
