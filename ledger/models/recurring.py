"""Recurring gifts: monthly or yearly, until their donor stops them.

Each payment is a gift of its own (PAY-09); what is to come is never owed and never in the journal.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import Consent, Interval, RecurringState
from ledger.models.base import Base, Code, Key, StripeId


class RecurringGift(Base):
    """A gift that Stripe repeats as a subscription; its metadata names this row.

    ``amount`` is in minor units.
    """

    __tablename__ = "recurring_gift"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_recurring_gift_party_id", "party_id"),
        Index("ix_recurring_gift_basket_id", "basket_id"),
        Index("ix_recurring_gift_look_at", "look_at"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    basket_id: Mapped[UUID | None] = mapped_column(ForeignKey("basket.id"))
    reference: Mapped[Code] = mapped_column(unique=True)
    form_key: Mapped[Code] = mapped_column(unique=True)
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    amount: Mapped[int]
    every: Mapped[Interval]
    state: Mapped[RecurringState]
    consent: Mapped[Consent]
    stripe_customer_id: Mapped[StripeId | None]
    stripe_subscription_id: Mapped[StripeId | None] = mapped_column(unique=True)
    # When Stripe takes the next payment, and until when a pause or skip lasts.
    next_on: Mapped[date | None]
    resumes_on: Mapped[date | None]
    # When to ask Stripe again how it stands, though no message came.
    look_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
