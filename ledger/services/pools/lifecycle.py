"""What becomes of a pool's money and hours: shares that can be taken out again, allocations on a
condition, money given back, and charge-backs (events POL-5, POL-6, ALC-4 to ALC-6, ALC-8); minor
units, minutes.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.amount import is_currency
from ledger.core.states import AgreementKind, Move, after
from ledger.core.vocabulary import RequestState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.pools import PoolMember
from ledger.queries.books.balances import balance_of
from ledger.queries.books.funds import between, on_account
from ledger.queries.pools.pools import available
from ledger.services.accounting.fund_control import hold, lock_fund
from ledger.services.approvals.agreements import (
    AgreementAsked,
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    load,
    open_agreement,
    submit_for_approval,
    total,
    transition,
)
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.pools.pools import PoolParts

REFUNDABLE = AgreementKind.REFUNDABLE
EXIT = "pool_exit"
CONDITIONAL = AgreementKind.CONDITIONAL_ALLOCATION


@dataclass(frozen=True, slots=True)
class Condition:
    """What is allocated once something is reached: minor units of the pool's currency, or
    minutes of ``commodity``."""

    quantity: int
    milestone: str
    commodity: str = ""


def propose_refundable(
    session: Session,
    *,
    pool: Book,
    member: Book,
    fund: Fund,
    amount: int,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask a member's approver to put money in that it may take out again (POL-5).

    Raises Invalid for somebody who is no member.
    """
    _member(session, pool.id, member.id)
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=REFUNDABLE,
            book=member,
            fund=fund,
            quantity=amount,
            title=f"Refundable contribution to {pool.name}",
            other=pool,
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=reason, now=now)
    return row


def put_in(session: Session, row: Agreement, decision: Decision) -> None:
    """Book the share in the pool. Raises Conflict when the member's fund has less."""
    hold(session, row.fund_id, row.quantity)
    entries = bookkeeping.refundable_contribution_made(**_share(session, row))
    approve(session, row, entries, decision)


def propose_exit(
    session: Session, *, contribution_id: UUID, reason: str, made_by: UUID, now: datetime
) -> ApprovalRequest:
    """Ask the host's approver to give a leaving member its share back (POL-6): it is the host's
    bank that pays.

    Raises Conflict when that is asked for already, and as ``leave_pool``.
    """
    row = load(session, contribution_id, REFUNDABLE)
    parts = _check_exit(session, row)
    waits = select(ApprovalRequest.id).where(
        ApprovalRequest.kind == EXIT,
        ApprovalRequest.state == RequestState.OPEN,
        ApprovalRequest.arguments["commitment"].as_string() == str(row.id),
    )
    if session.scalar(waits) is not None:
        raise Conflict(
            "This has already been requested. {name} decides.", place="reason", name=parts.host.name
        )
    member = session.get_one(Book, row.book_id)
    return propose(
        session,
        book_id=parts.host.id,
        kind=EXIT,
        title=f"{member.name} takes its share out of {parts.book.name}",
        reason=reason,
        payload=AgreementAsked(row.id, row.quantity, row.commodity),
        made_by=made_by,
        now=now,
    )


def leave_pool(
    session: Session, approval_request: ApprovalRequest, payload: AgreementAsked, decision: Decision
) -> None:
    """Give a leaving member its share back (POL-6).

    Raises Conflict while pool and member still owe each other, or the pool has less.
    """
    row = load(session, payload.commitment, REFUNDABLE)
    _check_exit(session, row)
    transition(
        session,
        row,
        Move.EXIT,
        bookkeeping.refundable_contribution_returned(**_share(session, row)),
        taken=StepTaken(
            quantity=row.quantity,
            on=decision.on,
            now=decision.now,
            by=decision.by,
            asked_by=approval_request.made_by,
        ),
    )


def _check_exit(session: ReadSession, row: Agreement) -> PoolParts:
    after(row.kind, row.state, Move.EXIT)
    parts = PoolParts(session, _other(row))
    if _owes(session, parts, row.book_id):
        raise Conflict(
            "The pool and the member still owe each other money. Settle that first.", place="member"
        )
    if on_account(session, parts.fund, Acct.INTER_COMMUNITY) < row.quantity:
        raise Conflict("The host holds less than this amount for the pool.", place="amount")
    return parts


