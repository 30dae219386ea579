"""Payouts: from the Stripe balance into transit, fund by fund (PO-1); minor units."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.days import day_in
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.gateway import Payout
from ledger.models.books import Book, Fund
from ledger.models.journal import Posting
from ledger.models.payments import BalanceTransaction as TransactionRow
from ledger.models.payments import Payout as PayoutRow
from ledger.queries.books.books import fund_by_code
from ledger.queries.payments.payments import payout_funds
from ledger.queries.payments.stripe_balance import book_for_account, general_fund
from ledger.services.books import journal
from ledger.services.stripe_balance.balance_transactions import extra_fee, merged


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


def check_parts(txn: TransactionRow, funds: Mapping[str, int]) -> None:
    """Check, before Stripe is asked, that parts by fund are the whole payout. Raises Invalid."""
    if sum(funds.values()) != -txn.amount:
        raise Invalid("The amounts do not add up to the payout.", place="form")


def settle_payout_by_fund(
    session: Session,
    *,
    txn_id: str,
    payout: Payout,
    book: Book,
    funds: Mapping[str, int],
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Post a payout that Stripe does not itemise, made by hand or at once, by funds that a
    treasurer names. Idempotent.

    Raises NotFound for an unknown fund, Invalid when they do not add up to the payout, Conflict
    for a payout that Stripe itemises.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    if payout.automatic:
        raise Conflict(
            "Stripe says what this payout contains. It is booked automatically once its balance "
            "transactions are.",
            place="form",
        )
    check_parts(txn, funds)
    for code in funds:
        fund_by_code(session, book.id, code)
    _settle(session, txn, payout, book, funds, now, made_by)


def settle_manual_payout(session: Session, *, txn_id: str, payout: Payout, now: datetime) -> None:
    """Post a payout made by hand or at once, which Stripe does not itemise: it takes what has
    been available longest (PO-1). Idempotent.

    Raises Conflict while less than it is on the balance by the books.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    book = book_for_account(session)
    if book is None:
        raise Conflict("There is no book to assign the payout to.", place=payout.id)
    _settle(session, txn, payout, book, _first_in(session, book, payout), now)


