"""Periods that were closed, softly or for good: until when, with which balances and log (D13)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class PeriodState(StrEnum):
    """Whether a closing still holds."""

    CLOSED = "closed"
    REOPENED = "reopened"


class Period(Base):
    """A book closed up to and including a day. Opened again, the row stays as it was signed.

    ``snapshot`` is the trial balance of the day as canonical JSON; size and root are those of
    the book's log at the moment of closing. ``unreconciled`` is why it was closed although a bank
    account was not reconciled, empty where all were.
    """

    __tablename__ = "period"
    __table_args__ = (UniqueConstraint("book_id", "closed_at"),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    until_on: Mapped[date]
    state: Mapped[PeriodState]
    snapshot: Mapped[str]
    snapshot_sha256: Mapped[Code]
    log_size: Mapped[int]
    log_root: Mapped[Code]
    closed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime]
    unreconciled: Mapped[str] = mapped_column(default="", server_default="")
    reopened_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reopened_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reopened_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")


class SoftClose(Base):
    """A book closed for all but what an approver agreed to, up to and including a day.

    Not lifted, it holds until the period is closed for good.
    """

    __tablename__ = "soft_close"
    __table_args__ = (Index("ix_soft_close_book_id", "book_id"),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    until_on: Mapped[date]
    reason: Mapped[str]
    closed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime]
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    lifted_at: Mapped[datetime | None]
