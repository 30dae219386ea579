"""Agreements: what is agreed first and done in steps, such as a spending request or a grant.

One table for all kinds (``core.states`` says which steps each has); what happened is in its steps,
each with the entry it made, so how much is left is always a sum and never a stored figure.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.states import AgreementKind, AgreementState, Move
from ledger.models.base import Base, Code, Key


class Agreement(Base):
    """Something agreed in one book; ``quantity`` in the commodity's smallest unit.

    ``title`` and ``terms`` are for people and services; no hashed row holds them.
    """

    __tablename__ = "commitment"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        UniqueConstraint("book_id", "reference"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("approved_by is null or approved_by <> made_by", name="maker_not_checker"),
        Index("ix_commitment_book_id_kind_state", "book_id", "kind", "state"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    kind: Mapped[AgreementKind]
    reference: Mapped[Code]
    fund_id: Mapped[UUID]
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    quantity: Mapped[int]
    state: Mapped[AgreementState]
    other_id: Mapped[UUID | None] = mapped_column(ForeignKey("book.id"))
    title: Mapped[str]
    terms: Mapped[dict[str, Any]]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]


class Step(Base):
    """One step of an agreement, and the entry that says so in its book."""

    __tablename__ = "commitment_step"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "entry_id"], ["entry.book_id", "entry.id"]),
        UniqueConstraint("commitment_id", "name", "reference"),
        Index("ix_commitment_step_entry_id", "book_id", "entry_id"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID]
    agreement_id: Mapped[UUID] = mapped_column("commitment_id", ForeignKey("commitment.id"))
    name: Mapped[Move]
    reference: Mapped[str]
    quantity: Mapped[int]
    entry_id: Mapped[UUID | None]
    done_on: Mapped[date]
    done_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
