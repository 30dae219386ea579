"""Volunteer hours and the rates that value them; all times in minutes (domain section 2.4)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class HoursState(StrEnum):
    """Whether recorded hours count."""

    LOGGED = "logged"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class SkillRate(Base):
    """What an hour of a skill is worth: minor units per hour, with source and start.

    ``specialised`` says that the recognition criteria are met (ASC 958-605-25-16); otherwise
    the value is a statistic only.
    """

    __tablename__ = "skill_rate"
    __table_args__ = (Index("ix_skill_rate_book_id_commodity", "book_id", "commodity"),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    currency: Mapped[Code]
    rate_per_hour: Mapped[int]
    specialised: Mapped[bool]
    source: Mapped[str]
    valid_from_on: Mapped[date]


class HoursEntry(Base):
    """Time somebody says they gave; it counts once somebody else confirms it."""

    __tablename__ = "hours_entry"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        CheckConstraint("worked_minutes > 0", name="worked_minutes"),
        Index("ix_hours_entry_book_id_state", "book_id", "state"),
        Index("ix_hours_entry_party_id", "party_id"),
        Index("ix_hours_entry_pledge_id", "pledge_id"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    worked_minutes: Mapped[int]
    worked_on: Mapped[date]
    description: Mapped[str]
    state: Mapped[HoursState]
    logged_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
