"""Rules by which lines of a bank statement are categorised, each kept as it was made."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Key


class RuleMeaning(StrEnum):
    """What a rule can say that a line is: what needs no reference."""

    GIFT = "gift"
    UNIDENTIFIED = "unidentified"
    INTEREST = "interest"
    CHARGE = "charge"
    OWN_TRANSFER = "own_transfer"
    NOT_OURS = "not_ours"
    COST_REFUND = "cost_refund"
    COST = "cost"


class BankRule(Base):
    """If a line is like this, then it is that. Another wording is another rule.

    Conditions: the direction, amounts from ``least`` to ``most`` in minor units, the bank account
    on the other side, and ``words`` that its texts hold, all of them. Empty ones ask nothing.
    A rule suggests; from ``books_from`` on, when somebody else agreed, it books by itself, until it
    is withdrawn.
    """

    __tablename__ = "bank_rule"
    __table_args__ = (
        CheckConstraint("least is null or least > 0", name="least"),
        CheckConstraint("most is null or most > 0", name="most"),
        CheckConstraint("approved_by is null or approved_by <> made_by", name="maker_not_checker"),
        Index("ix_bank_rule_book_id", "book_id", "id"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    incoming: Mapped[bool]
    least: Mapped[int | None]
    most: Mapped[int | None]
    counterparty_account: Mapped[str]
    words: Mapped[str]
    meaning: Mapped[RuleMeaning]
    fund: Mapped[str]
    account: Mapped[int | None]
    note: Mapped[str]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    books_from: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
