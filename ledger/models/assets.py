"""Things given, valued and lent (domain section 2.4)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class Asset(Base):
    """One item. Its place follows from the journal; ``state`` is for people's lists."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("book_id", "tag"),
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        CheckConstraint("condition in ('A', 'B', 'C', 'D', 'E')", name="condition"),
        CheckConstraint(
            "state in ('in_custody', 'on_loan', 'damaged', 'transferred', 'disposed', 'lost',"
            " 'returned_to_donor')",
            name="state",
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    tag: Mapped[Code]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    description: Mapped[str]
    condition: Mapped[Code]
    state: Mapped[Code]
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    intake_id: Mapped[UUID | None] = mapped_column(ForeignKey("intake.id"))
    # Minor units; what a plan of ``services.equipment.depreciation`` has booked is not in here.
    cost: Mapped[int] = mapped_column(default=0)
    depreciated: Mapped[int] = mapped_column(default=0)
    impaired: Mapped[int] = mapped_column(default=0)


class Intake(Base):
    """A receipt of things: the hand-over that a member confirmed; ``quantity`` in units."""

    __tablename__ = "intake"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        Index(
            "ix_intake_unvalued",
            "book_id",
            "received_on",
            "id",
            postgresql_where=text("not valued"),
            sqlite_where=text("valued = 0"),
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    quantity: Mapped[int]
    received_on: Mapped[date]
    received_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    # A value of it was approved (I-69).
    valued: Mapped[bool] = mapped_column(default=False, server_default=false())


class Valuation(Base):
    """What something was found to be worth; ``total`` in minor units for the whole quantity."""

    __tablename__ = "valuation"
    __table_args__ = (
        UniqueConstraint("book_id", "label"),
        Index("ix_valuation_intake_id", "intake_id"),
        CheckConstraint("state in ('proposed', 'approved', 'rejected')", name="state"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    label: Mapped[Code]
    intake_id: Mapped[UUID | None] = mapped_column(ForeignKey("intake.id"))
    hours_id: Mapped[UUID | None] = mapped_column(ForeignKey("hours_entry.id"))
    commodity: Mapped[Code]
    quantity: Mapped[int]
    currency: Mapped[Code]
    total: Mapped[int]
    method: Mapped[Code]
    evidence: Mapped[str]
    capitalise: Mapped[bool]
    valued_on: Mapped[date]
    valued_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    state: Mapped[Code]


class AssetLoan(Base):
    """An item lent by one book to another; no value moves (domain decision D10)."""

    __tablename__ = "asset_loan"
    __table_args__ = (
        Index("ix_asset_loan_asset_id", "asset_id"),
        Index("ix_asset_loan_lender_id", "lender_id", "returned_on", "due_on", "id"),
    )

    id: Mapped[Key]
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("asset.id"))
    lender_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    purpose: Mapped[str]
    lent_on: Mapped[date]
    due_on: Mapped[date]
    returned_on: Mapped[date | None]
    handed_over_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