def _settle(
    session: Session,
    txn: TransactionRow,
    payout: Payout,
    book: Book,
    funds: Mapping[str, int],
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    if sum(funds.values()) != payout.amount or txn.amount != -payout.amount:
        raise Conflict(
            "The payout differs from the sum of its balance transactions.", place=payout.id
        )
    entries = bookkeeping.payout_created(
        book=book.code, currency=payout.currency, funds=funds, payout=payout.id
    )
    own = general_fund(session, book)
    journal.post(
        session,
        merged(entries + extra_fee(session, txn, own, payout.id)),
        event_type="payout_created",
        source="stripe",
        external_ref=txn.stripe_txn_id,
        accounting_on=day_in(book.time_zone, txn.created_at),
        now=now,
        made_by=made_by,
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
    txn.outcome = "payout_created"
    txn.posted_at = now
    session.flush()


def _first_in(session: Session, book: Book, payout: Payout) -> dict[str, int]:
    """Return how much of each fund a payout takes that is not itemised: first in, first out.

    The funds' shares of earlier such payouts are passed over in the same order.
    """
    rows = session.execute(
        select(Posting.payment, Fund.code, Posting.quantity)
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(TransactionRow, TransactionRow.stripe_txn_id == Posting.payment)
        .where(
            Posting.book_id == book.id,
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.commodity == payout.currency,
            TransactionRow.stripe_payout_id.is_(None),
        )
        .order_by(
            TransactionRow.available_on,
            TransactionRow.created_at,
            TransactionRow.stripe_txn_id,
            Posting.quantity.desc(),
            Fund.code,
        )
    ).all()
    itemised = set(
        session.scalars(
            select(TransactionRow.stripe_payout_id).where(
                TransactionRow.stripe_payout_id.is_not(None),
                TransactionRow.reporting_category != "payout",
            )
        )
    )
    moves = set(session.scalars(select(TransactionRow.stripe_txn_id)))
    gone: defaultdict[str, int] = defaultdict(int)
    for payment, fund, quantity in rows:
        # Legs of payouts are labelled with the payout, which is no movement's name.
        if payment not in moves and payment not in itemised:
            gone[fund] -= quantity
    left = payout.amount
    taken: defaultdict[str, int] = defaultdict(int)
    for payment, fund, quantity in rows:
        if payment not in moves:
            continue
        passed = min(quantity, gone[fund]) if quantity > 0 else 0
        gone[fund] -= passed
        here = min(quantity - passed, left)
        taken[fund] += here
        left -= here
        if left <= 0:
            break
    if left:
        raise Conflict(
            "This payout is waiting for earlier balance transactions to be recorded.",
            place=payout.id,
        )
    return {fund: quantity for fund, quantity in sorted(taken.items()) if quantity}


def settle_returned_payout(session: Session, *, txn_id: str, payout: Payout, now: datetime) -> None:
    """Post a payout's money coming back from transit, by the funds it left by (PO-3).

    Idempotent. Raises Conflict while the payout is not in the books, or for another amount.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    row = session.get(PayoutRow, payout.id)
    if row is None:
        raise Conflict(
            "This returned payout is waiting for the original payout to be recorded.",
            place=payout.id,
        )
    funds = payout_funds(session, payout.id)
    if sum(funds.values()) != txn.amount:
        raise Conflict("The amount returned differs from the amount paid out.", place=payout.id)
    book = session.get_one(Book, row.book_id)
    back = bookkeeping.payout_created(
        book=book.code,
        currency=payout.currency,
        funds={fund: -quantity for fund, quantity in funds.items()},
        payout=txn_id,
    )
    journal.post(
        session,
        # The same legs the other way round, under the return's own id: the next payout finds
        # there what it contains.
        merged(back + extra_fee(session, txn, general_fund(session, book), txn_id)),
        event_type="payout_failed",
        source="stripe",
        external_ref=txn_id,
        accounting_on=day_in(book.time_zone, txn.created_at),
        now=now,
    )
    row.state = payout.status
    txn.book_id = book.id
    txn.outcome = "payout_failed"
    txn.posted_at = now
    session.flush()


def _composition(session: Session, contained: Sequence[str]) -> tuple[Book, dict[str, int]]:
    """Return whose money the transactions moved, and how much of each fund.

    The first automatic payout after some made by hand takes those along; their entries bear the
    payout's own id.
    """
    waiting = session.scalars(
        select(TransactionRow.stripe_txn_id).where(
            TransactionRow.stripe_txn_id.in_(contained), TransactionRow.posted_at.is_(None)
        )
    ).all()
    known = session.scalars(
        select(TransactionRow.stripe_txn_id).where(TransactionRow.stripe_txn_id.in_(contained))
    ).all()
    if waiting or len(known) < len(set(contained)):
        raise Conflict("This payout is waiting for its balance transactions to be recorded.")
    made_by_hand = session.scalars(
        select(TransactionRow.source_id).where(
            TransactionRow.stripe_txn_id.in_(contained),
            TransactionRow.reporting_category == "payout",
        )
    ).all()
    rows = session.execute(
        select(Posting.book_id, Fund.code, Posting.quantity)
        .join(Fund, Fund.id == Posting.fund_id)
        .where(
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.payment.in_([*contained, *made_by_hand]),
        )
    ).all()
    if len({book_id for book_id, _fund, _quantity in rows}) != 1:
        raise Conflict(
            "A payout can hold the money of one book only. Give each book its own Stripe account."
        )
    funds: defaultdict[str, int] = defaultdict(int)
    for _book_id, fund, quantity in rows:
        funds[fund] += quantity
    return session.get_one(Book, rows[0][0]), dict(sorted(funds.items()))
