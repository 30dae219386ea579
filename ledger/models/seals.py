"""The sealed log of each book: what was there, in which order, under which hash (RFC 9162).

Insert-only by trigger, like the journal. ``unsealed`` is filled by trigger with every new entry
and emptied by the sealer, so that no entry is missed whatever order transactions commit in.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import APPEND_ONLY, Base, Code


class LeafKind(StrEnum):
    """What a leaf of a book's log states."""

    BOOK = "book"
    ACCOUNT = "account"
    FUND = "fund"
    ENTRY = "entry"
    EVIDENCE = "evidence"


class Seal(Base):
    """One leaf. ``seq`` counts from 0 without gaps; the kind says which subject is set."""

    __tablename__ = "seal"
    __table_args__ = (
        UniqueConstraint("book_id", "entry_id"),
        UniqueConstraint("book_id", "fund_id"),
        UniqueConstraint("book_id", "account"),
        Index("uq_seal_book_id_evidence_id", "book_id", "evidence_id", unique=True),
    )

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[LeafKind] = mapped_column(info=APPEND_ONLY)
    account: Mapped[int | None] = mapped_column(SmallInteger)
    fund_id: Mapped[UUID | None]
    entry_id: Mapped[UUID | None]
    evidence_id: Mapped[UUID | None]
    leaf_hash: Mapped[Code]


class Unsealed(Base):
    """An entry that waits for the sealer."""

    __tablename__ = "unsealed"

    book_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)


class Checkpoint(Base):
    """A signed statement of a log's size and root (C2SP tlog-checkpoint), as it was given out."""

    __tablename__ = "checkpoint"

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str]
    made_at: Mapped[datetime]
