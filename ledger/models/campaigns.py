"""Campaigns, what they need in any commodity, and how they were corrected (domain section 2.2)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import Acceptance, CampaignMode, CampaignState, FeeBearer
from ledger.models.base import Base, Code, Key


class Campaign(Base):
    """A public call for money, things and hours for one fund."""

    __tablename__ = "campaign"
    __table_args__ = (ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    slug: Mapped[Code] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    story: Mapped[str]
    mode: Mapped[CampaignMode]
    fee_bearer: Mapped[FeeBearer] = mapped_column(default=FeeBearer.FUND)
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    # Other currencies that donors may give in, separated by spaces (PAY-12).
    currencies: Mapped[str] = mapped_column(default="")
    opens_on: Mapped[date]
    deadline_on: Mapped[date | None]
    state: Mapped[CampaignState]
    # Nobody where a program made it.
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    # Who opened the draft to everybody, and when.
    opened_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime | None]
    acceptance: Mapped[Acceptance] = mapped_column(
        default=Acceptance.ALL_CONFIRMED, server_default=Acceptance.ALL_CONFIRMED
    )


class CampaignNeed(Base):
    """One line of what a campaign needs; quantities in the commodity's smallest unit."""

    __tablename__ = "campaign_need"
    __table_args__ = (UniqueConstraint("campaign_id", "commodity"),)

    id: Mapped[Key]
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    position: Mapped[int]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    label: Mapped[str]
    minimum: Mapped[int]
    optimum: Mapped[int]


class CampaignChange(Base):
    """One correction of an open campaign; ``earlier`` is what it said before, where that differs.

    Donors gave by what they read: it says what a gift was asked for.
    """

    __tablename__ = "campaign_change"
    __table_args__ = (Index("ix_campaign_change_campaign_id", "campaign_id"),)

    id: Mapped[Key]
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    earlier: Mapped[dict[str, Any]]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
