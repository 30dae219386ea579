"""Whether a promise is confirmed: its donor was not sent to a page to pay or to save a card, or
did so. What is not confirmed is not promised yet, and no figure counts it."""

from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.models.pledges import Pledge
from ledger.queries.pledges import unconfirmed


def restate_confirmed(session: Session, pledge_id: UUID | None) -> None:
    """Note whether a pledge waits for its donor, as its pages, card and gifts say by now."""
    if pledge_id is None:
        return
    session.flush()
    waits = session.scalar(select(unconfirmed()).where(Pledge.id == pledge_id))
    session.get_one(Pledge, pledge_id).unconfirmed = bool(waits)
    session.flush()
