"""Pools, their members, and allocation runs (domain section 2.2)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.allocation import AllocationRule
from ledger.models.base import Base, Code, Key


class RunState(StrEnum):
    """How an allocation run stands."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REJECTED = "rejected"


class Pool(Base):
    """What makes a book a pool: its host, who holds the cash in an agency fund, and the fee."""

    __tablename__ = "pool"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
        ForeignKeyConstraint(["host_id", "held_fund_id"], ["fund.book_id", "fund.id"]),
    )

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    fund_id: Mapped[UUID]
    host_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    held_fund_id: Mapped[UUID]
    fee_basis_points: Mapped[int]


class PoolMember(Base):
    """A community of a pool; ``member_seq`` settles ties of the splitter."""

    __tablename__ = "pool_member"
    __table_args__ = (
        UniqueConstraint("pool_id", "member_seq"),
        ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),
    )

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pool.book_id"), primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    member_seq: Mapped[int] = mapped_column(SmallInteger)
    fund_id: Mapped[UUID]


class AllocationRun(Base):
    """One decision to hand out part of a pool; recomputable from ``inputs``."""

    __tablename__ = "allocation_run"
    __table_args__ = (Index("ix_allocation_run_pool_id", "pool_id", "state"),)

    id: Mapped[Key]
    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pool.book_id"))
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    quantity: Mapped[int]
    rule: Mapped[AllocationRule]
    inputs: Mapped[dict[str, Any]]
    inputs_sha256: Mapped[Code]
    purpose: Mapped[str]
    state: Mapped[RunState]
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class AllocationLine(Base):
    """One member's share of a run, and when it was paid out."""

    __tablename__ = "allocation_line"
    __table_args__ = (ForeignKeyConstraint(["book_id", "fund_id"], ["fund.book_id", "fund.id"]),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("allocation_run.id"), primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    fund_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(SmallInteger)
    weight: Mapped[int]
    quantity: Mapped[int]
    residue: Mapped[bool]
    settled_at: Mapped[datetime | None]
