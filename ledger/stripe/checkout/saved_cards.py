"""Saved cards: saved on the provider's page, charged when something is due, forgotten after."""

import logging
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from ledger.core.payment_methods import KEPT
from ledger.core.vocabulary import AttemptState
from ledger.db import Database
from ledger.errors import Conflict, PoolbookError
from ledger.gateway import HostedPage, KeyReused, PaymentGateway, PaymentIntent
from ledger.models.mandates import Mandate
from ledger.models.parties import Party
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge
from ledger.queries.pledges import saved_cards as questions
from ledger.services.payments import payments
from ledger.services.pledges import saved_cards
from ledger.stripe.checkout.payment_pages import OVER, prepared

log = logging.getLogger("poolbook.cards")


def start_setup(
    db: Database,
    gateway: PaymentGateway,
    *,
    pledge_id: UUID,
    success_url: str,
    cancel_url: str,
    now: datetime,
) -> str:
    """Return the address of a page that saves a card for a pledge and takes no money.

    Raises Conflict when nothing is open, GatewayDown when the provider gives no answer.
    """
    asked = {"success_url": success_url, "cancel_url": cancel_url}

    db.run(lambda session: saved_cards.ask_for_card(session, pledge_id=pledge_id, now=now))
    attempt = prepared(db, gateway, pledge_id=pledge_id, asked=asked, kind="setup", now=now)
    if attempt.state in OVER:
        return success_url
    if attempt.state == AttemptState.OPEN and attempt.checkout_url:
        return attempt.checkout_url
    with db.snapshot() as session:
        pledge = session.get_one(Pledge, pledge_id)
    answer = gateway.create_setup_page(
        key=attempt.idempotency_key,
        customer_id=_customer(db, gateway, pledge, attempt, now),
        page=HostedPage(
            reference=pledge.reference,
            metadata={"pledge": str(pledge.id), "attempt": str(attempt.id)},
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


def charge_due(db: Database, gateway: PaymentGateway, *, now: datetime) -> int:
    """Charge every saved card for which something is due; return how many were asked for money.

    One that the provider gives no answer about is asked for again with the same key. One whose
    outcome cannot be told stays in doubt and must not keep the others from being charged.
    """
    with db.snapshot() as session:
        waiting = questions.chargeable(session, now=now)
    done = 0
    for row in waiting:
        try:
            done += _charge(db, gateway, row, now)
        except PoolbookError as refusal:
            log.error("the charge of a saved card is in doubt: %s", type(refusal).__name__)
    return done


def forget_cards(db: Database, gateway: PaymentGateway, *, now: datetime) -> int:
    """Have cards forgotten whose pledge has ended or is made good; return how many."""
    with db.snapshot() as session:
        kept = questions.to_forget(session)
    for row in kept:
        if row.stripe_payment_method_id is not None:
            # A card that is forgotten already is refused: that is the outcome that was wanted.
            with suppress(Conflict):
                gateway.detach_card(row.stripe_payment_method_id)
        db.run(
            lambda session, row=row: saved_cards.end_mandate(  # type: ignore[misc]
                session, mandate_id=row.id, now=now
            )
        )
    return len(kept)


def _charge(db: Database, gateway: PaymentGateway, row: Mandate, now: datetime) -> bool:
    attempt = db.run(
        lambda session: saved_cards.prepare_charge(session, mandate_id=row.id, now=now)
    )
    if attempt is None or not row.stripe_customer_id or not row.stripe_payment_method_id:
        return False
    ours = {"pledge": str(row.pledge_id), "attempt": str(attempt.id)}
    answer = None
    if attempt.created_at < now:
        # Asked for before, in a pass that ended: the provider forgets keys after a day.
        answer = gateway.find_payment_intent(customer_id=row.stripe_customer_id, metadata=ours)
    if answer is None:
        answer = _ask_for(gateway, row, attempt, ours)
    found = answer
    db.run(
        lambda session: saved_cards.record_charge(
            session, attempt_id=attempt.id, answer=found, now=now
        )
    )
    return True


def _ask_for(
    gateway: PaymentGateway, row: Mandate, attempt: PaymentAttempt, ours: dict[str, str]
) -> PaymentIntent:
    """Charge a card. What the provider refuses outright was not taken: as good as declined."""
    try:
        return gateway.charge_saved_card(
            key=attempt.idempotency_key,
            amount=attempt.amount,
            currency=attempt.commodity,
            customer_id=row.stripe_customer_id or "",
            payment_method_id=row.stripe_payment_method_id or "",
            metadata=ours,
        )
    except KeyReused:
        raise
    except Conflict:
        return PaymentIntent(
            "", "requires_payment_method", attempt.amount, attempt.commodity, "card", "refused"
        )


def _customer(
    db: Database, gateway: PaymentGateway, pledge: Pledge, attempt: PaymentAttempt, now: datetime
) -> str:
    """Return Stripe's name for a donor, made once for each pledge."""
    with db.snapshot() as session:
        known = questions.mandate_of(session, pledge_id=pledge.id)
        party = session.get_one(Party, pledge.party_id)
    if known is not None and known.stripe_customer_id:
        return known.stripe_customer_id
    made = gateway.create_customer(
        key=f"poolbook:customer:{attempt.id}",
        email=party.email,
        metadata={"pledge": str(pledge.id)},
    )
    db.run(
        lambda session: saved_cards.note_customer(
            session, pledge_id=pledge.id, customer_id=made, now=now
        )
    )
    return made
