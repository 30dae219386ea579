"""Baskets, the pledges in them, and what has fulfilled each pledge (domain section 2.3).

A basket is one form sent by one donor; each pledge in it counts one commodity. What is open or
fulfilled is derived from the journal, never stored beside it.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    false,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import OPEN_PLEDGES, Consent, FulfilmentSource, LegalNature, PledgeState
from ledger.models.base import Base, Code, Key, in_words

# Conditions of indexes; a question uses an index only if it says the very same.
OPEN_PLEDGE = in_words("state", OPEN_PLEDGES)
OPEN_THINGS = f"{OPEN_PLEDGE} and substr(commodity, 1, 4) in ('EQP.', 'GRM.', 'MLT.')"


class BasketVerdict(StrEnum):
    """What an organiser can decide about a basket."""

    ACCEPT = "accept"
    DECLINE = "decline"
    HIDE = "hide"
    RESTORE = "restore"
    KEEP = "keep"


class ReportReason(StrEnum):
    """Why a visitor reports a name or a message."""

    SPAM = "spam"
    INSULT = "insult"
    FALSE_NAME = "false_name"
    PERSONAL_DATA = "personal_data"
    OTHER = "other"


class Basket(Base):
    """One donor's offer to one campaign. ``form_key`` makes sending the form twice harmless.

    ``name``, ``consent`` and ``message`` are this basket's alone. The public sees them only once
    the owner of the address has confirmed them (``confirmed_at``), and the organiser can hide them.
    Offers of hours and equipment count once they are accepted; ``BasketDecision`` says by whom.
    """

    __tablename__ = "basket"
    __table_args__ = (
        Index("ix_basket_campaign_id", "campaign_id", "created_at", "id"),
        # Those whose givers may be named in public, who come first there.
        Index(
            "ix_basket_confirmed",
            "campaign_id",
            "created_at",
            "id",
            postgresql_where=text("confirmed_at is not null"),
            sqlite_where=text("confirmed_at is not null"),
        ),
        Index("ix_basket_party_id", "party_id", "created_at", "id"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    form_key: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="", server_default="")
    message: Mapped[str] = mapped_column(default="")
    consent: Mapped[Consent]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]


class BasketDecision(Base):
    """What an organiser decided about a basket, and why. Rows are only added."""

    __tablename__ = "basket_decision"
    __table_args__ = (Index("ix_basket_decision_basket_id", "basket_id"),)

    id: Mapped[Key]
    basket_id: Mapped[UUID] = mapped_column(ForeignKey("basket.id"))
    decision: Mapped[BasketVerdict]
    reason: Mapped[str] = mapped_column(default="")
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]


class BasketReport(Base):
    """That a visitor reported the name or message of a basket; ``settled_at`` when an organiser
    had looked at it."""

    __tablename__ = "basket_report"
    __table_args__ = (Index("ix_basket_report_basket_id", "basket_id"),)

    id: Mapped[Key]
    basket_id: Mapped[UUID] = mapped_column(ForeignKey("basket.id"))
    reason: Mapped[ReportReason]
    made_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Pledge(Base):
    """A statement about a future gift of one commodity; ``reference`` labels its postings."""

    __tablename__ = "pledge"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        UniqueConstraint("book_id", "reference"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_pledge_campaign_id", "campaign_id"),
        Index(
            "ix_pledge_open",
            "book_id",
            "commodity",
            "created_at",
            "id",
            postgresql_where=text(OPEN_PLEDGE),
            sqlite_where=text(OPEN_PLEDGE),
        ),
        # Equipment and supplies that are still to be handed over.
        Index(
            "ix_pledge_open_things",
            "book_id",
            "created_at",
            "id",
            postgresql_where=text(OPEN_THINGS),
            sqlite_where=text(OPEN_THINGS),
        ),
        Index("ix_pledge_party_id", "party_id", "created_at", "id"),
        Index("ix_pledge_basket_id", "basket_id"),
        Index(
            "ix_pledge_unconfirmed",
            "book_id",
            "campaign_id",
            postgresql_where=text("unconfirmed"),
            sqlite_where=text("unconfirmed = 1"),
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    basket_id: Mapped[UUID | None] = mapped_column(ForeignKey("basket.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    reference: Mapped[Code]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    quantity: Mapped[int]
    legal_nature: Mapped[LegalNature]
    state: Mapped[PledgeState]
    note: Mapped[str] = mapped_column(default="")
    due_on: Mapped[date | None]
    # What of the quantity the donor adds so that the fee is covered (PAY-11), minor units.
    cover: Mapped[int] = mapped_column(default=0)
    # Whether its giver was asked for a card when it was made: without one it is no promise.
    needs_card: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Open and not counted as promised: see ``queries.pledges.pledges.unconfirmed``.
    unconfirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class PledgeLine(Base):
    """One instalment of a pledge; the lines of a pledge sum to its quantity.

    Which of them are made good is derived: what is fulfilled fills them, the oldest first.
    """

    __tablename__ = "pledge_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledge.id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    due_on: Mapped[date]
    quantity: Mapped[int]


# What opens a part of a pledge again as if it had never come: money that the bank took back, and a
# match that was undone. A refund lowers what was received and opens nothing.
OPENS_AGAIN = (FulfilmentSource.RETURN, FulfilmentSource.UNDONE)


class Fulfilment(Base):
    """A part of a pledge made good, in the pledge's own commodity."""

    __tablename__ = "fulfilment"
    __table_args__ = (
        UniqueConstraint("pledge_id", "source", "source_ref"),
        Index("ix_fulfilment_entry_id", "book_id", "entry_id"),
        ForeignKeyConstraint(["book_id", "entry_id"], ["entry.book_id", "entry.id"]),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID]
    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledge.id"))
    entry_id: Mapped[UUID]
    quantity: Mapped[int]
    source: Mapped[FulfilmentSource]
    source_ref: Mapped[str]
    created_at: Mapped[datetime]

    @classmethod
    def counts(cls) -> ColumnElement[bool]:
        """Return the condition that a row says how much of a pledge stands made good."""
        return or_(cls.quantity > 0, cls.source.in_(OPENS_AGAIN))
