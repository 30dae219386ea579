"""Payments: attempts, and the settling of what Stripe's balance transactions say.

Figures come from balance transactions only; events and pages merely wake us. Amounts are minor
units. Never calls Stripe.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.card_amounts import refusal
from ledger.core.days import day_in
from ledger.core.entry import Entry
from ledger.core.states import Move
from ledger.core.vocabulary import (
    AttemptKind,
    AttemptState,
    FulfilmentSource,
    FundClass,
    LegalNature,
    RecurringState,
)
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, NotFound
from ledger.gateway import CheckoutSession
from ledger.ids import new_id
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.models.payments import BalanceTransaction as TransactionRow
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge
from ledger.models.pools import Pool
from ledger.models.recurring import RecurringGift
from ledger.queries.payments.payments import attempt_to_reuse
from ledger.queries.pledges.pledges import open_quantity
from ledger.services.approvals.agreements import StepTaken, transition
from ledger.services.books import journal
from ledger.services.payments.bank_debits import pending_debit, start_debit
from ledger.services.payments.gifts import settle_foreign
from ledger.services.payments.payment_limits import note_paid
from ledger.services.pledges.confirmations import restate_confirmed
from ledger.services.pledges.donor_messages import tell_arrived, tell_status
from ledger.services.pledges.goals import HELD, waits_for_goal
from ledger.services.pledges.pledges import record_fulfilment, release_for
from ledger.services.pools.pools import take_host_fee

# How far an attempt has come: what is heard late never takes it back.
PROGRESS = {
    AttemptState.CREATED: 0,
    AttemptState.OPEN: 1,
    AttemptState.EXPIRED: 2,
    AttemptState.FAILED: 2,
    AttemptState.PROCESSING: 3,
    AttemptState.SUCCEEDED: 4,
}
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
    session: Session,
    *,
    pledge_id: UUID,
    params_sha256: str,
    now: datetime,
    kind: str = "checkout",
    amount: int | None = None,
) -> PaymentAttempt:
    """Return the attempt at collecting a pledge, or at saving a card for it, before the call.

    All that is open is asked for, unless ``amount`` names less; saving a card takes nothing. An
    attempt whose outcome is unknown is taken up again with its own key. Raises NotFound, Conflict
    when nothing is open, Stripe charges no such amount, or the promise is conditional.
    """
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound("This pledge does not exist.", place="pledge")
    if pledge.legal_nature == LegalNature.CONDITIONAL and kind != "setup":
        raise Conflict("This pledge becomes due only if the campaign succeeds.", place="pledge")
    rest = open_quantity(session, pledge)
    if not rest:
        raise Conflict("This pledge has nothing left to pay.", place="pledge")
    asked = 0 if kind == "setup" else min(rest, rest if amount is None else amount)
    said = "" if kind == "setup" else refusal(asked, pledge.commodity)
    if said:
        raise Conflict(said, place="amount")
    last = attempt_to_reuse(session, pledge_id=pledge_id, kind=kind)
    if last is not None:
        if _same(last, params_sha256, asked, now):
            return last
        last.state = AttemptState.EXPIRED
        last.updated_at = now
    count = select(func.max(PaymentAttempt.n)).where(PaymentAttempt.pledge_id == pledge_id)
    return _new_attempt(
        session,
        kind=kind,
        book_id=pledge.book_id,
        pledge_id=pledge_id,
        n=1 + (session.scalar(count) or 0),
        amount=asked,
        commodity=pledge.commodity,
        params_sha256=params_sha256,
        now=now,
    )


def prepare_recurring(
    session: Session, *, gift_id: UUID, params_sha256: str, kind: str, now: datetime
) -> PaymentAttempt:
    """Return the attempt at beginning a recurring gift, or at saving another card for it.

    Raises Conflict for one that began already, or has ended.
    """
    gift = session.get_one(RecurringGift, gift_id)
    if (gift.state == RecurringState.ASKED) != (
        kind == "subscription"
    ) or gift.state == RecurringState.STOPPED:
        raise Conflict(
            "This recurring contribution has already started or has ended.", place="gift"
        )
    asked = gift.amount if kind == "subscription" else 0
    last = session.scalar(
        select(PaymentAttempt).where(
            PaymentAttempt.recurring_id == gift_id,
            PaymentAttempt.kind == kind,
            PaymentAttempt.state.in_((AttemptState.CREATED, AttemptState.OPEN)),
        )
    )
    if last is not None:
        if _same(last, params_sha256, asked, now):
            return last
        last.state = AttemptState.EXPIRED
        last.updated_at = now
    count = select(func.max(PaymentAttempt.n)).where(PaymentAttempt.recurring_id == gift_id)
    return _new_attempt(
        session,
        kind=kind,
        book_id=gift.book_id,
        recurring_id=gift_id,
        n=1 + (session.scalar(count) or 0),
        amount=asked,
        commodity=gift.commodity,
        params_sha256=params_sha256,
        now=now,
    )


def _same(last: PaymentAttempt, params_sha256: str, amount: int, now: datetime) -> bool:
    """Whether an attempt asked the same, and its key still means so at Stripe."""
    fresh = now - last.created_at < KEY_LIFETIME
    same = last.params_sha256 == params_sha256 and last.amount == amount
    return same and (fresh or last.state == AttemptState.OPEN)


def _new_attempt(session: Session, *, kind: str, now: datetime, **values: Any) -> PaymentAttempt:
    attempt_id = new_id()
    attempt = PaymentAttempt(
        id=attempt_id,
        kind=kind,
        idempotency_key=f"poolbook:{kind}:{attempt_id}",
        state=AttemptState.CREATED,
        created_at=now,
        updated_at=now,
        **values,
    )
    session.add(attempt)
    restate_confirmed(session, attempt.pledge_id)
    session.flush()
    return attempt


def record_session(
    session: Session, *, attempt_id: UUID, answer: CheckoutSession, now: datetime
) -> None:
    """Note what Stripe says of an attempt's payment page; an older answer changes nothing."""
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.state == AttemptState.POSTED:
        return
    attempt.stripe_session_id = answer.id
    attempt.stripe_payment_intent_id = answer.payment_intent_id or attempt.stripe_payment_intent_id
    attempt.checkout_url = answer.url or attempt.checkout_url
    states = {"complete": AttemptState.PROCESSING, "expired": AttemptState.EXPIRED}
    state = states.get(answer.status, AttemptState.OPEN)
    if answer.status == "complete" and answer.payment_status != "unpaid":
        # Where no payment is required, as when a card is saved, there is nothing to wait for.
        state = AttemptState.SUCCEEDED
    if PROGRESS[state] >= PROGRESS[attempt.state]:
        attempt.state = state
    attempt.updated_at = now
    session.flush()
    restate_confirmed(session, attempt.pledge_id)
    if answer.status == "complete":
        note_paid(session, about=attempt.pledge_id or attempt.recurring_id or attempt.id, now=now)


