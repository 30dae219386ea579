"""Mandates: a card saved for a pledge, charged when it is due, its owner brought back when not.

Amounts in minor units. Never calls Stripe; ``stripe.checkout.saved_cards`` does, in between.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.card_amounts import refusal
from ledger.core.days import ONE_DAY, day_in, end_of
from ledger.core.vocabulary import AttemptKind, AttemptState, LegalNature, MandateState
from ledger.db import Session
from ledger.errors import Conflict
from ledger.gateway import PaymentIntent, SavedCard
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.mandates import Mandate
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge
from ledger.queries.pledges.saved_cards import amount_due, charge_in_doubt, mandate_of, next_due_on
from ledger.services.pledges.confirmations import restate_confirmed
from ledger.services.pledges.donor_messages import tell_card_failed, tell_card_saved

# After a charge that did not come through, the next one follows after so long; then the donor is
# asked to come back.
RETRY_AFTER = (timedelta(days=3), timedelta(days=5), timedelta(days=7))
# Only the owner can help here: trying again would annoy the bank and nobody else.
FOR_ITS_OWNER = frozenset(
    {
        "authentication_required",
        "expired_card",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "invalid_account",
        "payment_method_unknown",
    }
)


def ask_for_card(session: Session, *, pledge_id: UUID, now: datetime) -> Mandate:
    """Note that a donor is asked to save a card for a pledge; once for each pledge."""
    known = mandate_of(session, pledge_id=pledge_id)
    if known is not None:
        return known
    row = Mandate(
        book_id=session.get_one(Pledge, pledge_id).book_id,
        pledge_id=pledge_id,
        state=MandateState.ASKED,
        created_at=now,
        updated_at=now,
        tries=0,
        shown="",
    )
    session.add(row)
    session.flush()
    restate_confirmed(session, pledge_id)
    return row


def note_customer(session: Session, *, pledge_id: UUID, customer_id: str, now: datetime) -> None:
    """Keep Stripe's name for the donor, under which the card is saved."""
    row = _of(session, pledge_id)
    row.stripe_customer_id = customer_id
    row.updated_at = now
    session.flush()


def record_card(session: Session, *, pledge_id: UUID, card: SavedCard, now: datetime) -> None:
    """Keep a card that was saved; what is due already can be charged at once.

    The same answer told again changes nothing, so that no failed charge is forgotten by it.
    """
    row = _of(session, pledge_id)
    if (
        card.status != "succeeded"
        or card.payment_method_id is None
        or row.state == MandateState.ENDED
    ):
        return
    if row.stripe_payment_method_id == card.payment_method_id:
        return
    row.stripe_payment_method_id = card.payment_method_id
    row.stripe_customer_id = card.customer_id or row.stripe_customer_id
    row.shown = card.shown
    row.state = MandateState.SAVED
    row.tries = 0
    row.failure = None
    row.updated_at = now
    pledge = session.get_one(Pledge, pledge_id)
    row.next_charge_at = now if pledge.legal_nature != LegalNature.CONDITIONAL else None
    session.flush()
    restate_confirmed(session, pledge_id)
    tell_card_saved(session, pledge=pledge, shown=row.shown, now=now)


def prepare_charge(session: Session, *, mandate_id: UUID, now: datetime) -> PaymentAttempt | None:
    """Return the attempt at charging what is due, to be committed before Stripe is called.

    One whose outcome is unknown is taken up again. None when nothing is due: the next charge is
    then put off to the day of the next instalment.
    """
    row = session.get_one(Mandate, mandate_id)
    if row.state != MandateState.SAVED:
        return None
    doubtful = charge_in_doubt(session, pledge_id=row.pledge_id)
    if doubtful is not None:
        return doubtful
    pledge = session.get_one(Pledge, row.pledge_id)
    book = session.get_one(Book, row.book_id)
    amount = amount_due(session, pledge, day_in(book.time_zone, now))
    if not amount:
        plan_next(session, row)
        return None
    if refusal(amount, pledge.commodity):
        # Stripe never charges a rest that is too small, or parts that are too much together.
        row.next_charge_at = None
        session.flush()
        return None
    number = 1 + (
        session.scalar(
            select(func.max(PaymentAttempt.n)).where(PaymentAttempt.pledge_id == pledge.id)
        )
        or 0
    )
    attempt_id = new_id()
    attempt = PaymentAttempt(
        id=attempt_id,
        book_id=row.book_id,
        kind=AttemptKind.OFF_SESSION,
        pledge_id=pledge.id,
        n=number,
        amount=amount,
        commodity=pledge.commodity,
        idempotency_key=f"poolbook:off_session:{attempt_id}",
        params_sha256=row.stripe_payment_method_id or "",
        state=AttemptState.CREATED,
        created_at=now,
        updated_at=now,
    )
    session.add(attempt)
    session.flush()
    return attempt


def record_charge(
    session: Session, *, attempt_id: UUID, answer: PaymentIntent, now: datetime
) -> None:
    """Note how a charge went: paid, on its way, tried again later, or for its donor to mend."""
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.state != AttemptState.CREATED or attempt.pledge_id is None:
        return
    attempt.stripe_payment_intent_id = answer.id or None
    attempt.updated_at = now
    row = _of(session, attempt.pledge_id)
    row.updated_at = now
    if answer.status in ("succeeded", "processing"):
        attempt.state = AttemptState(answer.status)
        row.tries = 0
        row.failure = None
        session.flush()
        plan_next(session, row)
        return
    attempt.state = AttemptState.FAILED
    attempt.failure = answer.failure or answer.status
    row.tries += 1
    row.failure = attempt.failure
    final = attempt.failure in FOR_ITS_OWNER or row.tries > len(RETRY_AFTER)
    if final:
        row.state = MandateState.NEEDS_DONOR
        row.next_charge_at = None
    else:
        row.next_charge_at = now + RETRY_AFTER[row.tries - 1]
    session.flush()
    if final or row.tries == 1:
        tell_card_failed(
            session,
            pledge=session.get_one(Pledge, row.pledge_id),
            amount=attempt.amount,
            tries_again_at=row.next_charge_at,
            now=now,
        )


def plan_next(session: Session, row: Mandate) -> None:
    """Put the next charge off to the start of the day on which the next instalment is due."""
    due_on = next_due_on(session, session.get_one(Pledge, row.pledge_id))
    zone = session.get_one(Book, row.book_id).time_zone
    row.next_charge_at = end_of(zone, due_on - ONE_DAY) if due_on else None
    session.flush()


def make_due(session: Session, *, pledge_id: UUID, now: datetime) -> None:
    """Have a saved card charged, because what it was saved for has come about."""
    row = mandate_of(session, pledge_id=pledge_id)
    if row is not None and row.state == MandateState.SAVED:
        row.next_charge_at = now
        session.flush()


def end_mandate(session: Session, *, mandate_id: UUID, now: datetime) -> None:
    """Note that a card was forgotten."""
    row = session.get_one(Mandate, mandate_id)
    row.state = MandateState.ENDED
    row.next_charge_at = None
    row.stripe_payment_method_id = None
    row.shown = ""
    row.updated_at = now
    session.flush()


def _of(session: Session, pledge_id: UUID) -> Mandate:
    row = mandate_of(session, pledge_id=pledge_id)
    if row is None:
        raise Conflict("This pledge has no request to save a card.", place="pledge")
    return row
