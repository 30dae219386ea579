"""Bank statements, their lines, and what each line was matched to (domain section 2.5)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class BankStatement(Base):
    """One imported statement of one bank account; amounts in minor units."""

    __tablename__ = "bank_statement"
    __table_args__ = (UniqueConstraint("book_id", "account", "statement_ref"),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    account: Mapped[int]
    statement_ref: Mapped[str]
    file_format: Mapped[Code]
    file_sha256: Mapped[Code]
    bank_account: Mapped[str]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    opening: Mapped[int]
    closing: Mapped[int]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    imported_at: Mapped[datetime]


class BankLine(Base):
    """One booked line. ``fingerprint`` keeps overlapping files from adding a line twice."""

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("book_id", "account", "fingerprint"),
        CheckConstraint("state in ('open', 'matched')", name="state"),
        Index("ix_bank_line_statement_id", "statement_id"),
        Index(
            "ix_bank_line_open",
            "book_id",
            "booked_on",
            "position",
            "id",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statement.id"))
    account: Mapped[int]
    position: Mapped[int]
    amount: Mapped[int]
    commodity: Mapped[Code]
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    bank_reference: Mapped[str | None]
    end_to_end_id: Mapped[str | None]
    counterparty_name: Mapped[str | None]
    remittance: Mapped[str]
    code: Mapped[Code | None]
    fingerprint: Mapped[Code]
    state: Mapped[Code]


class Match(Base):
    """The decision that ties a bank line to an entry; never edited."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("bank_line_id", "entry_id"),
        ForeignKeyConstraint(["book_id", "entry_id"], ["entry.book_id", "entry.id"]),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID]
    bank_line_id: Mapped[UUID] = mapped_column(ForeignKey("bank_line.id"))
    entry_id: Mapped[UUID]
    rule: Mapped[Code]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
