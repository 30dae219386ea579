"""What people did lately, counted so that nobody can do too much of it (reliability row 15)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from ledger.models.base import Base, Code, Key


class RateEvent(Base):
    """One event of a kind, counted for one subject: a visitor, an address, a campaign.

    The subject is kept as a keyed hash only. ``about`` is the row that the event was for;
    ``settled_at`` says that it turned out to be honest and counts no more.
    """

    __tablename__ = "rate_event"
    __table_args__ = (
        Index("ix_rate_event_kind_subject_sha256_at", "kind", "subject_sha256", "at"),
        Index("ix_rate_event_at", "at"),
        Index("ix_rate_event_about", "about"),
    )

    id: Mapped[Key]
    kind: Mapped[Code]
    subject_sha256: Mapped[Code]
    about: Mapped[UUID | None]
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
