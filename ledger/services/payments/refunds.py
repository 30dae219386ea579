"""Refunds: asked for by one person, approved by another, sent by the worker; minor units."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.vocabulary import RefundState
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.gateway import Refund as Sent
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.payments import BalanceTransaction, Refund
from ledger.models.pledges import Pledge
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.jobs.jobs import enqueue
from ledger.services.pledges.donor_messages import tell_status

KIND = "refund"


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """Money that is to go back to a donor, in minor units."""

    refund: UUID
    quantity: int
    commodity: str


def request_refund(
    session: Session,
    *,
    pledge_id: UUID,
    amount: int,
    reason: str,
    requested_by: UUID,
    now: datetime,
) -> Refund:
    """Ask for money to go back to a donor. Raises Invalid for more than was paid."""
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound("This pledge does not exist.", place="pledge")
    charge = session.scalar(
        select(BalanceTransaction)
        .where(
            BalanceTransaction.pledge_id == pledge_id,
            BalanceTransaction.reporting_category == "charge",
        )
        .order_by(BalanceTransaction.created_at.desc(), BalanceTransaction.stripe_txn_id)
        .limit(1)
    )
    if charge is None or charge.source_id is None:
        raise Conflict("This pledge was not paid by card.", place="amount")
    if not 0 < amount <= _refundable(session, pledge_id, charge):
        raise Invalid("This is more than the amount that can still be refunded.", place="amount")
    refund = Refund(
        book_id=pledge.book_id,
        pledge_id=pledge.id,
        stripe_charge_id=charge.source_id,
        amount=amount,
        reason=reason,
        state=RefundState.REQUESTED,
        requested_by=requested_by,
        created_at=now,
    )
    session.add(refund)
    session.flush()
    propose(
        session,
        book_id=pledge.book_id,
        kind=KIND,
        title=f"Refund of {pledge.reference}",
        reason=reason,
        payload=RefundAsked(refund.id, amount, pledge.commodity),
        made_by=requested_by,
        now=now,
    )
    return refund


def _refundable(session: Session, pledge_id: UUID, charge: BalanceTransaction) -> int:
    """Return what can still go back of a charge, in minor units.

    A refund that was made on Stripe's own pages has no row here, only a balance transaction.
    """
    asked = session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.stripe_charge_id == charge.source_id,
            Refund.state.not_in((RefundState.FAILED, RefundState.REJECTED)),
        )
    )
    under_way = session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.pledge_id == pledge_id,
            Refund.state.not_in((RefundState.FAILED, RefundState.REJECTED, RefundState.POSTED)),
        )
    )
    kept = session.scalar(
        select(func.coalesce(func.sum(BalanceTransaction.amount), 0)).where(
            BalanceTransaction.pledge_id == pledge_id,
            BalanceTransaction.reporting_category.in_(("charge", "refund")),
        )
    )
    return min(charge.amount - int(asked or 0), int(kept or 0) - int(under_way or 0))


def approve_refund(session: Session, *, refund_id: UUID, approved_by: UUID, now: datetime) -> None:
    """Let the worker send a refund. Raises NotAllowed for whoever asked for it."""
    refund = session.get_one(Refund, refund_id)
    if refund.state != RefundState.REQUESTED:
        raise Conflict("This refund has already been decided.", place="refund")
    if refund.requested_by == approved_by:
        raise NotAllowed("You requested this refund, so you cannot approve it.")
    refund.state = RefundState.APPROVED
    refund.approved_by = approved_by
    session.flush()
    _have_it_sent(session, refund, now)


def reject_refund(session: Session, *, refund_id: UUID) -> None:
    """Note that an approver said no."""
    session.get_one(Refund, refund_id).state = RefundState.REJECTED
    session.flush()


def record_sent(session: Session, *, refund_id: UUID, answer: Sent, now: datetime) -> None:
    """Note Stripe's answer; the money is booked from its balance transaction."""
    refund = session.get_one(Refund, refund_id)
    if refund.state in (RefundState.APPROVED, RefundState.UNANSWERED):
        refund.stripe_refund_id = answer.id
        if answer.status in ("failed", "canceled"):
            _fail(session, refund, now)
        else:
            refund.state = RefundState.SENT
    session.flush()


def record_refused(session: Session, *, refund_id: UUID, now: datetime) -> None:
    """Note that Stripe refused a refund for good."""
    refund = session.get_one(Refund, refund_id)
    if refund.state == RefundState.APPROVED:
        _fail(session, refund, now)


def record_failed(session: Session, *, refund_id: UUID, now: datetime) -> None:
    """Note that a refund which Stripe had taken on failed before any money moved: its amount can
    be asked for again. One that had moved comes back as a movement of its own (REF-5)."""
    refund = session.get_one(Refund, refund_id)
    if refund.state == RefundState.SENT:
        _fail(session, refund, now)


def record_unanswered(session: Session, *, refund_id: UUID) -> None:
    """Note that Stripe gave no answer for so long that nobody asks any more.

    The money may have gone: the amount stays taken, and a balance transaction still posts it.
    """
    refund = session.get(Refund, refund_id)
    if refund is not None and refund.state == RefundState.APPROVED:
        refund.state = RefundState.UNANSWERED
        session.flush()


def retry_refund(session: Session, *, refund_id: UUID, book_id: UUID, now: datetime) -> None:
    """Have an unanswered refund of a book sent again; what Stripe did meanwhile is looked up first.

    Raises NotFound, and Conflict in any other state.
    """
    refund = session.get(Refund, refund_id)
    if refund is None or refund.book_id != book_id:
        raise NotFound("There is no such refund in this book.", place="refund")
    if refund.state != RefundState.UNANSWERED:
        raise Conflict("You can only resend a refund that Stripe has not answered.", place="refund")
    refund.state = RefundState.APPROVED
    session.flush()
    _have_it_sent(session, refund, now)


def _fail(session: Session, refund: Refund, now: datetime) -> None:
    """Note that a refund failed, and tell its donor that we still hold the money."""
    refund.state = RefundState.FAILED
    session.flush()
    tell_status(session, pledge=session.get_one(Pledge, refund.pledge_id), now=now)


def _have_it_sent(session: Session, refund: Refund, now: datetime) -> None:
    enqueue(
        session,
        kind="send_refund",
        key=str(refund.id),
        arguments={"refund": str(refund.id)},
        now=now,
    )


def _approve(
    session: Session, _approval_request: ApprovalRequest, payload: RefundAsked, decision: Decision
) -> None:
    approve_refund(session, refund_id=payload.refund, approved_by=decision.by, now=decision.now)


def _reject(
    session: Session, _approval_request: ApprovalRequest, payload: RefundAsked, _decision: Decision
) -> None:
    reject_refund(session, refund_id=payload.refund)


# The worker sends it; its entry comes with Stripe's balance transaction.
register(ApprovalKind(KIND, RefundAsked, _approve, _reject, books_nothing=True))