def record_unknown(session: Session, *, attempt_id: UUID, now: datetime) -> None:
    """End an attempt whose payment page Stripe does not know; what is settled stays so."""
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.state in (AttemptState.CREATED, AttemptState.OPEN, AttemptState.PROCESSING):
        attempt.state = AttemptState.FAILED
        attempt.failure = "page_unknown"
    attempt.updated_at = now
    session.flush()
    restate_confirmed(session, attempt.pledge_id)


def record_failure(session: Session, *, attempt_id: UUID, failure: str, now: datetime) -> None:
    """Note that a payment on its way did not come through; what is settled stays so."""
    attempt = session.get_one(PaymentAttempt, attempt_id)
    before = attempt.state
    if before in (AttemptState.CREATED, AttemptState.OPEN, AttemptState.PROCESSING):
        attempt.state = AttemptState.FAILED
        attempt.failure = failure
    attempt.updated_at = now
    session.flush()
    restate_confirmed(session, attempt.pledge_id)
    # Whoever is still on the payment page sees it there; a debit fails days later.
    if before == AttemptState.PROCESSING and attempt.pledge_id is not None:
        tell_status(session, pledge=session.get_one(Pledge, attempt.pledge_id), now=now)


def settle_charge(
    session: Session,
    *,
    txn_id: str,
    pledge_id: UUID,
    now: datetime,
    paid: int | None = None,
    debit: tuple[str, datetime] | None = None,
) -> None:
    """Post a charge for a pledge (PAY-01 to -03, POL-3, -4) and note the fulfilment. Idempotent.

    What pays for a campaign that must still reach its goal is held until then (PAY-13). A bank
    debit that was on its way is cleared by it (PAY-06); ``debit`` names its payment intent
    and when it began, should nobody have told. One in another currency than the
    book's makes the pledge good in its own (PAY-12): ``paid`` is the charge's amount there.
    Raises NotFound for no such pledge, Conflict where the currencies do not fit.
    """
    txn = session.get_one(TransactionRow, txn_id)
    if txn.posted_at is not None:
        return
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound("The pledge named by this charge does not exist.", place=txn_id)
    place = place_of(session, pledge)
    on = day_in(place.book.time_zone, txn.created_at)
    if pledge.commodity == txn.commodity:
        paid = txn.amount
        _settle_own(session, txn, pledge, place, debit=debit, on=on, now=now)
    else:
        settle_foreign(session, txn_id=txn_id, pledge=pledge, paid=paid, now=now)
    take_host_fee(session, book_id=pledge.book_id, base=txn.amount, payment=txn_id, on=on, now=now)
    _close_attempts(session, pledge, paid, now)
    tell_arrived(session, pledge=pledge, now=now)


