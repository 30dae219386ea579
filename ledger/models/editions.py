"""Editions: which reports were made, of which books, and how long each book's log was then.

What a report said can be made again from the log's beginning; so an edition keeps no figures.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class Edition(Base):
    """A report that was made; equal data is the same edition, made once.

    ``scope`` is book, pool or all, ``code`` the book's or pool's. ``known_at`` leaves out what
    was recorded later; none where the report said all that was known.
    """

    __tablename__ = "edition"
    __table_args__ = (Index("ix_edition_until_on", "until_on"),)

    id: Mapped[Key]
    title: Mapped[str]
    scope: Mapped[Code]
    code: Mapped[Code]
    since_on: Mapped[date]
    until_on: Mapped[date]
    audience: Mapped[Code]
    known_at: Mapped[datetime | None]
    dataset_sha256: Mapped[Code] = mapped_column(unique=True)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]


class EditionLog(Base):
    """How many leaves a book's log had when an edition was made."""

    __tablename__ = "edition_log"

    edition_id: Mapped[UUID] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    size: Mapped[int]
