"""Movements in suspense: somebody finds out what a payment was; minor units."""

from datetime import datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.payments import BalanceTransaction
from ledger.models.pools import Pool
from ledger.queries.books.books import fund_by_code
from ledger.services.books import journal
from ledger.services.stripe_balance.balance_transactions import SUSPENDED, day_of


def name_gift(
    session: Session, *, txn_id: str, book_id: UUID, fund: str, by: UUID, now: datetime
) -> None:
    """Book a payment in suspense as a gift to a fund of the same book, with Stripe's fee.

    Raises NotFound for no such payment, Invalid for no such fund, Conflict for what is no payment,
    or named already.
    """
    txn = session.get(BalanceTransaction, txn_id)
    if txn is None or txn.book_id != book_id or txn.fund_id is None:
        raise NotFound("This book has no such balance transaction.", place="movement")
    if txn.outcome != SUSPENDED:
        raise Conflict("This balance transaction is no longer in suspense.", place="movement")
    if txn.reporting_category != "charge" or session.get(Pool, book_id) is not None:
        raise Conflict("Only a payment can be categorised as a contribution.", place="movement")
    parked = session.get_one(Fund, txn.fund_id)
    try:
        target = fund_by_code(session, book_id, fund)
    except NotFound as error:
        raise Invalid(error.message, place="fund") from error
    journal.post(
        session,
        bookkeeping.suspense_named(
            book=session.get_one(Book, book_id).code,
            fund=parked.code,
            to_fund=target.code,
            currency=txn.commodity,
            amount=txn.amount,
            fee=txn.fee,
            payment=txn_id,
        ),
        event_type="suspense_named",
        # It moves what is booked already, as a correction does (I-06).
        source="correction",
        external_ref=txn_id,
        accounting_on=day_of(session, txn, parked),
        now=now,
        made_by=by,
    )
    txn.outcome = "gift_settled"
    txn.fund_id = target.id
    session.flush()
