"""Rates at which money of another currency stands in the books: those that were booked last.

A rate is a fraction: minor units of the book's own currency for one of the other. Nothing is
looked up outside.
"""

from datetime import date
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.accounts import Acct
from ledger.core.days import day_in
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Fulfilment, Pledge


def booked_rate(session: ReadSession, *, book_id: UUID, foreign: str, own: str) -> Fraction | None:
    """Return what one minor unit of a currency was worth when it was last received, sold or
    settled by Stripe; None where it never was."""
    found = [
        pair
        for pair in (
            _exchanged(session, book_id, foreign, own),
            _settled(session, book_id, foreign, own),
        )
        if pair is not None
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _exchanged(
    session: ReadSession, book_id: UUID, foreign: str, own: str
) -> tuple[date, Fraction] | None:
    """Return day and rate of the last entry that exchanged one for the other (FX-1, FX-3)."""
    last = session.execute(
        select(Posting.entry_id, Posting.accounting_on)
        .where(
            Posting.book_id == book_id,
            Posting.account == Acct.CURRENCY_CONVERSION,
            Posting.commodity == foreign,
        )
        .order_by(Posting.accounting_on.desc(), Posting.entry_id.desc())
        .limit(1)
    ).first()
    if last is None:
        return None
    totals = dict(
        iter(
            session.execute(
                select(Posting.commodity, func.sum(Posting.quantity))
                .where(
                    Posting.book_id == book_id,
                    Posting.entry_id == last.entry_id,
                    Posting.account == Acct.CURRENCY_CONVERSION,
                )
                .group_by(Posting.commodity)
            )
        )
    )
    if not totals.get(own):
        return None
    return last.accounting_on, Fraction(-int(totals[own]), int(totals[foreign]))


def _settled(
    session: ReadSession, book_id: UUID, foreign: str, own: str
) -> tuple[date, Fraction] | None:
    """Return day and rate of the last payment that Stripe settled in the other (PAY-12)."""
    row = session.execute(
        select(BalanceTransaction.created_at, BalanceTransaction.amount, Fulfilment.quantity)
        .join(Pledge, Pledge.id == BalanceTransaction.pledge_id)
        .join(
            Fulfilment,
            (Fulfilment.pledge_id == Pledge.id)
            & (Fulfilment.source_ref == BalanceTransaction.stripe_txn_id),
        )
        .where(
            Pledge.book_id == book_id,
            Pledge.commodity == foreign,
            BalanceTransaction.commodity == own,
            BalanceTransaction.amount > 0,
            Fulfilment.quantity > 0,
        )
        .order_by(BalanceTransaction.created_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    zone = session.get_one(Book, book_id).time_zone
    return day_in(zone, row.created_at), Fraction(row.amount, row.quantity)
