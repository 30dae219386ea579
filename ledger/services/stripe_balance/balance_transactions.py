"""Movements of the Stripe balance: kept once, posted once, each with its book and fund.

What all services that post one share; minor units. What nobody can name goes to suspense with
its amount, never nowhere (domain section 5.18). Never calls Stripe.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.days import day_in
from ledger.core.entry import Entry, Posting
from ledger.core.figures import given
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, NotFound
from ledger.gateway import BalanceTransaction as Told
from ledger.models.books import Book, Fund
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.models.pools import Pool
from ledger.queries.people.parties import labels_of_payment
from ledger.services.books import journal
from ledger.services.books.books import ensure_commodity
from ledger.services.books.sums import rebuild
from ledger.services.stripe_balance.sync_state import advance

SUSPENDED = "movement_suspended"


def store_transaction(session: Session, *, txn: Told) -> bool:
    """Keep a movement of the Stripe balance; False when it is known already.

    Raises Conflict when Stripe now tells other figures: what was booked may be wrong.
    """
    known = session.get(BalanceTransaction, txn.id)
    if known is not None:
        if (known.amount, known.fee, known.net) != (txn.amount, txn.fee, txn.net):
            raise Conflict(
                "Stripe now reports different amounts for this balance transaction.", place=txn.id
            )
        return False
    session.add(
        BalanceTransaction(
            stripe_txn_id=txn.id,
            livemode=txn.livemode,
            kind=txn.kind,
            reporting_category=txn.reporting_category,
            amount=txn.amount,
            fee=txn.fee,
            net=txn.net,
            commodity=txn.currency,
            source_id=txn.source_id,
            created_at=txn.created_at,
            available_on=txn.available_on,
            body=txn.body,
        )
    )
    session.flush()
    return True


def suspend(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post a movement that nobody can name to suspense, net of any fee; somebody must look."""
    txn = unposted(session, txn_id)
    if txn is None:
        return
    if not txn.net:
        remember(session, txn, fund, SUSPENDED, now)
        return
    ensure_commodity(session, txn.commodity)
    entries = bookkeeping.movement_suspended(
        **where(session, txn, fund), amount=txn.net, payment=txn_id
    )
    post(session, txn, fund, entries, SUSPENDED, now)


def unposted(session: Session, txn_id: str) -> BalanceTransaction | None:
    """Return a movement that is not in the books, None when it is. Raises NotFound."""
    txn = session.get(BalanceTransaction, txn_id)
    if txn is None:
        raise NotFound("Stripe has reported no such balance transaction.", place=txn_id)
    return None if txn.posted_at else txn


def post(
    session: Session,
    txn: BalanceTransaction,
    fund: Fund,
    entries: list[Entry],
    event_type: str,
    now: datetime,
    *,
    payment: BalanceTransaction | None = None,
    made_by: UUID | None = None,
) -> journal.Posted:
    """Post what a movement means for a fund, and remember where it went.

    What moves for a pool moves on its host's Stripe account (POL-3). ``payment`` is the movement
    that had brought the money, where this one takes it back or gives it again: it is the same
    giver's, and the same campaign's.
    """
    if payment is not None:
        txn.pledge_id, txn.recurring_id = payment.pledge_id, payment.recurring_id
    labels = labels_of_payment(session, txn)
    entries = [item.about(labels, given) for item in merged(entries)]
    pool = session.get(Pool, fund.book_id)
    if pool is not None:
        entries = bookkeeping.through_host(
            entries,
            host=session.get_one(Book, pool.host_id).code,
            held_fund=session.get_one(Fund, pool.held_fund_id).code,
        )
    posted = journal.post(
        session,
        entries,
        event_type=event_type,
        source="stripe",
        external_ref=txn.stripe_txn_id,
        accounting_on=day_of(session, txn, fund),
        now=now,
        made_by=made_by,
    )
    remember(session, txn, fund, event_type, now)
    return posted


def day_of(session: ReadSession, txn: BalanceTransaction, fund: Fund) -> date:
    """Return the day of a movement where its book is kept (domain case 33)."""
    return day_in(session.get_one(Book, fund.book_id).time_zone, txn.created_at)


def merged(entries: list[Entry]) -> list[Entry]:
    """Return one entry a book: a movement is in the books once (I-06)."""
    legs: dict[str, list[Posting]] = {}
    for item in entries:
        legs.setdefault(item.book, []).extend(item.postings)
    return [Entry(book, tuple(postings)) for book, postings in legs.items()]


def remember(
    session: Session, txn: BalanceTransaction, fund: Fund, event_type: str, now: datetime
) -> None:
    """Note that a movement is in the books, as what, and for which fund."""
    txn.book_id = fund.book_id
    txn.fund_id = fund.id
    txn.outcome = event_type
    txn.posted_at = now
    session.flush()


def charge_of(session: ReadSession, charge_id: str) -> BalanceTransaction:
    """Return the movement that brought a payment. Raises Conflict until it is in the books."""
    txn = session.scalar(
        select(BalanceTransaction)
        .where(BalanceTransaction.source_id == charge_id, BalanceTransaction.amount > 0)
        .order_by(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
        .limit(1)
    )
    if txn is None or txn.posted_at is None:
        raise Conflict("The payment itself is not in the books yet.", place=charge_id)
    return txn


def fund_of(session: ReadSession, charge: BalanceTransaction) -> Fund:
    """Return the fund that a payment went to. Raises Conflict when nobody knows."""
    if charge.fund_id is not None:
        return session.get_one(Fund, charge.fund_id)
    if charge.pledge_id is not None:
        return session.get_one(Fund, session.get_one(Pledge, charge.pledge_id).fund_id)
    raise Conflict("The fund that this payment went to is unknown.", place=charge.source_id)


def where(session: ReadSession, txn: BalanceTransaction, fund: Fund) -> dict[str, str]:
    """Return book, fund and currency as the bookkeeping names them."""
    return {
        "book": session.get_one(Book, fund.book_id).code,
        "fund": fund.code,
        "currency": txn.commodity,
    }


def extra_fee(
    session: ReadSession, txn: BalanceTransaction, fund: Fund, payment: str
) -> list[Entry]:
    """Return the entry for a fee that a movement carries besides its amount, given back if below
    zero; nothing for none."""
    if not txn.fee:
        return []
    made = bookkeeping.stripe_fee_charged(
        **where(session, txn, fund), amount=abs(txn.fee), payment=payment
    )
    return made if txn.fee > 0 else [item.reversed() for item in made]


def name_payers(session: Session, *, charges: Mapping[str, str], name: str, until: datetime) -> int:
    """Note whose payments some movements took back, by the charge behind each, and make the sums
    of their books again; return how many are known now. ``until`` is how far this was asked for
    the cursor ``name``."""
    books = set()
    named = 0
    for txn_id, charge_id in charges.items():
        txn = session.get_one(BalanceTransaction, txn_id)
        paid = session.scalar(
            select(BalanceTransaction)
            .where(BalanceTransaction.source_id == charge_id, BalanceTransaction.amount > 0)
            .limit(1)
        )
        if paid is None or txn.book_id is None or not (paid.pledge_id or paid.recurring_id):
            continue
        txn.pledge_id, txn.recurring_id = paid.pledge_id, paid.recurring_id
        books.add(txn.book_id)
        named += 1
    session.flush()
    for book_id in sorted(books):
        rebuild(session, book_id)
    advance(session, name=name, at=until)
    return named
