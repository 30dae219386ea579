"""Payouts: from the Stripe balance into transit, fund by fund (PO-1); minor units."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update

from ledger.core import bookkeeping
from ledger.core.days import day_in
from ledger.db import Session
from ledger.errors import Conflict
from ledger.gateway import Payout
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction as TransactionRow
from ledger.models.payments import Payout as PayoutRow
from ledger.queries.books import fund_by_code
from ledger.queries.payments import payout_funds
from ledger.services import journal

STRIPE = 1110


def settle_payout(
    session: Session, *, txn_id: str, payout: Payout, contained: Sequence[str], now: datetime
) -> None:
    """Post a payout by the funds of the transactions it contains. Idempotent.

    Raises Conflict while one of them is not in the books yet, when they belong to several
    books, or when they do not add up to the payout.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    book, funds = _composition(session, contained)
    _settle(session, txn, payout, book, funds, now)
    session.execute(
        update(TransactionRow)
        .where(TransactionRow.stripe_txn_id.in_(contained))
        .values(stripe_payout_id=payout.id)
    )


def settle_payout_by_fund(
    session: Session,
    *,
    txn_id: str,
    payout: Payout,
    book: Book,
    funds: Mapping[str, int],
    now: datetime,
) -> None:
    """Post a payout that Stripe does not itemise, made by hand or at once, by funds that a
    treasurer names. Idempotent.

    Raises NotFound for an unknown fund, Conflict when they do not add up to the payout.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    for code in funds:
        fund_by_code(session, book.id, code)
    _settle(session, txn, payout, book, funds, now)


def _settle(
    session: Session,
    txn: TransactionRow,
    payout: Payout,
    book: Book,
    funds: Mapping[str, int],
    now: datetime,
) -> None:
    if sum(funds.values()) != payout.amount:
        raise Conflict("The payout differs from the sum of what it contains.", place=payout.id)
    journal.post(
        session,
        bookkeeping.payout_created(
            book=book.code, currency=payout.currency, funds=funds, payout=payout.id
        ),
        event_type="payout_created",
        source="stripe",
        external_ref=txn.stripe_txn_id,
        accounting_on=day_in(book.time_zone, txn.created_at),
        now=now,
    )
    session.add(
        PayoutRow(
            stripe_payout_id=payout.id,
            book_id=book.id,
            amount=payout.amount,
            commodity=payout.currency,
            state=payout.status,
            arrival_on=payout.arrival_on,
            descriptor=payout.descriptor,
            trace=payout.trace,
            created_at=payout.created_at,
        )
    )
    session.flush()
    txn.book_id = book.id
    txn.stripe_payout_id = payout.id
    txn.posted_at = now
    session.flush()


def settle_returned_payout(session: Session, *, txn_id: str, payout: Payout, now: datetime) -> None:
    """Post a payout's money coming back from transit, by the funds it left by (PO-3).

    Idempotent. Raises Conflict while the payout is not in the books, or for another amount.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    row = session.get(PayoutRow, payout.id)
    if row is None:
        raise Conflict("A payout that came back waits for its own entry.", place=payout.id)
    funds = payout_funds(session, payout.id)
    if sum(funds.values()) != txn.amount or txn.fee:
        raise Conflict("What came back differs from what was paid out.", place=payout.id)
    book = session.get_one(Book, row.book_id)
    journal.post(
        session,
        # The same legs the other way round, under the return's own id: the next payout finds
        # there what it contains.
        bookkeeping.payout_created(
            book=book.code,
            currency=payout.currency,
            funds={fund: -quantity for fund, quantity in funds.items()},
            payout=txn_id,
        ),
        event_type="payout_failed",
        source="stripe",
        external_ref=txn_id,
        accounting_on=day_in(book.time_zone, txn.created_at),
        now=now,
    )
    row.state = payout.status
    txn.book_id = book.id
    txn.posted_at = now
    session.flush()


def _composition(session: Session, contained: Sequence[str]) -> tuple[Book, dict[str, int]]:
    """Return whose money the transactions moved, and how much of each fund."""
    waiting = session.scalars(
        select(TransactionRow.stripe_txn_id).where(
            TransactionRow.stripe_txn_id.in_(contained), TransactionRow.posted_at.is_(None)
        )
    ).all()
    known = session.scalars(
        select(TransactionRow.stripe_txn_id).where(TransactionRow.stripe_txn_id.in_(contained))
    ).all()
    if waiting or len(known) < len(set(contained)):
        raise Conflict("A payout waits for what it contains to be in the books.")
    rows = session.execute(
        select(Posting.book_id, Fund.code, Posting.quantity)
        .join(Fund, Fund.id == Posting.fund_id)
        .where(Posting.account == STRIPE, Posting.payment.in_(contained))
    ).all()
    if len({book_id for book_id, _fund, _quantity in rows}) != 1:
        raise Conflict("A payout holds the money of one book; give each its own account.")
    funds: defaultdict[str, int] = defaultdict(int)
    for _book_id, fund, quantity in rows:
        funds[fund] += quantity
    return session.get_one(Book, rows[0][0]), dict(sorted(funds.items()))
