"""The inbox of messages from Stripe: each kept once, without what it says of persons."""

import json
from collections.abc import Mapping
from datetime import datetime

from ledger.db import Session
from ledger.gateway import Event
from ledger.models.payments import StripeEvent
from ledger.services.jobs.jobs import enqueue

ENVELOPE = ("api_version", "created", "id", "livemode", "object", "type")


def store(session: Session, *, event: Event, body: str, now: datetime) -> bool:
    """Keep a verified message and wake the worker; False when it is known already.

    Of ``body`` only the envelope stays: what happened is asked of Stripe again, and a donor's
    address must not lie about in a table that nobody looks after.
    """
    if session.get(StripeEvent, event.id) is not None:
        return False
    session.add(
        StripeEvent(
            stripe_event_id=event.id,
            event_type=event.kind,
            object_id=event.object_id,
            body=_envelope(body),
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


def _envelope(body: str) -> str:
    """Return a message without the object it is about, but for that object's kind and id."""
    whole = json.loads(body)
    about = whole["data"]["object"]
    kept = _plain(whole, ENVELOPE)
    if isinstance(about, dict):
        kept["about"] = _plain(about, ("object", "id"))
    return json.dumps(kept, sort_keys=True)


def _plain(found: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    """Return the named parts that are plain values; none of them is used, so none is checked."""
    return {name: found.get(name) for name in names if not isinstance(found.get(name), dict | list)}
