"""What members laid out: claimed, approved, paid back or waived (RMB-1, HRS-7); minor units."""

from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.states import AgreementKind, Move
from ledger.db import Session
from ledger.errors import NotAllowed
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.agreements import (
    MoneyRequest,
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    check_payer,
    load,
    open_agreement,
    place_of,
    submit_for_approval,
    transition,
)
from ledger.services.approvals.registry import Decision, register
from ledger.services.evidence.confirming import check_confirmed
from ledger.services.spending.bills import NO_BILL, Bill

KIND = AgreementKind.EXPENSE


def claim_expense(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    request: MoneyRequest,
    claimed_by: UUID,
    now: datetime,
    bill: Bill = NO_BILL,
) -> Agreement:
    """Claim what one laid out; somebody else approves it. ``bill`` is what the receipt says."""
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=book,
            fund=fund,
            quantity=request.amount,
            title=request.title,
            terms=bill.as_terms(),
        ),
        made_by=claimed_by,
        now=now,
    )
    submit_for_approval(session, row, reason=request.reason, now=now)
    return row


def approve_expense(session: Session, row: Agreement, decision: Decision) -> None:
    """Book the cost and what is owed to the member. Raises Conflict when the fund has less, or its
    receipt belongs to another claim as well and nobody has confirmed that."""
    check_confirmed(session, row, decision)
    hold(session, row.fund_id, row.quantity)
    entries = bookkeeping.expense_approved(**place_of(session, row), amount=row.quantity)
    approve(session, row, entries, decision)


def reimburse(session: Session, *, expense_id: UUID, by: UUID, on: date, now: datetime) -> None:
    """Pay a member back from the bank. Raises NotAllowed for the member and the approver."""
    row = load(session, expense_id, KIND)
    if by == row.made_by:
        raise NotAllowed("You cannot reimburse your own claim.", place="by")
    check_payer(row, by)
    entries = bookkeeping.expense_reimbursed(**place_of(session, row), amount=row.quantity)
    transition(
        session,
        row,
        Move.REIMBURSE,
        entries,
        taken=StepTaken(quantity=row.quantity, on=on, now=now, by=by),
    )


def waive(session: Session, *, expense_id: UUID, by: UUID, on: date, now: datetime) -> None:
    """Give what one is owed: a gift (HRS-7). Raises NotAllowed for anybody but the member."""
    row = load(session, expense_id, KIND)
    if by != row.made_by:
        raise NotAllowed("Only the member who made the claim can waive it.", place="by")
    entries = bookkeeping.expense_waived(**place_of(session, row), amount=row.quantity)
    transition(
        session,
        row,
        Move.WAIVE,
        entries,
        taken=StepTaken(quantity=row.quantity, on=on, now=now, by=by),
    )


register(agreement_kind(KIND, approve_expense))
