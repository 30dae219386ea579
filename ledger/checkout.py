"""Conversations with the payment gateway, in three beats: prepare, call, record.

The only module besides the doors that opens transactions: what we are about to ask is committed
before the call, under a key derived from our own row, so that a crash at any moment is taken up
again without asking twice.
"""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from ledger.db import Database
from ledger.errors import Conflict
from ledger.gateway import GatewayDown, PaymentGateway
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.models.payments import PaymentAttempt, Refund
from ledger.models.pledges import Pledge
from ledger.services import payments, refunds

__all__ = ["GatewayDown", "PaymentGateway", "send_refund", "start_checkout", "sync_attempt"]


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

    A page that is still open is used again. Raises Conflict when nothing is open, GatewayDown
    when the provider gives no answer; the same call can then be made again.
    """
    with db.snapshot() as session:
        pledge = session.get_one(Pledge, pledge_id)
        campaign = session.get(Campaign, pledge.campaign_id) if pledge.campaign_id else None
        title = campaign.title if campaign else "Pledge"
        email = session.get_one(Party, pledge.party_id).email
    # Everything that the call says beside the amount: with the same key it must say the same.
    asked = {
        "success_url": success_url,
        "cancel_url": cancel_url,
        "name": title,
        "email": email,
        "reference": pledge.reference,
    }
    fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    attempt = db.run(
        lambda session: payments.prepare_attempt(
            session, pledge_id=pledge_id, params_sha256=fingerprint, now=now
        )
    )
    if attempt.state == "open" and attempt.stripe_session_id is not None:
        state = sync_attempt(
            db, gateway, attempt_id=attempt.id, session_id=attempt.stripe_session_id, now=now
        )
        if state == "open" and attempt.checkout_url:
            return attempt.checkout_url
        if state in ("succeeded", "processing", "posted"):
            return success_url
        return start_checkout(
            db,
            gateway,
            pledge_id=pledge_id,
            success_url=success_url,
            cancel_url=cancel_url,
            now=now,
        )
    answer = gateway.create_checkout_session(
        key=attempt.idempotency_key,
        amount=attempt.amount,
        currency=attempt.commodity,
        name=title,
        email=email,
        reference=pledge.reference,
        metadata={"pledge": str(pledge.id), "attempt": str(attempt.id)},
        success_url=success_url,
        cancel_url=cancel_url,
    )
    db.run(
        lambda session: payments.record_session(
            session, attempt_id=attempt.id, answer=answer, now=now
        )
    )
    return answer.url or success_url


def sync_attempt(
    db: Database, gateway: PaymentGateway, *, attempt_id: UUID, session_id: str, now: datetime
) -> str:
    """Ask what became of a payment page and note it; return the attempt's state.

    A page that the provider does not know ends the attempt, so that another can follow.
    """
    try:
        answer = gateway.retrieve_checkout_session(session_id)
    except Conflict:
        db.run(lambda session: payments.record_unknown(session, attempt_id=attempt_id, now=now))
        return "failed"
    db.run(
        lambda session: payments.record_session(
            session, attempt_id=attempt_id, answer=answer, now=now
        )
    )
    with db.snapshot() as session:
        return session.get_one(PaymentAttempt, attempt_id).state


def send_refund(db: Database, gateway: PaymentGateway, *, refund_id: UUID) -> None:
    """Send an approved refund, once. A refusal for good is noted; GatewayDown is tried again.

    What was sent before is looked up first: the provider forgets keys after a day, and a worker
    may be away for longer.
    """
    with db.snapshot() as session:
        refund = session.get_one(Refund, refund_id)
    if refund.state != "approved":
        return
    ours = {"refund": str(refund.id), "pledge": str(refund.pledge_id)}
    charge_id = refund.stripe_charge_id
    try:
        answer = gateway.find_refund(charge_id=charge_id, metadata=ours)
        if answer is None:
            answer = gateway.create_refund(
                key=f"poolbook:refund:{refund.id}",
                charge_id=charge_id,
                amount=refund.amount,
                metadata=ours,
            )
    except Conflict:
        db.run(lambda session: refunds.record_refused(session, refund_id=refund_id))
        return
    db.run(lambda session: refunds.record_sent(session, refund_id=refund_id, answer=answer))
