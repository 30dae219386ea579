"""Money that one community lends another, and its repayment (event ICT-2); minor units."""

from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.states import AgreementKind, Move
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.agreements import (
    MoneyRequest,
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    load,
    open_agreement,
    submit_for_approval,
    told,
    total,
    transition,
)
from ledger.services.approvals.registry import Decision, register

KIND = AgreementKind.LOAN


def propose_loan(
    session: Session,
    *,
    lender: Book,
    fund: Fund,
    borrower: Book,
    borrower_fund: Fund,
    request: MoneyRequest,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask the lender's approver for an interest-free loan to another community."""
    if borrower_fund.book_id != borrower.id:
        raise Invalid("This fund belongs to another book.", place="borrower_fund")
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=lender,
            fund=fund,
            quantity=request.amount,
            title=request.title,
            other=borrower,
            terms={"borrower_fund": str(borrower_fund.id)},
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=request.reason, now=now)
    return row


def approve_loan(session: Session, row: Agreement, decision: Decision) -> None:
    """Lend the money. Raises Conflict when the fund has less."""
    hold(session, row.fund_id, row.quantity)
    entries = bookkeeping.money_lent(**_sides(session, row), amount=row.quantity)
    approve(session, row, entries, decision)


def repay_loan(
    session: Session,
    *,
    loan_id: UUID,
    amount: int,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Book a repayment. Raises Conflict for more than what is left, or than the borrower has."""
    row = load(session, loan_id, KIND)
    lent = row.quantity - total(session, row, Move.REPAY)
    if not told(session, row, Move.REPAY, reference):
        hold(session, UUID(row.terms["borrower_fund"]), amount)
    entries = bookkeeping.money_repaid(**_sides(session, row), amount=amount)
    transition(
        session,
        row,
        Move.REPAY,
        entries,
        taken=StepTaken(
            left=(lent, "the amount still on loan"),
            quantity=amount,
            reference=reference,
            by=by,
            on=on,
            now=now,
        ),
    )
    if total(session, row, Move.REPAY) == row.quantity:
        transition(
            session,
            row,
            Move.COMPLETE,
            [],
            taken=StepTaken(quantity=row.quantity, on=on, now=now, by=by),
        )


def _sides(session: ReadSession, row: Agreement) -> dict[str, str]:
    return {
        "lender": session.get_one(Book, row.book_id).code,
        "lender_fund": session.get_one(Fund, row.fund_id).code,
        "borrower": session.get_one(Book, row.other_id).code,
        "borrower_fund": session.get_one(Fund, UUID(row.terms["borrower_fund"])).code,
        "currency": row.commodity,
    }


register(agreement_kind(KIND, approve_loan))
