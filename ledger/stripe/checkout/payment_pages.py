"""Payment pages: opened for what is open of a pledge, and asked what became of them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ledger.core.days import day_in
from ledger.core.payment_methods import offered
from ledger.core.vocabulary import AttemptState
from ledger.db import Database, Session
from ledger.gateway import HostedPage, PaymentGateway
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge
from ledger.queries.books.policies import policy_of
from ledger.queries.pledges.saved_cards import amount_due, parts_of
from ledger.services.payments import payments
from ledger.stripe.checkout.outcomes import sync_attempt

OVER = (AttemptState.SUCCEEDED, AttemptState.PROCESSING, AttemptState.POSTED)


def start_checkout(
    db: Database,
    gateway: PaymentGateway,
    *,
    pledge_id: UUID,
    success_url: str,
    cancel_url: str,
    now: datetime,
) -> str:
    """Return the address of the payment page for what is open of a pledge.

    Of a pledge in instalments it is what is due, or else the next one. A page that is still open
    is used again. Raises Conflict when nothing is open, GatewayDown when the provider gives no
    answer; the same call can then be made again.
    """
    with db.snapshot() as session:
        pledge = session.get_one(Pledge, pledge_id)
        campaign = session.get(Campaign, pledge.campaign_id) if pledge.campaign_id else None
        title = campaign.title if campaign else "Pledge"
        email = session.get_one(Party, pledge.party_id).email
        parts = parts_of(session, pledge_id=pledge_id)
        amount = None
        book = session.get_one(Book, pledge.book_id)
        today = day_in(book.time_zone, now)
        if parts:
            amount = amount_due(session, pledge, today) or parts[0].quantity
        methods = offered(policy_of(session, book, today).payment_methods, pledge.commodity)
    # Everything that the call says beside the amount: with the same key it must say the same.
    asked = {
        "success_url": success_url,
        "cancel_url": cancel_url,
        "name": title,
        "email": email,
        "reference": pledge.reference,
        "methods": list(methods),
    }
    attempt = prepared(db, gateway, pledge_id=pledge_id, asked=asked, amount=amount, now=now)
    if attempt.state in OVER:
        return success_url
    if attempt.state == AttemptState.OPEN and attempt.checkout_url:
        return attempt.checkout_url
    answer = gateway.create_checkout_session(
        key=attempt.idempotency_key,
        amount=attempt.amount,
        currency=attempt.commodity,
        name=title,
        email=email,
        page=HostedPage(
            reference=pledge.reference,
            metadata={"pledge": str(pledge.id), "attempt": str(attempt.id)},
            success_url=success_url,
            cancel_url=cancel_url,
            methods=methods,
        ),
    )
    db.run(
        lambda session: payments.record_session(
            session, attempt_id=attempt.id, answer=answer, now=now
        )
    )
    return answer.url or success_url


def prepared(
    db: Database,
    gateway: PaymentGateway,
    *,
    pledge_id: UUID,
    asked: Mapping[str, object],
    now: datetime,
    kind: str = "checkout",
    amount: int | None = None,
) -> PaymentAttempt:
    """Return a committed attempt at a pledge: a fresh one, or the last one as it now stands.

    ``state`` says which: created is to be asked for, open has its page still, and one that is over
    needs no page any more.
    """

    def prepare(session: Session) -> PaymentAttempt:
        return payments.prepare_attempt(
            session,
            pledge_id=pledge_id,
            params_sha256=fingerprint(asked),
            kind=kind,
            amount=amount,
            now=now,
        )

    attempt = db.run(prepare)
    if attempt.state != AttemptState.OPEN or attempt.stripe_session_id is None:
        return attempt
    state = sync_attempt(
        db, gateway, attempt_id=attempt.id, session_id=attempt.stripe_session_id, now=now
    )
    if state in OVER or (state == AttemptState.OPEN and attempt.checkout_url):
        attempt.state = state
        return attempt
    return db.run(prepare)


def fingerprint(asked: Mapping[str, object]) -> str:
    """Return the hash of everything that a call says beside its key."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
