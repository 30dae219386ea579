"""Sums of sealed postings by day and by month, so that a balance costs the same at any size.

The sealer adds to them in the transaction that seals; they can be dropped and made again from
the postings, and the check compares them. ``counterparty_id`` is the book itself where a leg
names no other book: a book is never its own counterparty.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code


class _Sum:
    """The columns of both tables; ``quantity`` is in the commodity's smallest unit."""

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    account: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    fund_id: Mapped[UUID] = mapped_column(primary_key=True)
    commodity: Mapped[Code] = mapped_column(primary_key=True)
    counterparty_id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    quantity: Mapped[int]


class BalanceDay(_Sum, Base):
    """What the sealed legs of one day add up to."""

    __tablename__ = "balance_day"
    # A trial balance reads the days of one month, of all accounts, from the index alone.
    __table_args__ = (
        Index(
            "ix_balance_day_starts_on",
            "book_id",
            "starts_on",
            "account",
            "fund_id",
            "commodity",
            "counterparty_id",
            "quantity",
            sqlite_where=text("commodity > ''"),
        ),
    )


class BalanceMonth(_Sum, Base):
    """What the sealed legs of one month add up to; ``starts_on`` is its first day."""

    __tablename__ = "balance_month"
