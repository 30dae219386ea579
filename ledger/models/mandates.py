"""Mandates: a donor's leave to charge a saved card for one pledge, when it is due."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import MandateState
from ledger.models.base import Base, Key, StripeId


class Mandate(Base):
    """The card saved for a pledge. No card data is here, only Stripe's names for it."""

    __tablename__ = "mandate"
    __table_args__ = (
        Index("ix_mandate_state_next_charge_at", "state", "next_charge_at"),
        Index(
            "ix_mandate_failure",
            "pledge_id",
            postgresql_where=text("failure is not null"),
            sqlite_where=text("failure is not null"),
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledge.id"), unique=True)
    state: Mapped[MandateState]
    stripe_customer_id: Mapped[StripeId | None]
    stripe_payment_method_id: Mapped[StripeId | None]
    # How the card is shown to its owner, like "Visa ending in 4242".
    shown: Mapped[str] = mapped_column(default="")
    # Failed charges in a row, and when the next one may be made.
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    next_charge_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
