"""Payments: attempts, and the settling of what Stripe's balance transactions say.

Figures come from balance transactions only; events and pages merely wake us. Amounts are minor
units. Never calls Stripe.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, NotFound
from ledger.gateway import BalanceTransaction, CheckoutSession
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.payments import BalanceTransaction as TransactionRow
from ledger.models.payments import PaymentAttempt, Refund
from ledger.models.pledges import Pledge
from ledger.models.pools import Pool
from ledger.queries.payments import attempt_to_reuse
from ledger.queries.pledges import open_quantity
from ledger.services import journal
from ledger.services.pledges import record_fulfilment, release_for

# How far an attempt has come: what is heard late never takes it back.
PROGRESS = {"created": 0, "open": 1, "expired": 2, "failed": 2, "processing": 3, "succeeded": 4}
# Stripe forgets idempotency keys after a day; a key older than this is never sent again.
KEY_LIFETIME = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pledge's money goes; ``host`` and ``held`` are set for a pool's."""

    book: Book
    fund: Fund
    general: str
    fee_bearer: str
    host: Book | None
    held: Fund | None


def prepare_attempt(
    session: Session, *, pledge_id: UUID, params_sha256: str, now: datetime
) -> PaymentAttempt:
    """Return the attempt at collecting what is open of a pledge, before Stripe is called.

    An attempt whose outcome is unknown is taken up again with its own key. Raises NotFound,
    Conflict when nothing is open or the promise is conditional.
    """
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound("There is no such pledge.", place="pledge")
    if pledge.legal_nature == "conditional":
        raise Conflict("This promise is due only when the campaign succeeds.", place="pledge")
    amount = open_quantity(session, pledge)
    if not amount:
        raise Conflict("Nothing of this pledge is open any more.", place="pledge")
    last = attempt_to_reuse(session, pledge_id=pledge_id)
    if last is not None:
        same = last.params_sha256 == params_sha256 and last.amount == amount
        fresh = now - last.created_at < KEY_LIFETIME
        if same and (fresh or last.state == "open"):
            return last
        last.state = "expired"
        last.updated_at = now
    number = 1 + len(
        session.scalars(
            select(PaymentAttempt.id).where(PaymentAttempt.pledge_id == pledge_id)
        ).all()
    )
    attempt_id = new_id()
    attempt = PaymentAttempt(
        id=attempt_id,
        book_id=pledge.book_id,
        pledge_id=pledge_id,
        n=number,
        amount=amount,
        commodity=pledge.commodity,
        idempotency_key=f"poolbook:checkout:{attempt_id}",
        params_sha256=params_sha256,
        state="created",
        created_at=now,
        updated_at=now,
    )
    session.add(attempt)
    session.flush()
    return attempt


def record_session(
    session: Session, *, attempt_id: UUID, answer: CheckoutSession, now: datetime
) -> None:
    """Note what Stripe says of an attempt's payment page; an older answer changes nothing."""
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.state == "posted":
        return
    attempt.stripe_session_id = answer.id
    attempt.stripe_payment_intent_id = answer.payment_intent_id or attempt.stripe_payment_intent_id
    attempt.checkout_url = answer.url or attempt.checkout_url
    states = {"open": "open", "complete": "processing", "expired": "expired"}
    state = states.get(answer.status, "open")
    if answer.status == "complete" and answer.payment_status == "paid":
        state = "succeeded"
    if PROGRESS[state] >= PROGRESS[attempt.state]:
        attempt.state = state
    attempt.updated_at = now
    session.flush()


def record_unknown(session: Session, *, attempt_id: UUID, now: datetime) -> None:
    """End an attempt whose payment page Stripe does not know; what is settled stays so."""
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.state in ("created", "open", "processing"):
        attempt.state = "failed"
        attempt.failure = "page_unknown"
    attempt.updated_at = now
    session.flush()


