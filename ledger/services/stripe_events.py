"""The inbox of messages from Stripe: each kept once, as it was signed."""

from datetime import datetime

from ledger.db import Session
from ledger.gateway import Event
from ledger.models.payments import StripeEvent
from ledger.services.jobs import enqueue


def store(session: Session, *, event: Event, body: str, now: datetime) -> bool:
    """Keep a verified message and wake the worker; False when it is known already."""
    if session.get(StripeEvent, event.id) is not None:
        return False
    session.add(
        StripeEvent(
            stripe_event_id=event.id,
            event_type=event.kind,
            object_id=event.object_id,
            body=body,
            received_at=now,
        )
    )
    session.flush()
    enqueue(
        session,
        kind="stripe_event",
        key=event.id,
        arguments={"event": event.id, "kind": event.kind, "object": event.object_id},
        now=now,
    )
    return True


def mark_processed(session: Session, *, event_id: str, now: datetime) -> None:
    """Note that a message has had its effect."""
    row = session.get_one(StripeEvent, event_id)
    row.processed_at = now
    session.flush()
