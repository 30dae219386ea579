"""Bank debits on their way: started, or failed before they cleared (events PAY-05, PAY-07); minor
units. One that clears is a movement of the Stripe balance and posted by ``gifts``.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import ReadSession, Session
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.services.approvals.agreements import NewAgreement, StepTaken, open_agreement, transition
from ledger.services.books import journal

DEBIT = AgreementKind.BANK_DEBIT


def start_debit(
    session: Session, *, intent_id: str, fund: Fund, amount: int, on: date, now: datetime
) -> Agreement:
    """Note a bank debit on its way (PAY-05); nothing may be given away from it."""
    known = session.scalar(
        select(Agreement).where(Agreement.kind == DEBIT, Agreement.title == intent_id)
    )
    if known is not None:
        return known
    book = session.get_one(Book, fund.book_id)
    row = open_agreement(
        session,
        agreement=NewAgreement(kind=DEBIT, book=book, fund=fund, quantity=amount, title=intent_id),
        state=AgreementState.PENDING,
        now=now,
    )
    journal.post(
        session,
        bookkeeping.debit_started(
            book=book.code, fund=fund.code, currency=book.commodity, amount=amount
        ),
        event_type="debit_started",
        source=DEBIT,
        external_ref=row.reference,
        accounting_on=on,
        now=now,
    )
    return row


def pending_debit(
    session: ReadSession, *, intent_ids: Sequence[str], amount: int
) -> Agreement | None:
    """Return a bank debit of an amount that is on its way for one of some payments."""
    return session.scalar(
        select(Agreement).where(
            Agreement.kind == DEBIT,
            Agreement.state == AgreementState.PENDING,
            Agreement.title.in_(intent_ids),
            Agreement.quantity == amount,
        )
    )


def fail_debit(session: Session, *, row: Agreement, on: date, now: datetime) -> None:
    """Note that a pending debit did not come (PAY-07)."""
    fund = session.get_one(Fund, row.fund_id)
    entries = bookkeeping.debit_failed(
        book=session.get_one(Book, row.book_id).code,
        fund=fund.code,
        currency=row.commodity,
        amount=row.quantity,
    )
    transition(
        session,
        row,
        Move.FAIL,
        entries,
        taken=StepTaken(quantity=row.quantity, on=on, now=now),
    )
