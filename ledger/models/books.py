"""Books, their accounts and funds, and the commodities that all books count in."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.policies import Profile
from ledger.core.vocabulary import AccountKind, BookKind, CommodityKind, FundClass
from ledger.models.base import Base, Code, Key


class Commodity(Base):
    """Anything counted; the code names the unit (domain section 3.1)."""

    __tablename__ = "commodity"

    code: Mapped[Code] = mapped_column(primary_key=True)
    kind: Mapped[CommodityKind]
    exponent: Mapped[int] = mapped_column(SmallInteger)
    singular: Mapped[str]
    plural: Mapped[str]


class Book(Base):
    """One self-balancing set of accounts: a community's, or a pool's."""

    __tablename__ = "book"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[BookKind]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    profile: Mapped[Profile]
    time_zone: Mapped[Code] = mapped_column(default="UTC")
    place: Mapped[str] = mapped_column(default="")
    story: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class Account(Base):
    """An account of a book; the template of ``core.accounts`` fills these when a book is made."""

    __tablename__ = "account"

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    kind: Mapped[AccountKind]
    inter_book: Mapped[bool]
    is_loss: Mapped[bool]
    # No part of the log, like that of a fund: it can be opened again.
    closed_on: Mapped[date | None]


class Fund(Base):
    """A slice of a book with its own restriction (domain section 2.2)."""

    __tablename__ = "fund"
    __table_args__ = (
        UniqueConstraint("book_id", "code"),
        UniqueConstraint("book_id", "id"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    code: Mapped[Code]
    name: Mapped[str]
    fund_class: Mapped[FundClass]
    purpose: Mapped[str] = mapped_column(default="")
    restriction_until_on: Mapped[date | None]
    negative_allowed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    # A closed fund holds nothing, and no form offers it.
    closed_on: Mapped[date | None]
