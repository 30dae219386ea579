"""Reconciliation statements that were signed: what bank and books said of an account on a day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class ReconciliationStatement(Base):
    """A statement as two people signed it; the row never changes.

    ``document`` is what they signed as canonical JSON; its amounts stand in columns for lists, in
    minor units. Whether it is superseded is asked of the books, not kept. ``reason`` is what the
    preparer said, ``note`` what the reviewer added.
    """

    __tablename__ = "reconciliation_statement"
    __table_args__ = (
        Index(
            "ix_reconciliation_statement_until_on", "book_id", "account", "commodity", "until_on"
        ),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    account: Mapped[int] = mapped_column(SmallInteger)
    commodity: Mapped[Code] = mapped_column(ForeignKey("commodity.code"))
    until_on: Mapped[date]
    bank: Mapped[int]
    books: Mapped[int]
    unexplained: Mapped[int]
    log_size: Mapped[int]
    document: Mapped[str]
    document_sha256: Mapped[Code]
    prepared_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    reason: Mapped[str]
    signed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    signed_at: Mapped[datetime]
    note: Mapped[str]
