"""Parties: who gives, whether or not they sign in. The journal knows only ``reference``."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class Party(Base):
    """A donor or volunteer. ``reference`` is random, never derived from personal data."""

    __tablename__ = "party"
    __table_args__ = (
        CheckConstraint("consent in ('name', 'initials', 'anonymous')", name="consent"),
        Index("ix_party_email", "email"),
    )

    id: Mapped[Key]
    reference: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[Code] = mapped_column(default="individual")
    name: Mapped[str]
    email: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    consent: Mapped[Code]
    created_at: Mapped[datetime]
