"""Sums of the figures that people are shown (``core.figures``), so that a page costs the same at
any size of the books.

The sealer adds to them in the transaction that seals; they can be dropped and made again from
the postings, and the check compares them. ``campaign`` is a campaign's slug, empty for none.
Quantities are in the commodity's smallest unit.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.figures import Figure
from ledger.models.base import Base, Code


class FigureTotal(Base):
    """What the sealed entries of a book add up to, of any day."""

    __tablename__ = "figure_total"

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    campaign: Mapped[Code] = mapped_column(primary_key=True)
    figure: Mapped[Figure] = mapped_column(primary_key=True)
    commodity: Mapped[Code] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(primary_key=True)
    quantity: Mapped[int]


class FigureDay(Base):
    """What the sealed entries of one day add up to."""

    __tablename__ = "figure_day"

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    campaign: Mapped[Code] = mapped_column(primary_key=True)
    figure: Mapped[Figure] = mapped_column(primary_key=True)
    commodity: Mapped[Code] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(primary_key=True)
    counted_on: Mapped[date] = mapped_column(primary_key=True)
    quantity: Mapped[int]


class FigureGiver(Base):
    """What one giver gave and promised on one day; the giver is a party's row, not a person."""

    __tablename__ = "figure_giver"

    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    campaign: Mapped[Code] = mapped_column(primary_key=True)
    figure: Mapped[Figure] = mapped_column(primary_key=True)
    commodity: Mapped[Code] = mapped_column(primary_key=True)
    counted_on: Mapped[date] = mapped_column(primary_key=True)
    quantity: Mapped[int]