def store_transaction(session: Session, *, txn: BalanceTransaction) -> bool:
    """Keep a movement of the Stripe balance; False when it is known already."""
    if session.get(TransactionRow, txn.id) is not None:
        return False
    session.add(
        TransactionRow(
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


def settle_charge(session: Session, *, txn_id: str, pledge_id: UUID, now: datetime) -> None:
    """Post a charge for a pledge (PAY-01 to -03, POL-3) and note the fulfilment. Idempotent.

    Raises NotFound for no such pledge, Conflict when the charge is in another currency.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound("There is no pledge that this charge names.", place=txn_id)
    if pledge.commodity != txn.commodity:
        raise Conflict("The charge is in another currency than the pledge.", place=txn_id)
    place = place_of(session, pledge)
    posted = journal.post(
        session,
        _charge_entries(session, txn, pledge, place),
        event_type="payment_settled",
        source="stripe",
        external_ref=txn_id,
        accounting_on=txn.created_at.date(),
        now=now,
    )
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=posted.ids[-1],
        quantity=txn.amount,
        source="payment",
        source_ref=txn_id,
        now=now,
    )
    _mark(txn, pledge, now)
    for attempt in session.scalars(
        select(PaymentAttempt).where(
            PaymentAttempt.pledge_id == pledge.id,
            PaymentAttempt.state.in_(("created", "open", "processing", "succeeded")),
        )
    ):
        attempt.state = "posted"
        attempt.updated_at = now
    session.flush()


def settle_refund(
    session: Session,
    *,
    txn_id: str,
    pledge_id: UUID,
    now: datetime,
    refund_id: UUID | None = None,
) -> None:
    """Post money that went back to a donor (REF-1, REF-2). Idempotent.

    ``refund_id`` is the row that asked for it, when Poolbook did. Raises Conflict for a refund
    with a fee or an amount that the books have no entry for.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    if txn.fee or txn.amount >= 0:
        raise Conflict("A refund takes money away and has no fee of its own.", place=txn_id)
    pledge = session.get_one(Pledge, pledge_id)
    place = place_of(session, pledge)
    posted = journal.post(
        session,
        _refund_entries(txn, pledge, place),
        event_type="refund_settled",
        source="stripe",
        external_ref=txn_id,
        accounting_on=txn.created_at.date(),
        now=now,
    )
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=posted.ids[-1],
        quantity=txn.amount,
        source="refund",
        source_ref=txn_id,
        now=now,
    )
    _mark(txn, pledge, now)
    row = session.get(Refund, refund_id) if refund_id else None
    if row is None:
        row = session.scalar(select(Refund).where(Refund.stripe_refund_id == txn.source_id))
    if row is not None and row.pledge_id == pledge_id:
        # The books may hear of it before whoever sent it has noted the answer.
        row.stripe_refund_id = txn.source_id
        row.state = "posted"
    session.flush()


def place_of(session: ReadSession, pledge: Pledge) -> Place:
    """Return the books and funds that a pledge's money moves through."""
    campaign = session.get(Campaign, pledge.campaign_id) if pledge.campaign_id else None
    book = session.get_one(Book, pledge.book_id)
    fund = session.get_one(Fund, pledge.fund_id)
    pool = session.get(Pool, book.id)
    general = session.scalar(
        select(Fund.code)
        .where(Fund.book_id == book.id, Fund.fund_class == "unrestricted")
        .order_by(Fund.code)
        .limit(1)
    )
    return Place(
        book=book,
        fund=fund,
        general=general or fund.code,
        fee_bearer=campaign.fee_bearer if campaign else "fund",
        host=session.get_one(Book, pool.host_id) if pool else None,
        held=session.get_one(Fund, pool.held_fund_id) if pool else None,
    )


def _charge_entries(
    session: Session, txn: TransactionRow, pledge: Pledge, place: Place
) -> list[Entry]:
    released, receivable = release_for(session, pledge, txn.amount)
    if place.host is not None and place.held is not None:
        return bookkeeping.pool_payment_settled(
            host=place.host.code,
            held_fund=place.held.code,
            pool=place.book.code,
            pool_fund=place.fund.code,
            currency=txn.commodity,
            amount=txn.amount,
            fee=txn.fee,
            pledge=pledge.reference,
            released=released,
            payment=txn.stripe_txn_id,
        )
    return bookkeeping.payment_settled(
        book=place.book.code,
        fund=place.fund.code,
        currency=txn.commodity,
        amount=txn.amount,
        fee=txn.fee,
        pledge=pledge.reference,
        released=released,
        receivable=receivable,
        fee_bearer=place.fee_bearer,
        general_fund=place.general,
        payment=txn.stripe_txn_id,
    )


def _refund_entries(txn: TransactionRow, pledge: Pledge, place: Place) -> list[Entry]:
    if place.host is not None and place.held is not None:
        return bookkeeping.pool_refund_settled(
            host=place.host.code,
            held_fund=place.held.code,
            pool=place.book.code,
            pool_fund=place.fund.code,
            currency=txn.commodity,
            amount=-txn.amount,
            pledge=pledge.reference,
            payment=txn.stripe_txn_id,
        )
    return bookkeeping.refund_settled(
        book=place.book.code,
        fund=place.fund.code,
        currency=txn.commodity,
        amount=-txn.amount,
        pledge=pledge.reference,
        payment=txn.stripe_txn_id,
    )


def _mark(txn: TransactionRow, pledge: Pledge, now: datetime) -> None:
    txn.pledge_id = pledge.id
    txn.book_id = pledge.book_id
    txn.posted_at = now
