"""Bank accounts, their statements and lines, and the matches of lines (domain section 2.5)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class LineState(StrEnum):
    """Whether a bank line, or one payment of it, still has to be matched; ``withdrawn`` with the
    import of its file."""

    OPEN = "open"
    MATCHED = "matched"
    WITHDRAWN = "withdrawn"


class MatchRule(StrEnum):
    """By which rule a line was tied to an entry (domain section 9), or what a person said it is."""

    PAYOUT = "M-01"
    PLEDGE = "M-05"
    BANK_CHARGE = "M-09"
    RETURNED_CHEQUE = "M-12"
    OWED_REFUND = "owed_refund"
    GIFT = "gift"
    UNIDENTIFIED = "unidentified"
    IDENTIFIED = "identified"
    ENTRY = "entry"
    INTEREST = "interest"
    OWN_TRANSFER = "own_transfer"
    HELD_FOR_OTHERS = "held_for_others"
    COST = "cost"
    COST_REFUND = "cost_refund"
    BILL = "bill"
    EXPENSE = "expense"
    GRANT = "grant"
    SETTLEMENT = "settlement"
    DEPOSIT = "deposit"


class BankAccount(Base):
    """An account at a bank that a ledger account stands for, whatever files call it.

    The names that files have used for it are those of its statements; ``name`` is the best known.
    """

    __tablename__ = "bank_account"
    __table_args__ = (UniqueConstraint("book_id", "account", "commodity", "name"),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    account: Mapped[int]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    name: Mapped[str]


class BankStatement(Base):
    """One imported statement of one bank account; amounts in minor units.

    A derived balance is stated nowhere. ``forward`` is what the lines hold and the closing balance
    does not yet. ``line_count`` is how many lines the file has, also those that others had brought
    before; empty for statements that were kept before this was counted.

    One whose import was undone is ``withdrawn_at`` that instant and of no bank account any more; it
    keeps the lines that no other file had brought.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        UniqueConstraint("book_id", "account", "statement_ref"),
        Index("ix_bank_statement_bank_account_id", "bank_account_id", "closes_on"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    account: Mapped[int]
    bank_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_account.id"))
    statement_ref: Mapped[str]
    file_format: Mapped[Code]
    file_sha256: Mapped[Code]
    bank_account: Mapped[str]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    opening: Mapped[int]
    closing: Mapped[int]
    opening_derived: Mapped[bool] = mapped_column(default=False, server_default=false())
    closing_derived: Mapped[bool] = mapped_column(default=False, server_default=false())
    forward: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    interim: Mapped[bool] = mapped_column(default=False, server_default=false())
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    line_count: Mapped[int | None]
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    imported_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawn_reason: Mapped[str] = mapped_column(default="", server_default="")


class BankLine(Base):
    """One booked line. ``fingerprint`` keeps two imports at once from adding a line twice.

    An ``interim`` line comes from a report of a day that was not over, and waits for the statement
    that confirms it. ``through`` paid on somebody's behalf; ``returned`` says why it came back.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("book_id", "account", "fingerprint"),
        Index("ix_bank_line_statement_id", "statement_id"),
        Index("ix_bank_line_history_key", "book_id", "history_key"),
        Index("ix_bank_line_counterparty_account", "book_id", "counterparty_account"),
        Index(
            "ix_bank_line_open",
            "book_id",
            "booked_on",
            "position",
            "id",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        # What the open lines come to, and how many they are.
        Index(
            "ix_bank_line_open_amount",
            "book_id",
            "account",
            "commodity",
            "amount",
            "state",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index(
            "ix_bank_line_parked",
            "book_id",
            "booked_on",
            "position",
            "id",
            postgresql_where=text("parked"),
            sqlite_where=text("parked = 1"),
        ),
        Index(
            "ix_bank_line_open_statement_id",
            "statement_id",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index(
            "ix_bank_line_interim",
            "statement_id",
            postgresql_where=text("interim"),
            sqlite_where=text("interim = 1"),
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
    counterparty_account: Mapped[str | None]
    remittance: Mapped[str]
    code: Mapped[Code | None]
    batch_reference: Mapped[str | None]
    through: Mapped[str | None]
    returned: Mapped[str | None]
    interim: Mapped[bool] = mapped_column(default=False, server_default=false())
    fingerprint: Mapped[Code]
    state: Mapped[LineState]
    # What alike lines share (core.line_history); empty where the line says nothing.
    history_key: Mapped[Code | None]
    # The money of the line, or of one of its payments, is booked as nobody's yet (I-69).
    parked: Mapped[bool] = mapped_column(default=False, server_default=false())


class BankLinePart(Base):
    """One payment of a line that the bank booked as one sum, or a part that a treasurer made of a
    line or of such a payment; the parts that were not replaced sum to the line.

    ``split_by`` is who made the part, empty for the bank's own; ``split_of`` the payment that it
    was made of. A payment that was split is ``replaced_at`` that instant, and so are the parts
    that a treasurer made once they are joined again: rows are not deleted, as matches name them.
    """

    __tablename__ = "bank_line_part"
    __table_args__ = (
        UniqueConstraint("bank_line_id", "position"),
        Index(
            "ix_bank_line_part_open",
            "book_id",
            "bank_line_id",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    bank_line_id: Mapped[UUID] = mapped_column(ForeignKey("bank_line.id"))
    position: Mapped[int]
    amount: Mapped[int]
    end_to_end_id: Mapped[str | None]
    counterparty_name: Mapped[str | None]
    counterparty_account: Mapped[str | None]
    remittance: Mapped[str]
    state: Mapped[LineState]
    split_by: Mapped[UUID | None]
    split_of: Mapped[UUID | None]
    replaced_at: Mapped[datetime | None]

    @classmethod
    def stands(cls) -> ColumnElement[bool]:
        """Return the condition that a part was not replaced by others, or joined again."""
        return cls.replaced_at.is_(None)


class BankLineRepeat(Base):
    """A line that a further statement states again, with the reference it has there."""

    __tablename__ = "bank_line_repeat"
    __table_args__ = (Index("ix_bank_line_repeat_bank_line_id", "bank_line_id"),)

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statement.id"), primary_key=True)
    bank_line_id: Mapped[UUID] = mapped_column(ForeignKey("bank_line.id"), primary_key=True)
    bank_reference: Mapped[str | None]


class Match(Base):
    """The decision that ties a bank line, or one part of it, to an entry.

    It is never edited. One that was wrong is undone, by whom, when and why, and counts no longer;
    its entry is reversed where it had made one. ``note`` is what somebody wrote beside it,
    ``bank_rule_id`` the rule of the book that made it.
    """

    __tablename__ = "match"
    __table_args__ = (
        Index(
            "uq_match_live",
            "bank_line_id",
            "entry_id",
            unique=True,
            postgresql_where=text("undone_at is null"),
            sqlite_where=text("undone_at is null"),
        ),
        Index("ix_match_entry_id", "book_id", "entry_id"),
        Index(
            "ix_match_bank_rule_id",
            "bank_rule_id",
            postgresql_where=text("bank_rule_id is not null"),
            sqlite_where=text("bank_rule_id is not null"),
        ),
        Index(
            "ix_match_undone",
            "bank_line_id",
            postgresql_where=text("undone_at is not null"),
            sqlite_where=text("undone_at is not null"),
        ),
        ForeignKeyConstraint(["book_id", "entry_id"], ["entry.book_id", "entry.id"]),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID]
    bank_line_id: Mapped[UUID] = mapped_column(ForeignKey("bank_line.id"))
    part_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_line_part.id"))
    entry_id: Mapped[UUID]
    rule: Mapped[MatchRule]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    undone_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None]
    undone_reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="", server_default="")
    bank_rule_id: Mapped[UUID | None]

    @classmethod
    def holds(cls) -> ColumnElement[bool]:
        """Return the condition that a match was not undone."""
        return cls.undone_at.is_(None)
