"""Messages wake us: what one is about is looked up, whatever it says itself.

Messages come twice, late, out of order or never; looking up is all that follows from one.
"""

from datetime import datetime

from ledger.core.vocabulary import AttemptState, RecurringState
from ledger.db import Database
from ledger.gateway import PaymentGateway
from ledger.models.payments import PaymentAttempt
from ledger.models.recurring import RecurringGift
from ledger.queries.payments.payments import attempt_by_intent, attempt_by_session
from ledger.queries.payments.recurring import recurring_by_subscription
from ledger.stripe.checkout.outcomes import sync_attempt, sync_charge
from ledger.stripe.checkout.recurring_gifts import sync_gift


def look_up(
    db: Database, gateway: PaymentGateway, *, kind: str, object_id: str, now: datetime
) -> None:
    """Look up what a message of Stripe's is about, if it is about something we asked for.

    Raises GatewayDown when the provider gives no answer, Conflict when it refuses.
    """
    if kind.startswith("checkout.session."):
        with db.snapshot() as session:
            attempt = attempt_by_session(session, object_id)
        if attempt is not None:
            look_up_attempt(db, gateway, attempt=attempt, now=now)
    elif kind.startswith("payment_intent."):
        with db.snapshot() as session:
            attempt = attempt_by_intent(session, object_id)
        if attempt is not None and attempt.state in (
            AttemptState.CREATED,
            AttemptState.OPEN,
            AttemptState.PROCESSING,
        ):
            look_up_attempt(db, gateway, attempt=attempt, now=now)
    elif kind.startswith("customer.subscription."):
        _look_up_gift(db, gateway, object_id, now)
    elif kind.startswith("invoice."):
        subscription_id = gateway.subscription_of_invoice(object_id)
        if subscription_id is not None:
            _look_up_gift(db, gateway, subscription_id, now)


def look_up_attempt(
    db: Database, gateway: PaymentGateway, *, attempt: PaymentAttempt, now: datetime
) -> None:
    """Ask what became of an attempt: by its page if it had one, else by the payment itself."""
    if attempt.stripe_session_id is not None:
        sync_attempt(
            db, gateway, attempt_id=attempt.id, session_id=attempt.stripe_session_id, now=now
        )
    else:
        sync_charge(db, gateway, attempt=attempt, now=now)


def _look_up_gift(
    db: Database, gateway: PaymentGateway, subscription_id: str, now: datetime
) -> None:
    with db.snapshot() as session:
        gift: RecurringGift | None = recurring_by_subscription(session, subscription_id)
    if gift is not None and gift.state != RecurringState.STOPPED:
        sync_gift(db, gateway, gift_id=gift.id, now=now)
