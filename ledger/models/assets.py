"""Things given, valued and lent (domain section 2.4)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class Condition(StrEnum):
    """In which condition an item is, from new to scrap."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class AssetState(StrEnum):
    """Where an item is."""

    IN_CUSTODY = "in_custody"
    ON_LOAN = "on_loan"
    DAMAGED = "damaged"
    TRANSFERRED = "transferred"
    DISPOSED = "disposed"
    LOST = "lost"
    RETURNED_TO_DONOR = "returned_to_donor"
    # Its receipt was undone: it was never here.
    WITHDRAWN = "withdrawn"


class ValuationMethod(StrEnum):
    """How a value was found."""

    COMPARABLE_SALES = "comparable_sales"
    DONOR_INVOICE = "donor_invoice"
    PRICE_LIST = "price_list"
    EXPERT_OPINION = "expert_opinion"
    OBSERVABLE = "observable"
    RATE_TABLE = "rate_table"
    USE = "use"
    NONE = "none"


class ValuationState(StrEnum):
    """Whether a value was approved."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class Asset(Base):
    """One item. Its place follows from the journal; ``state`` is for people's lists."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("book_id", "tag"),
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    tag: Mapped[Code]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    description: Mapped[str]
    condition: Mapped[Condition]
    state: Mapped[AssetState]
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
    # When the receipt was undone; it waits for no value then.
    withdrawn_at: Mapped[datetime | None]


class Valuation(Base):
    """What something was found to be worth; ``total`` in minor units for the whole quantity."""

    __tablename__ = "valuation"
    __table_args__ = (
        UniqueConstraint("book_id", "label"),
        Index("ix_valuation_intake_id", "intake_id"),
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
    method: Mapped[ValuationMethod]
    evidence: Mapped[str]
    capitalise: Mapped[bool]
    valued_on: Mapped[date]
    valued_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    state: Mapped[ValuationState]


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