def propose_conditional(
    session: Session,
    *,
    pool: Book,
    member: Book,
    fund: Fund,
    condition: Condition,
    reason: str,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask to allocate money on a condition, or pledged hours (ALC-4, ALC-8).

    Raises Invalid for somebody who is no member or a fund that is not theirs.
    """
    _member(session, pool.id, member.id)
    if fund.book_id != member.id:
        raise Invalid("This fund belongs to another book.", place="fund")
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=CONDITIONAL,
            book=pool,
            fund=PoolParts(session, pool.id).fund,
            quantity=condition.quantity,
            commodity=condition.commodity,
            title=condition.milestone,
            other=member,
            terms={"member_fund": str(fund.id)},
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=reason, now=now)
    return row


def promise(session: Session, row: Agreement, decision: Decision) -> None:
    """Book an approval that waits for its condition. Raises Conflict when less is there."""
    lock_fund(session, row.fund_id)
    there = available(session, pool_id=row.book_id, on=decision.on, commodity=row.commodity)
    if there < row.quantity:
        raise Conflict("The pool has less than this to allocate.", place="quantity")
    parts = PoolParts(session, row.book_id)
    entries = bookkeeping.allocation_promised(
        pool=parts.book.code,
        pool_fund=parts.fund.code,
        member=session.get_one(Book, row.other_id).code,
        commodity=row.commodity,
        quantity=row.quantity,
    )
    approve(session, row, entries, decision)


def reach_milestone(
    session: Session, *, allocation_id: UUID, by: UUID, on: date, now: datetime
) -> None:
    """Book an allocation whose condition is met (ALC-4). Raises Invalid for hours: those are
    booked as they are worked."""
    row = load(session, allocation_id, CONDITIONAL)
    if not is_currency(row.commodity):
        raise Invalid("Volunteer hours are recorded as they are worked.", place="commodity")
    parts = PoolParts(session, row.book_id)
    entries = bookkeeping.allocation_due(
        pool=parts.book.code,
        pool_fund=parts.fund.code,
        member=session.get_one(Book, row.other_id).code,
        member_fund=session.get_one(Fund, UUID(row.terms["member_fund"])).code,
        currency=row.commodity,
        amount=row.quantity,
    )
    transition(
        session,
        row,
        Move.REACH,
        entries,
        taken=StepTaken(quantity=row.quantity, on=on, now=now, by=by),
    )


def hours_left(session: ReadSession, row: Agreement) -> int:
    """Return minutes of an allocation that are not worked yet."""
    return row.quantity - total(session, row, Move.WORK)


@dataclass(frozen=True, slots=True)
class Unspent:
    """What is left of an allocation, in minor units, and what its return is known by."""

    amount: int
    reference: str


def return_unspent(
    session: Session,
    *,
    pool: Book,
    member: Book,
    fund: Fund,
    unspent: Unspent,
    by: UUID,
    on: date,
    now: datetime,
) -> UUID:
    """Book what a member gives back of an allocation (ALC-5); return the member's entry.

    Raises Conflict when it is more than the fund got from the pool.
    """
    amount = unspent.amount
    if amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    if between(session, member.id, pool.id, Acct.ALLOCATIONS_IN) > -amount:
        raise Conflict("This is more than the pool allocated.", place="amount")
    parts = PoolParts(session, pool.id)
    entries = bookkeeping.allocation_returned(
        pool=parts.book.code,
        pool_fund=parts.fund.code,
        member=member.code,
        member_fund=fund.code,
        currency=pool.commodity,
        amount=amount,
    )
    posted = journal.post(
        session,
        entries,
        event_type="allocation_returned",
        source="pool",
        external_ref=f"{member.code}/{unspent.reference}",
        accounting_on=on,
        now=now,
        made_by=by,
    )
    own = [item.book for item in entries].index(member.code)
    return posted.ids[own]


def _owes(session: ReadSession, parts: PoolParts, member_id: UUID) -> int:
    """Return what a member owes its pool, below zero when the pool owes it; what the host keeps
    for the pool is no debt of the host as a member."""
    owes = between(session, parts.book.id, member_id, Acct.INTER_COMMUNITY)
    if member_id == parts.host.id:
        kept = balance_of(
            session,
            book_id=member_id,
            accounts=[Acct.INTER_COMMUNITY],
            fund_id=parts.held.id,
            counterparty_id=parts.book.id,
        )
        owes += kept[parts.book.commodity]
    return owes


def _member(session: ReadSession, pool_id: UUID, book_id: UUID) -> None:
    if session.get(PoolMember, (pool_id, book_id)) is None:
        raise Invalid("This community is not a member of the pool.", place="member")


def _other(row: Agreement) -> UUID:
    if row.other_id is None:
        raise Invalid("Choose a pool.", place="pool")
    return row.other_id


class HeldShare(TypedDict):
    """A member's refundable contribution as bookkeeping names it; ``amount`` in minor units."""

    member: str
    member_fund: str
    pool: str
    pool_fund: str
    host: str
    held_fund: str
    currency: str
    amount: int


def _share(session: ReadSession, row: Agreement) -> HeldShare:
    parts = PoolParts(session, _other(row))
    return {
        "member": session.get_one(Book, row.book_id).code,
        "member_fund": session.get_one(Fund, row.fund_id).code,
        "pool": parts.book.code,
        "pool_fund": parts.fund.code,
        "host": parts.host.code,
        "held_fund": parts.held.code,
        "currency": row.commodity,
        "amount": row.quantity,
    }


register(agreement_kind(REFUNDABLE, put_in))
register(agreement_kind(CONDITIONAL, promise))
register(ApprovalKind(EXIT, AgreementAsked, leave_pool))
