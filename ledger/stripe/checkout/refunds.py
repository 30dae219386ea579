"""Refunds that were approved, sent to the provider once."""

from datetime import datetime
from uuid import UUID

from ledger.core.vocabulary import RefundState
from ledger.db import Database
from ledger.errors import Conflict
from ledger.gateway import KeyReused, PaymentGateway
from ledger.models.payments import Refund
from ledger.services.payments import refunds


def send_refund(db: Database, gateway: PaymentGateway, *, refund_id: UUID, now: datetime) -> None:
    """Send an approved refund, once. A refusal for good is noted; GatewayDown is tried again.

    What was sent before is looked up first: the provider forgets keys after a day, and a worker
    may be away for longer.
    """
    with db.snapshot() as session:
        refund = session.get_one(Refund, refund_id)
    if refund.state != RefundState.APPROVED:
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
    except KeyReused:
        # What the first request did is not known: it is looked up again, and never called failed.
        raise
    except Conflict:
        db.run(lambda session: refunds.record_refused(session, refund_id=refund_id, now=now))
        return
    db.run(
        lambda session: refunds.record_sent(session, refund_id=refund_id, answer=answer, now=now)
    )
