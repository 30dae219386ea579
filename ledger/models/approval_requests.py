"""Approval requests: what one person asks for and another decides on (domain section 11)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import RequestState
from ledger.models.base import Base, Code, Key


class ApprovalRequest(Base):
    """A request that waits for an approver of ``book_id``; ``arguments`` are those of its kind."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("decided_by is null or decided_by <> made_by", name="maker_not_checker"),
        Index("ix_proposal_book_id_state", "book_id", "state"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    kind: Mapped[Code]  # allocation, valuation, refund, correction, transfer, contribution, …
    title: Mapped[str]
    reason: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    state: Mapped[RequestState]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(default="")


class Approval(Base):
    """One approval of a request that needs two; the last is the decision on the request itself."""

    __tablename__ = "approval"

    request_id: Mapped[UUID] = mapped_column(
        "proposal_id", ForeignKey("proposal.id"), primary_key=True
    )
    approved_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    approved_at: Mapped[datetime]
    note: Mapped[str]
