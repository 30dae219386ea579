"""Refunds that were sent and of which no movement came: pending, or failed before money moved."""

from datetime import datetime
from functools import partial

from ledger.db import Database
from ledger.errors import Conflict
from ledger.gateway import PaymentGateway
from ledger.queries.payments import payments as questions
from ledger.services.payments import refunds


def sync_refunds(db: Database, gateway: PaymentGateway, *, before: datetime, now: datetime) -> None:
    """Ask how refunds stand that were sent before an instant and are not booked."""
    with db.snapshot() as session:
        waiting = questions.refunds_sent(session, before=before)
    for row in waiting:
        try:
            told = gateway.retrieve_refund(row.stripe_refund_id or "")
        except Conflict:
            continue
        if told.status in ("failed", "canceled"):
            db.run(partial(refunds.record_failed, refund_id=row.id, now=now))
