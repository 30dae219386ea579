"""Money between a book's own funds: a restriction ends, a board sets aside or covers a hole
(events REL-2, REL-3, COR-2); minor units. Proposed by one person, approved by another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.core.vocabulary import FundClass
from ledger.core.written import format_day
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund

RELEASE = "release"
DESIGNATION = "designation"
TITLES = {RELEASE: "Restriction ends", DESIGNATION: "Move between funds"}
FREE = (FundClass.UNRESTRICTED, FundClass.DESIGNATED)
TIMED = (FundClass.TIME, FundClass.PURPOSE_TIME)


@dataclass(frozen=True, slots=True)
class FundTransfer:
    """Money that is to move between two funds of a book, in minor units."""

    from_fund: UUID
    to_fund: UUID
    quantity: int
    commodity: str


def propose_release(
    session: Session,
    *,
    from_fund: Fund,
    to_fund: Fund,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to free money whose time restriction has ended (REL-2).

    Raises Invalid unless it goes from a fund restricted in time to a free one.
    """
    if from_fund.fund_class not in TIMED:
        raise Invalid("This fund has no time restriction.", place="from_fund")
    funds = (from_fund, to_fund)
    return _propose(session, RELEASE, funds, amount, reason=reason, made_by=made_by, now=now)


def propose_designation(
    session: Session,
    *,
    from_fund: Fund,
    to_fund: Fund,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask to move free money: set aside (REL-3), or to cover another fund's hole (COR-2).

    Raises Invalid when the money is not free to move.
    """
    if from_fund.fund_class not in FREE:
        raise Invalid("The board can only move unrestricted money.", place="from_fund")
    funds = (from_fund, to_fund)
    return _propose(session, DESIGNATION, funds, amount, reason=reason, made_by=made_by, now=now)


def release(
    session: Session, approval_request: ApprovalRequest, payload: FundTransfer, decision: Decision
) -> None:
    """Post a release. Raises Conflict before the restriction's last day or without the money."""
    fund = session.get_one(Fund, payload.from_fund)
    until = fund.restriction_until_on
    if until is not None and decision.on <= until:
        raise Conflict(
            "The restriction ends on {until}. The fund can be released after that.",
            place="from_fund",
            until=format_day(until),
        )
    _move(session, approval_request, payload, decision, bookkeeping.restriction_released)


def designate(
    session: Session, approval_request: ApprovalRequest, payload: FundTransfer, decision: Decision
) -> None:
    """Post a move of free money. Raises Conflict when the fund has less."""
    _move(session, approval_request, payload, decision, bookkeeping.funds_designated)


def _propose(
    session: Session,
    kind: str,
    funds: tuple[Fund, Fund],
    amount: int,
    *,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    from_fund, to_fund = funds
    book = session.get_one(Book, from_fund.book_id)
    check_own_fund(book, from_fund, place="from_fund")
    check_own_fund(book, to_fund, place="to_fund")
    if from_fund.id == to_fund.id:
        raise Invalid("Choose two different funds.", place="to_fund")
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    return propose(
        session,
        book_id=book.id,
        kind=kind,
        title=f"{TITLES[kind]}: {from_fund.code} to {to_fund.code}",
        reason=reason,
        payload=FundTransfer(from_fund.id, to_fund.id, amount, book.commodity),
        made_by=made_by,
        now=now,
    )


def _move(
    session: Session,
    approval_request: ApprovalRequest,
    payload: FundTransfer,
    decision: Decision,
    event: Callable[..., list[Entry]],
) -> None:
    book = session.get_one(Book, approval_request.book_id)
    fund = hold(session, payload.from_fund, payload.quantity)
    journal.post(
        session,
        event(
            book=book.code,
            from_fund=fund.code,
            to_fund=session.get_one(Fund, payload.to_fund).code,
            currency=payload.commodity,
            amount=payload.quantity,
        ),
        event_type=approval_request.kind,
        source=approval_request.kind,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


register(ApprovalKind(RELEASE, FundTransfer, release))
register(ApprovalKind(DESIGNATION, FundTransfer, designate))
