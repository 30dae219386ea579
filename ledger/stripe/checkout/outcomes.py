"""What became of a page at the provider's: paid, on its way, saved, begun, or nothing."""

from datetime import datetime
from uuid import UUID

from ledger.core.days import day_in
from ledger.core.states import AgreementState
from ledger.core.vocabulary import AttemptKind, AttemptState, RecurringState
from ledger.db import Database, Session
from ledger.errors import Conflict
from ledger.gateway import CheckoutSession, PaymentGateway, PaymentIntent
from ledger.models.books import Book, Fund
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift
from ledger.services.payments import bank_debits, payments, recurring
from ledger.services.pledges import saved_cards


def sync_attempt(
    db: Database,
    gateway: PaymentGateway,
    *,
    attempt_id: UUID,
    session_id: str,
    now: datetime,
) -> AttemptState:
    """Ask what became of a page and note it; return the attempt's state.

    A page that the provider does not know ends the attempt, so that another can follow.
    """
    with db.snapshot() as session:
        attempt = session.get_one(PaymentAttempt, attempt_id)
    try:
        answer = gateway.retrieve_checkout_session(session_id)
    except Conflict:
        db.run(lambda session: payments.record_unknown(session, attempt_id=attempt_id, now=now))
        return AttemptState.FAILED
    db.run(
        lambda session: payments.record_session(
            session, attempt_id=attempt_id, answer=answer, now=now
        )
    )
    if answer.status == "complete":
        _follow(db, gateway, attempt, answer, now)
    with db.snapshot() as session:
        return session.get_one(PaymentAttempt, attempt_id).state


def sync_charge(
    db: Database, gateway: PaymentGateway, *, attempt: PaymentAttempt, now: datetime
) -> None:
    """Ask how far a payment is that was on its way, and note what came of a bank debit."""
    if attempt.stripe_payment_intent_id is None:
        return
    _ask(db, gateway, attempt, attempt.stripe_payment_intent_id, now)


def _ask(
    db: Database,
    gateway: PaymentGateway,
    attempt: PaymentAttempt,
    intent_id: str,
    now: datetime,
) -> None:
    found = gateway.retrieve_payment_intent(intent_id)
    failed_at = None
    if found.status in ("requires_payment_method", "canceled") and found.charge_id is not None:
        failed_at = gateway.charge_failed_at(found.charge_id)
    db.run(lambda session: _note_intent(session, attempt.id, found, failed_at, now))


def _follow(
    db: Database,
    gateway: PaymentGateway,
    attempt: PaymentAttempt,
    answer: CheckoutSession,
    now: datetime,
) -> None:
    """Note what a finished page was for."""
    if attempt.kind == AttemptKind.CHECKOUT and answer.payment_status == "unpaid":
        if answer.payment_intent_id is not None:
            _ask(db, gateway, attempt, answer.payment_intent_id, now)
    elif attempt.kind == AttemptKind.SETUP and answer.setup_intent_id is not None:
        card = gateway.retrieve_saved_card(answer.setup_intent_id)
        pledge_id, gift_id = attempt.pledge_id, attempt.recurring_id
        if pledge_id is not None:
            db.run(
                lambda session: saved_cards.record_card(
                    session, pledge_id=pledge_id, card=card, now=now
                )
            )
        elif gift_id is not None and card.payment_method_id is not None:
            _use_card(db, gateway, gift_id, card.payment_method_id, now)
    elif attempt.kind == AttemptKind.SUBSCRIPTION and answer.subscription_id is not None:
        gift_id = attempt.recurring_id
        begun = gateway.retrieve_subscription(answer.subscription_id)
        if gift_id is not None:
            db.run(
                lambda session: recurring.record_subscription(
                    session, gift_id=gift_id, answer=begun, now=now
                )
            )


def _use_card(
    db: Database,
    gateway: PaymentGateway,
    gift_id: UUID,
    payment_method_id: str,
    now: datetime,
) -> None:
    """Have a recurring gift paid from the card that was just saved."""
    with db.snapshot() as session:
        gift = session.get_one(RecurringGift, gift_id)
    if gift.stripe_subscription_id is None or gift.state == RecurringState.STOPPED:
        return
    changed = gateway.set_subscription_card(
        gift.stripe_subscription_id, payment_method_id=payment_method_id
    )
    db.run(
        lambda session: recurring.record_subscription(
            session, gift_id=gift_id, answer=changed, now=now
        )
    )


def _note_intent(
    session: Session,
    attempt_id: UUID,
    found: PaymentIntent,
    failed_at: datetime | None,
    now: datetime,
) -> None:
    """Note a payment that takes days: a bank debit stays on the memo accounts until it clears.

    Days are those that Stripe tells, so that whoever hears of it late books the same.
    """
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.state == AttemptState.POSTED or attempt.pledge_id is None:
        return
    pledge = session.get_one(Pledge, attempt.pledge_id)
    book = session.get_one(Book, pledge.book_id)
    failed = found.status in ("requires_payment_method", "canceled")
    debit = found.method != "card" and found.charge_id is not None
    if debit and (failed or found.status == "processing") and pledge.commodity == book.commodity:
        row = bank_debits.start_debit(
            session,
            intent_id=found.id,
            fund=session.get_one(Fund, pledge.fund_id),
            amount=found.amount,
            on=day_in(book.time_zone, found.charged_at or now),
            now=now,
        )
        if failed and row.state == AgreementState.PENDING:
            on = day_in(book.time_zone, failed_at or now)
            bank_debits.fail_debit(session, row=row, on=on, now=now)
    if failed:
        payments.record_failure(
            session, attempt_id=attempt_id, failure=found.failure or found.status, now=now
        )
