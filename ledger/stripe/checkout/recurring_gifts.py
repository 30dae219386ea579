"""Recurring gifts: begun on the provider's page, changed there for the donor, asked about again."""

import logging
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from ledger.core.card_amounts import refusal
from ledger.core.days import end_of
from ledger.core.instalments import later
from ledger.core.payment_methods import KEPT
from ledger.core.vocabulary import AttemptState, Interval, RecurringState
from ledger.db import Database, Session
from ledger.errors import Conflict, Invalid, PoolbookError
from ledger.gateway import HostedPage, PaymentGateway, Subscription
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.payments import PaymentAttempt
from ledger.models.recurring import RecurringGift
from ledger.queries.payments import recurring as questions
from ledger.services.payments import payments, recurring
from ledger.stripe.checkout.outcomes import sync_attempt
from ledger.stripe.checkout.payment_pages import OVER, fingerprint

log = logging.getLogger("poolbook.gifts")


def start_recurring(
    db: Database,
    gateway: PaymentGateway,
    *,
    gift_id: UUID,
    success_url: str,
    cancel_url: str,
    now: datetime,
) -> str:
    """Return the address of a page that begins a recurring gift with its first payment.

    Raises Conflict when it has begun or ended, GatewayDown without an answer.
    """
    gift, title, email = _about(db, gift_id)
    asked = {
        "success_url": success_url,
        "cancel_url": cancel_url,
        "name": title,
        "email": email,
        "every": gift.every,
    }
    attempt = _prepared(db, gateway, gift_id, "subscription", asked, now)
    if attempt.state in OVER:
        return success_url
    if attempt.state == AttemptState.OPEN and attempt.checkout_url:
        return attempt.checkout_url
    answer = gateway.create_subscription_page(
        key=attempt.idempotency_key,
        amount=gift.amount,
        currency=gift.commodity,
        every=gift.every,
        name=title,
        email=email,
        page=HostedPage(
            reference=gift.reference,
            metadata={"recurring": str(gift.id), "attempt": str(attempt.id)},
            success_url=success_url,
            cancel_url=cancel_url,
            methods=KEPT,
        ),
    )
    db.run(
        lambda session: payments.record_session(
            session, attempt_id=attempt.id, answer=answer, now=now
        )
    )
    return answer.url or success_url


def start_new_card(
    db: Database,
    gateway: PaymentGateway,
    *,
    gift_id: UUID,
    success_url: str,
    cancel_url: str,
    now: datetime,
) -> str:
    """Return the address of a page that saves another card for a recurring gift."""
    gift, _title, _email = _about(db, gift_id)
    if gift.stripe_customer_id is None:
        raise Conflict("This recurring contribution has not started.", place="gift")
    asked = {"success_url": success_url, "cancel_url": cancel_url}
    attempt = _prepared(db, gateway, gift_id, "setup", asked, now)
    if attempt.state in OVER:
        return success_url
    if attempt.state == AttemptState.OPEN and attempt.checkout_url:
        return attempt.checkout_url
    answer = gateway.create_setup_page(
        key=attempt.idempotency_key,
        customer_id=gift.stripe_customer_id,
        page=HostedPage(
            reference=gift.reference,
            metadata={"recurring": str(gift.id), "attempt": str(attempt.id)},
            success_url=success_url,
            cancel_url=cancel_url,
            methods=KEPT,
        ),
    )
    db.run(
        lambda session: payments.record_session(
            session, attempt_id=attempt.id, answer=answer, now=now
        )
    )
    return answer.url or success_url


def pause_gift(db: Database, gateway: PaymentGateway, *, gift_id: UUID, now: datetime) -> None:
    """Take no payments until the donor resumes. Raises Conflict for a gift that has ended."""
    _change(db, gateway, gift_id, now, gateway.pause_subscription)


def resume_gift(db: Database, gateway: PaymentGateway, *, gift_id: UUID, now: datetime) -> None:
    """Take payments again, from the next one on."""
    _change(db, gateway, gift_id, now, gateway.resume_subscription)


