"""What a book chose otherwise than its profile: a key, its value, and from which day on.

The keys are those of domain section 13.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class PolicyChoice(Base):
    """One choice. None is ever changed: a later one for the same day replaces it."""

    __tablename__ = "policy_choice"
    __table_args__ = (Index("ix_policy_choice_book_id", "book_id", "valid_from_on"),)

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    key: Mapped[Code]
    value: Mapped[Code]
    valid_from_on: Mapped[date]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
