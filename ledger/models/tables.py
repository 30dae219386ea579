"""Tables that people send: how those of an account are read, and the ones being looked over."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class DraftPurpose(StrEnum):
    """What a file that is being looked over will become."""

    STATEMENT = "statement"
    GIFTS = "gifts"
    LEDGER = "ledger"


class TableMapping(Base):
    """How somebody said that tables with these headings are read; one per account and headings.

    ``headings`` are the cells of the line of the headings, ``profile`` what differs from the
    defaults of ``ledger.bank_files.Profile``.
    """

    __tablename__ = "table_mapping"
    __table_args__ = (
        UniqueConstraint("book_id", "account", "headings_sha256"),
        ForeignKeyConstraint(["book_id", "account"], ["account.book_id", "account.number"]),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    account: Mapped[int] = mapped_column(SmallInteger)
    headings: Mapped[list[str]] = mapped_column(JSON)
    headings_sha256: Mapped[Code]
    profile: Mapped[dict[str, Any]]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]


class TableDraft(Base):
    """A file that somebody sent and is telling us how to read; gone when that is done, or a day
    later. ``content`` is the file, compressed, in base64, so that a backup can hold it."""

    __tablename__ = "table_draft"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "account"], ["account.book_id", "account.number"]),
        Index("ix_table_draft_made_at", "made_at"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    account: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[DraftPurpose]
    file_name: Mapped[str]
    content: Mapped[str]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
