"""Disputes: fetched one by one when a message names one, and all that are open now and then."""

from datetime import datetime, timedelta

from ledger.db import Database, Session
from ledger.gateway import PaymentGateway
from ledger.queries.payments import disputes as questions
from ledger.services.payments import disputes
from ledger.services.stripe_balance.sync_state import advance

NAME = "disputes"
OVERLAP = timedelta(days=3)
STALE = timedelta(minutes=15)


def sync_dispute(db: Database, gateway: PaymentGateway, *, dispute_id: str, now: datetime) -> None:
    """Ask how a dispute stands and note it. Raises Conflict for one that Stripe does not know."""
    told = gateway.retrieve_dispute(dispute_id)
    db.run(lambda session: disputes.record_dispute(session, told=told, now=now))


def sync_disputes(db: Database, gateway: PaymentGateway, *, now: datetime) -> None:
    """Find disputes that no message told of, and look again at those that are not over."""
    with db.snapshot() as session:
        read_to = questions.read_to(session, NAME)
        stale = questions.open_since(session, before=now - STALE)
    found = gateway.list_disputes(since=read_to - OVERLAP if read_to else None)
    fresh = {told.id for told in found}

    def record(session: Session) -> None:
        for told in found:
            disputes.record_dispute(session, told=told, now=now)
        advance(session, name=NAME, at=max((told.created_at for told in found), default=None))

    if found:
        db.run(record)
    for dispute_id in stale:
        if dispute_id not in fresh:
            sync_dispute(db, gateway, dispute_id=dispute_id, now=now)
