"""How far each sync has read; never moves back, so a late answer repeats nothing."""

from datetime import datetime

from ledger.db import Session
from ledger.models.payments import Cursor


def advance(session: Session, *, name: str, at: datetime | None) -> None:
    """Record that a sync has read up to an instant; None where it found nothing to date."""
    if at is None:
        return
    row = session.get(Cursor, name)
    if row is None:
        session.add(Cursor(name=name, at=at))
    elif at > row.at:
        row.at = at
    session.flush()
