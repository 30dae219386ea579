"""What a deposit at the bank is made of: counted cash and cheques, each of which can bounce."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Key


class DepositItem(Base):
    """A count that went to the bank with a deposit, or a part of it that no count explains.

    ``deposit_entry_id`` is the entry that banked it, ``count_entry_id`` the one that counted it,
    ``bounce_entry_id`` the one with which the bank took it back. ``amount`` in minor units.
    """

    __tablename__ = "deposit_item"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        ForeignKeyConstraint(["book_id", "deposit_entry_id"], ["entry.book_id", "entry.id"]),
        ForeignKeyConstraint(["book_id", "count_entry_id"], ["entry.book_id", "entry.id"]),
        ForeignKeyConstraint(["book_id", "bounce_entry_id"], ["entry.book_id", "entry.id"]),
        Index("ix_deposit_item_pledge_id", "pledge_id"),
        Index("ix_deposit_item_book_id_deposit_entry_id", "book_id", "deposit_entry_id"),
        Index("ix_deposit_item_book_id_count_entry_id", "book_id", "count_entry_id", unique=True),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    deposit_entry_id: Mapped[UUID]
    count_entry_id: Mapped[UUID | None]
    bounce_entry_id: Mapped[UUID | None]
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    amount: Mapped[int]
    created_at: Mapped[datetime]
