"""Whether a pledge counts yet: ``queries.pledges.pledges.unconfirmed`` says what that takes.

What does not count yet is in no figure.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.models.pledges import Pledge
from ledger.queries.pledges.pledges import unconfirmed


def restate_confirmed(session: Session, pledge_id: UUID | None) -> None:
    """Note whether a pledge is promised, as its pages, card, giver and gifts say by now."""
    if pledge_id is None:
        return
    session.flush()
    waits = session.scalar(select(unconfirmed()).where(Pledge.id == pledge_id))
    session.get_one(Pledge, pledge_id).unconfirmed = bool(waits)
    session.flush()


def restate_offers(
    session: Session, *, baskets: Collection[UUID] = (), parties: Collection[UUID] = ()
) -> None:
    """Note the same of every pledge of some baskets or parties."""
    session.flush()
    for pledge in session.scalars(
        select(Pledge).where(Pledge.basket_id.in_(baskets) | Pledge.party_id.in_(parties))
    ).all():
        restate_confirmed(session, pledge.id)
