"""Gifts by card or bank debit that no pledge announced, and pledges paid in unusual ways
(events PAY-02, -06, -09 to -12, -14, PLG-16); minor units.

Each function posts one stored balance transaction, and only once when it is repeated.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.core.states import Move
from ledger.core.vocabulary import FulfilmentSource, FundClass, PledgeState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict
from ledger.models.agreements import Agreement
from ledger.models.books import Book, Fund
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.services.approvals.agreements import StepTaken, transition
from ledger.services.pledges.pledges import record_fulfilment, release_for
from ledger.services.stripe_balance.balance_transactions import (
    day_of,
    post,
    remember,
    unposted,
    where,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a gift is besides a gift: an instalment, a ticket worth something, a bank debit."""

    recurring: bool = False
    benefit: int = 0
    fee_bearer: str = "fund"
    debit: Agreement | None = None


def settle_gift(
    session: Session, *, txn_id: str, fund: Fund, now: datetime, kind: Kind | None = None
) -> None:
    """Post a charge that no pledge announced (PAY-02, -06, -09 to -11, -14, POL-3).

    Raises Conflict for another currency than the book's, or a ticket worth more than was paid.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    kind = kind or Kind()
    book = session.get_one(Book, fund.book_id)
    if txn.commodity != book.commodity:
        raise Conflict("The charge is in a different currency from the book.", place=txn_id)
    if kind.debit is not None:
        transition(
            session,
            kind.debit,
            Move.CLEAR,
            _charge_entries(session, txn, book, fund, kind),
            taken=StepTaken(
                quantity=txn.amount, reference=txn_id, on=day_of(session, txn, fund), now=now
            ),
        )
        remember(session, txn, fund, "gift_settled", now)
        return
    post(session, txn, fund, _charge_entries(session, txn, book, fund, kind), "gift_settled", now)


def settle_foreign(
    session: Session, *, txn_id: str, pledge: Pledge, now: datetime, paid: int | None = None
) -> None:
    """Post a charge for a pledge in another currency (PAY-12): the pledge is made good in its own
    money, the books get what was settled.

    ``paid`` is the charge's own amount in the pledge's currency, or else in ``body`` as Stripe
    states it. Raises Conflict without it.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    paid = txn.body.get("source_amount") if paid is None else paid
    if not isinstance(paid, int) or paid <= 0:
        raise Conflict(
            "Stripe does not state the amount paid in the pledge's currency.", place=txn_id
        )
    fund = session.get_one(Fund, pledge.fund_id)
    released, _owed = release_for(session, pledge, paid)
    entries = bookkeeping.foreign_payment_settled(
        book=session.get_one(Book, pledge.book_id).code,
        fund=fund.code,
        charge=bookkeeping.Charge(
            currency=txn.commodity, amount=txn.amount, fee=txn.fee, payment=txn_id
        ),
        pledge=pledge.reference,
        foreign=pledge.commodity,
        released=released,
    )
    txn.pledge_id = pledge.id
    posted = post(session, txn, fund, entries, "payment_settled", now)
    record_fulfilment(
        session,
        pledge=pledge,
        # Last is the entry of the pledge's own book, which may be a pool's.
        entry_id=posted.ids[-1],
        quantity=paid,
        source=FulfilmentSource.PAYMENT,
        source_ref=txn_id,
        now=now,
    )


def settle_recovery(session: Session, *, txn_id: str, pledge: Pledge, now: datetime) -> None:
    """Post a late payment of a promise that was written off (PLG-16).

    Raises Conflict for a promise that was not.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    if pledge.state != PledgeState.WRITTEN_OFF:
        raise Conflict("This pledge has not been written off.", place=txn_id)
    fund = session.get_one(Fund, pledge.fund_id)
    entries = bookkeeping.promise_recovered(
        **where(session, txn, fund), amount=txn.amount, fee=txn.fee, payment=txn_id
    )
    txn.pledge_id = pledge.id
    post(session, txn, fund, entries, "promise_recovered", now)


def _charge_entries(
    session: ReadSession, txn: BalanceTransaction, book: Book, fund: Fund, kind: Kind
) -> list[Entry]:
    place: dict[str, Any] = {
        **where(session, txn, fund),
        "amount": txn.amount,
        "fee": txn.fee,
        "payment": txn.stripe_txn_id,
    }
    if kind.debit is not None:
        return bookkeeping.debit_cleared(**place)
    if kind.benefit:
        return bookkeeping.ticket_paid(**place, benefit=kind.benefit)
    general = session.scalar(
        select(Fund.code)
        .where(Fund.book_id == book.id, Fund.fund_class == FundClass.UNRESTRICTED)
        .order_by(Fund.code)
        .limit(1)
    )
    return bookkeeping.payment_settled(
        book=place["book"],
        fund=place["fund"],
        charge=bookkeeping.Charge(
            currency=txn.commodity, amount=txn.amount, fee=txn.fee, payment=txn.stripe_txn_id
        ),
        recurring=kind.recurring,
        fee_bearer=kind.fee_bearer,
        general_fund=general or fund.code,
    )
