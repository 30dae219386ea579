"""Spending: asked for, approved within what the fund has, billed, paid (events DIS); minor units.

Four hands where money leaves: whoever asks does not approve, whoever approved does not pay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.entry import Entry
from ledger.core.fitting_accounts import Use, check_fits
from ledger.core.functions import FUNCTIONS
from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.agreements import Agreement
from ledger.models.books import Account, Book, Fund
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.agreements import (
    NewAgreement,
    StepTaken,
    agreement_kind,
    approve,
    check_payer,
    load,
    open_agreement,
    place_of,
    submit_for_approval,
    total,
    transition,
)
from ledger.services.approvals.registry import Decision, register
from ledger.services.evidence.confirming import check_confirmed
from ledger.services.spending.bills import NO_BILL, Bill

KIND = AgreementKind.SPENDING


@dataclass(frozen=True, slots=True)
class SpendingRequest:
    """What is to be bought for how much, in minor units, and on which account it is booked."""

    amount: int
    title: str
    reason: str
    account: int = Acct.PROGRAMME_COSTS
    function: str = "programme"
    bill: Bill = NO_BILL


def request_spending(
    session: Session,
    *,
    book: Book,
    fund: Fund,
    request: SpendingRequest,
    made_by: UUID,
    now: datetime,
) -> Agreement:
    """Ask to spend; an approver of the book decides. Raises Invalid for an account on which
    nothing is bought, an unknown function, or a fund that owns nothing."""
    _check_account(session, book.id, request.account)
    if request.function not in FUNCTIONS:
        raise Invalid(
            "The function must be one of {functions}.",
            place="function",
            functions=", ".join(FUNCTIONS),
        )
    row = open_agreement(
        session,
        agreement=NewAgreement(
            kind=KIND,
            book=book,
            fund=fund,
            quantity=request.amount,
            title=request.title,
            terms={
                "account": request.account,
                "function": request.function,
                **request.bill.as_terms(),
            },
        ),
        made_by=made_by,
        now=now,
    )
    submit_for_approval(session, row, reason=request.reason, now=now)
    return row


def approve_spending(session: Session, row: Agreement, decision: Decision) -> None:
    """Set the money aside (DIS-1). Raises Conflict when the fund has less than is asked for, or
    its receipt belongs to another request as well and nobody has confirmed that."""
    _check_account(session, row.book_id, row.terms["account"])
    check_confirmed(session, row, decision)
    hold(session, row.fund_id, row.quantity, currency=row.commodity)
    entries = bookkeeping.order_placed(**place_of(session, row), amount=row.quantity)
    approve(session, row, entries, decision)


def book_bill(
    session: Session, *, spending_id: UUID, amount: int, by: UUID, on: date, now: datetime
) -> None:
    """Book the bill of an approved order (DIS-2); what it leaves of the order is free again.

    Raises Conflict for a bill above the order: that needs a new request.
    """
    row = load(session, spending_id, KIND)
    _check_account(session, row.book_id, row.terms["account"])
    if amount > row.quantity:
        raise Conflict(
            "The bill is higher than the order. Request approval for the difference first.",
            place="amount",
        )
    entries = bookkeeping.bill_approved(
        **place_of(session, row),
        amount=amount,
        ordered=row.quantity,
        account=row.terms["account"],
        function=row.terms["function"],
    )
    transition(
        session,
        row,
        Move.BILL,
        entries,
        taken=StepTaken(quantity=amount, on=on, now=now, by=by),
    )


def release_payment(
    session: Session, *, spending_id: UUID, reference: str, by: UUID, on: date, now: datetime
) -> None:
    """Send the money for a bill on its way (DIS-3). Raises NotAllowed for the approver."""
    row = load(session, spending_id, KIND)
    check_payer(row, by)
    _pay(session, row, Move.RELEASE, bookkeeping.payment_released, reference, by, on, now)


def see_payment(
    session: Session, *, spending_id: UUID, reference: str, by: UUID, on: date, now: datetime
) -> None:
    """Note that the bank shows the payment (DIS-3)."""
    row = load(session, spending_id, KIND)
    _pay(session, row, Move.CLEAR, bookkeeping.payment_seen, reference, by, on, now)


def take_payment_back(
    session: Session, *, spending_id: UUID, reference: str, by: UUID, on: date, now: datetime
) -> None:
    """Note that the bank sent the payment back: the bill is owed again (DIS-3)."""
    row = load(session, spending_id, KIND)
    _pay(session, row, Move.RETURN, bookkeeping.payment_returned, reference, by, on, now)


def cancel_spending(
    session: Session, *, spending_id: UUID, by: UUID, on: date, now: datetime
) -> None:
    """Withdraw a request or an order; what was set aside is free again."""
    row = load(session, spending_id, KIND)
    withdrawn = row.state == AgreementState.APPROVED
    entries = (
        bookkeeping.order_withdrawn(**place_of(session, row), amount=row.quantity)
        if withdrawn
        else []
    )
    transition(
        session,
        row,
        Move.CANCEL,
        entries,
        taken=StepTaken(quantity=row.quantity, on=on, now=now, by=by),
    )


def _check_account(session: Session, book_id: UUID, account: int) -> None:
    """Raise Invalid for an account on which nothing is bought; asked again before anything is
    booked, for what was asked before the rule was there."""
    known = session.get(Account, (book_id, account))
    check_fits(Use.SPENDING, account, known, place="account")


def _pay(
    session: Session,
    row: Agreement,
    name: Move,
    event: Callable[..., list[Entry]],
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> None:
    """Take a step of the payment; its amount is the bill's, whatever was ordered."""
    amount = total(session, row, Move.BILL)
    entries = event(**place_of(session, row), amount=amount) if amount else []
    transition(
        session,
        row,
        name,
        entries,
        taken=StepTaken(
            quantity=amount or row.quantity, reference=reference, by=by, on=on, now=now
        ),
    )


register(agreement_kind(KIND, approve_spending))
