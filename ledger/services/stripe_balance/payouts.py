"""Payouts: from the Stripe balance into transit, fund by fund (PO-1); minor units."""

from collections import Counter, defaultdict
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
from ledger.queries.payments.payments import payout_claims
from ledger.queries.payments.stripe_balance import general_fund
from ledger.services.books import journal
from ledger.services.stripe_balance.balance_transactions import extra_fee, merged
from ledger.services.stripe_balance.shared_account import receiver_of, standing

# What a payout holds of each book, by fund.
Slices = Mapping[str, Mapping[str, int]]


def settle_payout(
    session: Session, *, txn_id: str, payout: Payout, contained: Sequence[str], now: datetime
) -> None:
    """Post a payout by the funds of the transactions it contains. Idempotent.

    Raises Conflict while one of them is not in the books yet, or when they do not add up to the
    payout.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    _settle(session, txn, payout, _composition(session, contained), now)
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
    _settle(session, txn, payout, {book.code: funds}, now, made_by)


def settle_manual_payout(session: Session, *, txn_id: str, payout: Payout, now: datetime) -> None:
    """Post a payout made by hand or at once, which Stripe does not itemise: it takes what has
    been available longest, of all books (PO-1). Idempotent.

    Raises Conflict while less than it is on the balance by the books.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    _settle(session, txn, payout, _first_in(session, payout), now)


def _settle(
    session: Session,
    txn: TransactionRow,
    payout: Payout,
    slices: Slices,
    now: datetime,
    made_by: UUID | None = None,
) -> None:
    """Post a payout to the book that owns the account, and what it holds of other books to them,
    in one event on the owner's day."""
    if sum(map(_total, slices.values())) != payout.amount or txn.amount != -payout.amount:
        raise Conflict(
            "The payout differs from the sum of its balance transactions.", place=payout.id
        )
    book = receiver_of(session, slices)
    if slices.keys() <= {book.code}:
        entries = bookkeeping.payout_created(
            book=book.code,
            currency=payout.currency,
            funds=slices.get(book.code, {}),
            payout=payout.id,
        )
    else:
        entries = bookkeeping.shared_payout_created(
            account=standing(session, book, payout.currency, now),
            currency=payout.currency,
            slices=slices,
            payout=payout.id,
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


def _total(funds: Mapping[str, int]) -> int:
    return sum(funds.values())


def _first_in(session: Session, payout: Payout) -> dict[str, dict[str, int]]:
    """Return how much of each book's funds a payout takes that is not itemised: first in, first
    out.

    The funds' shares of earlier such payouts are passed over in the same order.
    """
    rows = session.execute(
        select(Posting.payment, Book.code, Fund.code, Posting.quantity)
        .join(Book, Book.id == Posting.book_id)
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(TransactionRow, TransactionRow.stripe_txn_id == Posting.payment)
        .where(
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.commodity == payout.currency,
            TransactionRow.stripe_payout_id.is_(None),
        )
        .order_by(
            TransactionRow.available_on,
            TransactionRow.created_at,
            TransactionRow.stripe_txn_id,
            Posting.quantity.desc(),
            Book.code,
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
    gone: Counter[tuple[str, str]] = Counter()
    for payment, book, fund, quantity in rows:
        # Legs of payouts are labelled with the payout, which is no movement's name.
        if payment not in moves and payment not in itemised:
            gone[book, fund] -= quantity
    left = payout.amount
    taken: Counter[tuple[str, str]] = Counter()
    for payment, book, fund, quantity in rows:
        if payment not in moves:
            continue
        passed = min(quantity, gone[book, fund]) if quantity > 0 else 0
        gone[book, fund] -= passed
        here = min(quantity - passed, left)
        taken[book, fund] += here
        left -= here
        if left <= 0:
            break
    if left:
        raise Conflict(
            "This payout is waiting for earlier balance transactions to be recorded.",
            place=payout.id,
        )
    return _by_book(taken)


def _by_book(parts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """Return parts by book and fund, without what comes to nothing."""
    slices: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (book, fund), quantity in sorted(parts.items()):
        if quantity:
            slices[book][fund] = quantity
    return dict(slices)


def settle_returned_payout(session: Session, *, txn_id: str, payout: Payout, now: datetime) -> None:
    """Post a payout's money coming back from transit, by the books and funds it left by (PO-3).

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
    claims = payout_claims(session, payout.id)
    back = [
        item
        for code, parts in claims.items()
        for item in bookkeeping.payout_returned(
            book=code, claims=parts, currency=payout.currency, payout=txn_id
        )
    ]
    on_their_way = sum(
        quantity
        for parts in claims.values()
        for (account, _fund, _other), quantity in parts.items()
        if account == Acct.PAYOUTS_IN_TRANSIT
    )
    if on_their_way != txn.amount:
        raise Conflict("The amount returned differs from the amount paid out.", place=payout.id)
    book = session.get_one(Book, row.book_id)
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


def _composition(session: Session, contained: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how much the transactions moved of each book and fund.

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
        select(Book.code, Fund.code, Posting.quantity)
        .join(Book, Book.id == Posting.book_id)
        .join(Fund, Fund.id == Posting.fund_id)
        .where(
            Posting.account == Acct.STRIPE_BALANCE,
            Posting.payment.in_([*contained, *made_by_hand]),
        )
    )
    parts: Counter[tuple[str, str]] = Counter()
    for book, fund, quantity in rows:
        parts[book, fund] += quantity
    return _by_book(parts)
