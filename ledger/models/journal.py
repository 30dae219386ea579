"""The journal: entries and postings, insert-only (architecture: the journal in the database).

Postings are inserted first and the entry row closes them; triggers made by the first migration
refuse anything unbalanced, changed, deleted or added later. Only ``services.books.journal`` writes.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.ids import new_id
from ledger.models.base import Base, Code

# The sources of most entries: bank lines themselves, and what never moves a bank account.
ELSEWHERE = "source not in ('bank', 'hours', 'payment', 'pledge', 'stripe')"


class Entry(Base):
    """One business event in one book. ``accounting_on`` is the book's day, ``recorded_at`` ours."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("book_id", "source", "external_ref", "event_type"),
        UniqueConstraint("book_id", "reverses"),
        ForeignKeyConstraint(["book_id", "reverses"], ["entry.book_id", "entry.id"]),
        Index("ix_entry_book_id_accounting_on", "book_id", "accounting_on"),
        # The kinds of events that there are, and the entries of one of them.
        Index("ix_entry_event_type", "book_id", "event_type", "accounting_on", "id"),
        # What may have moved a bank account without a line of the bank.
        Index(
            "ix_entry_elsewhere",
            "book_id",
            "accounting_on",
            "id",
            postgresql_where=text(ELSEWHERE),
            sqlite_where=text(ELSEWHERE),
        ),
        # What was recorded after an instant, for balances as they were known then.
        Index("ix_entry_recorded_at", "book_id", "recorded_at"),
        Index(
            "ix_entry_transfer_group",
            "transfer_group",
            postgresql_where=text("transfer_group is not null"),
            sqlite_where=text("transfer_group is not null"),
        ),
    )

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    accounting_on: Mapped[date]
    recorded_at: Mapped[datetime]
    event_type: Mapped[Code]
    source: Mapped[Code]
    external_ref: Mapped[str]
    transfer_group: Mapped[UUID | None]
    reverses: Mapped[UUID | None]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Posting(Base):
    """One leg; ``quantity`` is signed, debit positive, in the commodity's smallest unit."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity"),
        ForeignKeyConstraint(
            ["book_id", "entry_id"],
            ["entry.book_id", "entry.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        ForeignKeyConstraint(["book_id", "account"], ["account.book_id", "account.number"]),
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        Index("ix_posting_account", "book_id", "account", "accounting_on", "entry_id", "line"),
        # The search for an amount, and for what is about a donor.
        Index("ix_posting_quantity", "book_id", "quantity", "accounting_on", "entry_id"),
        Index(
            "ix_posting_party",
            "book_id",
            "party",
            postgresql_where=text("party is not null"),
            sqlite_where=text("party is not null"),
        ),
        Index(
            "ix_posting_pledge",
            "book_id",
            "pledge",
            postgresql_where=text("pledge is not null"),
            sqlite_where=text("pledge is not null"),
        ),
    )

    book_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    accounting_on: Mapped[date]
    account: Mapped[int] = mapped_column(SmallInteger)
    fund_id: Mapped[UUID]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    quantity: Mapped[int]
    counterparty_id: Mapped[UUID | None] = mapped_column(ForeignKey("book.id"))
    pledge: Mapped[Code | None]
    asset: Mapped[Code | None]
    grant: Mapped[Code | None]
    valuation: Mapped[Code | None]
    payment: Mapped[Code | None]
    function: Mapped[Code | None]
    purpose: Mapped[Code | None]
    campaign: Mapped[Code | None]
    party: Mapped[Code | None]


class Annotation(Base):
    """Free text about an entry, outside every hash and erasable (domain section 2.6)."""

    __tablename__ = "annotation"
    __table_args__ = (ForeignKeyConstraint(["book_id", "entry_id"], ["entry.book_id", "entry.id"]),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    book_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    text: Mapped[str]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
