"""Disputes: what banks contest, and until when evidence is taken. State only, never booked from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, StripeId


class Dispute(Base):
    """One dispute as Stripe states it; ``amount`` in minor units of ``commodity``.

    Its money is booked from balance transactions; an inquiry (``warning_…``) has none.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_book_id", "book_id"),
        Index("ix_dispute_status", "status"),
        Index("ix_dispute_pledge_id", "pledge_id"),
    )

    stripe_dispute_id: Mapped[StripeId] = mapped_column(primary_key=True)
    stripe_charge_id: Mapped[StripeId]
    book_id: Mapped[UUID | None] = mapped_column(ForeignKey("book.id"))
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    amount: Mapped[int]
    commodity: Mapped[Code]
    reason: Mapped[Code]
    status: Mapped[Code]  # Stripe's word
    evidence_due_at: Mapped[datetime | None]
    evidence_given: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