def _settle_own(
    session: Session,
    txn: TransactionRow,
    pledge: Pledge,
    place: Place,
    *,
    debit: tuple[str, datetime] | None,
    on: date,
    now: datetime,
) -> None:
    """Post a charge in the currency of its pledge."""
    event_type = HELD if waits_for_goal(session, pledge) else "payment_settled"
    entries = _charge_entries(session, txn, pledge, place)
    pending = pending_debit(session, intent_ids=_intents(session, pledge), amount=txn.amount)
    if pending is None and debit is not None and pledge.commodity == place.book.commodity:
        pending = start_debit(
            session,
            intent_id=debit[0],
            fund=place.fund,
            amount=txn.amount,
            on=day_in(place.book.time_zone, debit[1]),
            now=now,
        )
    if pending is not None:
        entries = bookkeeping.debit_cleared_for(
            entries, fund=place.fund.code, currency=txn.commodity, amount=txn.amount
        )
        # The step has no entry of its own: its legs stand beside the money they announced.
        transition(
            session,
            pending,
            Move.CLEAR,
            [],
            taken=StepTaken(quantity=txn.amount, reference=txn.stripe_txn_id, on=on, now=now),
        )
    posted = journal.post(
        session,
        entries,
        event_type=event_type,
        source="stripe",
        external_ref=txn.stripe_txn_id,
        accounting_on=on,
        now=now,
    )
    record_fulfilment(
        session,
        pledge=pledge,
        entry_id=posted.ids[-1],
        quantity=txn.amount,
        source=FulfilmentSource.PAYMENT,
        source_ref=txn.stripe_txn_id,
        now=now,
    )
    _mark(txn, pledge, event_type, now)


def place_of(session: ReadSession, pledge: Pledge) -> Place:
    """Return the books and funds that a pledge's money moves through."""
    campaign = session.get(Campaign, pledge.campaign_id) if pledge.campaign_id else None
    book = session.get_one(Book, pledge.book_id)
    fund = session.get_one(Fund, pledge.fund_id)
    pool = session.get(Pool, book.id)
    general = session.scalar(
        select(Fund.code)
        .where(Fund.book_id == book.id, Fund.fund_class == FundClass.UNRESTRICTED)
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


def _intents(session: ReadSession, pledge: Pledge) -> list[str]:
    return [
        found
        for found in session.scalars(
            select(PaymentAttempt.stripe_payment_intent_id).where(
                PaymentAttempt.pledge_id == pledge.id
            )
        )
        if found
    ]


def _close_attempts(session: Session, pledge: Pledge, amount: int | None, now: datetime) -> None:
    """Note which attempt a charge came from; once nothing is open, no attempt is any more.

    Of several instalments on their way only one is in the books by one charge.
    """
    note_paid(session, about=pledge.id, now=now)
    waiting = list(
        session.scalars(
            select(PaymentAttempt)
            .where(
                PaymentAttempt.pledge_id == pledge.id,
                PaymentAttempt.kind != AttemptKind.SETUP,
                PaymentAttempt.state.in_(
                    (
                        AttemptState.CREATED,
                        AttemptState.OPEN,
                        AttemptState.PROCESSING,
                        AttemptState.SUCCEEDED,
                    )
                ),
            )
            .order_by(PaymentAttempt.n)
        )
    )
    if open_quantity(session, pledge):
        came = [row for row in waiting if row.amount == amount]
        known = [
            row for row in came if row.state in (AttemptState.PROCESSING, AttemptState.SUCCEEDED)
        ]
        waiting = (known or came)[:1]
    for attempt in waiting:
        attempt.state = AttemptState.POSTED
        attempt.updated_at = now
    session.flush()
    restate_confirmed(session, pledge.id)


def _charge_entries(
    session: Session, txn: TransactionRow, pledge: Pledge, place: Place
) -> list[Entry]:
    if waits_for_goal(session, pledge):
        entries = bookkeeping.money_held_for_goal(
            book=place.book.code,
            fund=place.fund.code,
            currency=txn.commodity,
            amount=txn.amount,
            fee=txn.fee,
            pledge=pledge.reference,
            payment=txn.stripe_txn_id,
        )
        if place.host is None or place.held is None:
            return entries
        return bookkeeping.through_host(entries, host=place.host.code, held_fund=place.held.code)
    released, receivable = release_for(session, pledge, txn.amount)
    if place.host is not None and place.held is not None:
        return bookkeeping.pool_payment_settled(
            host=place.host.code,
            held_fund=place.held.code,
            pool=place.book.code,
            pool_fund=place.fund.code,
            charge=bookkeeping.Charge(
                currency=txn.commodity, amount=txn.amount, fee=txn.fee, payment=txn.stripe_txn_id
            ),
            fulfilled=bookkeeping.Fulfilled(
                pledge=pledge.reference, released=released, receivable=receivable
            ),
        )
    return bookkeeping.payment_settled(
        book=place.book.code,
        fund=place.fund.code,
        charge=bookkeeping.Charge(
            currency=txn.commodity, amount=txn.amount, fee=txn.fee, payment=txn.stripe_txn_id
        ),
        fulfilled=bookkeeping.Fulfilled(
            pledge=pledge.reference, released=released, receivable=receivable
        ),
        fee_bearer=place.fee_bearer,
        general_fund=place.general,
    )


def _mark(txn: TransactionRow, pledge: Pledge, event_type: str, now: datetime) -> None:
    txn.pledge_id = pledge.id
    txn.book_id = pledge.book_id
    txn.fund_id = pledge.fund_id
    txn.outcome = event_type
    txn.posted_at = now