def skip_next(db: Database, gateway: PaymentGateway, *, gift_id: UUID, now: datetime) -> None:
    """Leave the next payment out; the one after it is taken again.

    When the next one is due is asked first: of the last nobody may have told us.
    """
    sync_gift(db, gateway, gift_id=gift_id, now=now)
    gift, _title, _email = _about(db, gift_id)
    if gift.next_on is None or gift.state != RecurringState.ACTIVE:
        raise Conflict("There is no payment to skip.", place="gift")
    with db.snapshot() as session:
        zone = session.get_one(Book, gift.book_id).time_zone
    # Halfway to the payment after it: late enough for the one, early enough for the other.
    resumes_at = end_of(zone, _halfway(gift.next_on, gift.every))
    _change(
        db,
        gateway,
        gift_id,
        now,
        lambda subscription: gateway.pause_subscription(subscription, resumes_at=resumes_at),
    )


def change_amount(
    db: Database,
    gateway: PaymentGateway,
    *,
    gift_id: UUID,
    amount: int,
    now: datetime,
) -> None:
    """Take another amount from the next payment on. Raises Invalid for one that Stripe does not
    charge in the gift's currency."""
    with db.snapshot() as session:
        currency = session.get_one(RecurringGift, gift_id).commodity
    said = refusal(amount, currency)
    if said:
        raise Invalid(said, place="amount")
    _change(
        db,
        gateway,
        gift_id,
        now,
        lambda subscription: gateway.change_subscription(subscription, amount=amount),
    )


def stop_gift(db: Database, gateway: PaymentGateway, *, gift_id: UUID, now: datetime) -> None:
    """Take no payment any more."""
    _change(db, gateway, gift_id, now, gateway.stop_subscription)


def sync_gift(db: Database, gateway: PaymentGateway, *, gift_id: UUID, now: datetime) -> None:
    """Ask how a recurring gift stands and note it."""
    _change(db, gateway, gift_id, now, gateway.retrieve_subscription)


def look_at_gifts(db: Database, gateway: PaymentGateway, *, now: datetime) -> int:
    """Ask about every recurring gift that should have been heard of by now; return how many.

    One that the provider does not know must not keep the others from being looked at.
    """
    with db.snapshot() as session:
        waiting = questions.to_look_at(session, now=now)
    for gift in waiting:
        try:
            sync_gift(db, gateway, gift_id=gift.id, now=now)
        except PoolbookError as refusal:
            log.error("a recurring gift cannot be looked up: %s", type(refusal).__name__)
    return len(waiting)


def _change(
    db: Database,
    gateway: PaymentGateway,
    gift_id: UUID,
    now: datetime,
    command: Callable[[str], Subscription],
) -> None:
    """Ask something of a subscription; whatever it is like afterwards is what is noted.

    One that ended there meanwhile refuses: then it is looked up, so that we know it too.
    """
    gift, _title, _email = _about(db, gift_id)
    if gift.stripe_subscription_id is None or gift.state == RecurringState.STOPPED:
        raise Conflict("This recurring contribution has ended or has not started.", place="gift")
    refused = None
    try:
        answer = command(gift.stripe_subscription_id)
    except Conflict as refusal:
        refused = refusal
        answer = gateway.retrieve_subscription(gift.stripe_subscription_id)
    db.run(
        lambda session: recurring.record_subscription(
            session, gift_id=gift_id, answer=answer, now=now
        )
    )
    if refused is not None:
        raise refused


def _prepared(
    db: Database,
    gateway: PaymentGateway,
    gift_id: UUID,
    kind: str,
    asked: dict[str, str],
    now: datetime,
) -> PaymentAttempt:
    """Return a committed attempt: a fresh one, or one that is open still or over meanwhile."""

    def prepare(session: Session) -> PaymentAttempt:
        return payments.prepare_recurring(
            session, gift_id=gift_id, params_sha256=fingerprint(asked), kind=kind, now=now
        )

    attempt = db.run(prepare)
    if attempt.state != AttemptState.OPEN or attempt.stripe_session_id is None:
        return attempt
    state = sync_attempt(
        db,
        gateway,
        attempt_id=attempt.id,
        session_id=attempt.stripe_session_id,
        now=now,
    )
    if state == AttemptState.OPEN or state in OVER:
        attempt.state = state
        return attempt
    return db.run(prepare)


def _about(db: Database, gift_id: UUID) -> tuple[RecurringGift, str, str]:
    with db.snapshot() as session:
        gift = session.get_one(RecurringGift, gift_id)
        title = session.get_one(Campaign, gift.campaign_id).title
        email = session.get_one(Party, gift.party_id).email
    return gift, title, email


def _halfway(next_on: date, every: Interval) -> date:
    return next_on + (later(next_on, 1, every) - next_on) / 2
