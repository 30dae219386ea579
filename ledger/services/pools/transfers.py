"""Grants between communities: proposed, approved, settled by bank (ICT-1); minor units."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.services.accounting.fund_control import check_left, lock_fund
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal


@dataclass(frozen=True, slots=True)
class GrantAsked:
    """Money that one community is to give another, in minor units."""

    giver_fund: UUID
    receiver: UUID
    receiver_fund: UUID
    quantity: int
    commodity: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money from one community's fund to another's, in minor units; the reference is what it is
    known by from outside."""

    giver_fund: Fund
    receiver_fund: Fund
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Money that one community means to give another, in minor units, and why."""

    giver_fund: Fund
    receiver_fund: Fund
    amount: int
    reason: str


def propose_grant(
    session: Session,
    *,
    giver: Book,
    receiver: Book,
    grant: Grant,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask the giver's approver for a grant. Raises Invalid for another currency or oneself."""
    if giver.id == receiver.id:
        raise Invalid("A community cannot make a grant to itself.", place="receiver")
    if giver.commodity != receiver.commodity:
        raise Invalid("Both communities must use the same currency.", place="receiver")
    if grant.amount <= 0:
        raise Invalid("Enter an amount above zero.", place="amount")
    return propose(
        session,
        book_id=giver.id,
        kind="transfer",
        title=f"Grant to {receiver.name}",
        reason=grant.reason,
        payload=GrantAsked(
            grant.giver_fund.id,
            receiver.id,
            grant.receiver_fund.id,
            grant.amount,
            giver.commodity,
        ),
        made_by=made_by,
        now=now,
    )


def grant(
    session: Session,
    *,
    transfer: Transfer,
    on: date,
    now: datetime,
    made_by: UUID | None = None,
    approved_by: UUID | None = None,
) -> None:
    """Post an approved grant in both books."""
    _post(session, "grant_made", transfer, on, now, made_by, approved_by)


def settle_grant(
    session: Session, *, transfer: Transfer, on: date, now: datetime, made_by: UUID | None = None
) -> None:
    """Post the bank transfer that pays a grant. Raises Conflict when the fund has less."""
    _post(session, "grant_settled", transfer, on, now, made_by, None)


def _post(
    session: Session,
    event_type: str,
    transfer: Transfer,
    on: date,
    now: datetime,
    made_by: UUID | None,
    approved_by: UUID | None,
) -> None:
    giver_fund, receiver_fund = transfer.giver_fund, transfer.receiver_fund
    giver = session.get_one(Book, giver_fund.book_id)
    receiver = session.get_one(Book, receiver_fund.book_id)
    if giver.commodity != receiver.commodity:
        raise Conflict("Both communities must use the same currency.", place="receiver")
    event = bookkeeping.grant_made if event_type == "grant_made" else bookkeeping.grant_settled
    locked = lock_fund(session, giver_fund.id)
    posted = journal.post(
        session,
        event(
            giver=giver.code,
            giver_fund=giver_fund.code,
            receiver=receiver.code,
            receiver_fund=receiver_fund.code,
            currency=giver.commodity,
            amount=transfer.amount,
        ),
        event_type=event_type,
        source="transfer",
        external_ref=transfer.reference,
        accounting_on=on,
        now=now,
        made_by=journal.Approved(made_by, by=approved_by),
    )
    if event_type == "grant_settled" and posted.postings:
        check_left(session, locked)


def _approve(
    session: Session, approval_request: ApprovalRequest, payload: GrantAsked, decision: Decision
) -> None:
    grant(
        session,
        transfer=Transfer(
            giver_fund=session.get_one(Fund, payload.giver_fund),
            receiver_fund=session.get_one(Fund, payload.receiver_fund),
            amount=payload.quantity,
            reference=str(approval_request.id),
        ),
        on=decision.on,
        now=decision.now,
        made_by=approval_request.made_by,
        approved_by=decision.by,
    )


register(ApprovalKind("transfer", GrantAsked, _approve))
