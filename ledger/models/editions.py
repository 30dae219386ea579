"""Editions: which reports were issued, of which books, how long each book's log was, and the file.

The log's beginning says which entries a report was made of; the file is kept as it was issued, so
that it can be downloaded again whatever has changed in the program since.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class EditionScope(StrEnum):
    """Which books a report is about."""

    BOOK = "book"
    POOL = "pool"
    ALL = "all"


class Audience(StrEnum):
    """Who a report is for; auditors read every entry as well."""

    PUBLIC = "public"
    AUDITOR = "auditor"


class Edition(Base):
    """A report that was made; equal data is the same edition, made once.

    ``code`` is the book's or pool's. ``known_at`` leaves out what
    was recorded later; none where the report said all that was known.
    """

    __tablename__ = "edition"
    __table_args__ = (Index("ix_edition_until_on", "until_on"),)

    id: Mapped[Key]
    title: Mapped[str]
    scope: Mapped[EditionScope]
    code: Mapped[Code]
    since_on: Mapped[date]
    until_on: Mapped[date]
    audience: Mapped[Audience]
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


class EditionFile(Base):
    """An edition as it was issued: its dataset, and the PDF in base64."""

    __tablename__ = "edition_file"

    edition_id: Mapped[UUID] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    dataset: Mapped[str]
    pdf: Mapped[str]
    pages: Mapped[int]
