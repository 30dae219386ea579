"""Tries at paying, counted against card testing (reliability table, row 15)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code, Key


class PaymentTry(Base):
    """One wish to open a payment page. Who wished it is kept as keyed hashes only.

    ``about`` is the pledge or recurring gift; ``paid_at`` says that the try was an honest one.
    """

    __tablename__ = "payment_try"
    __table_args__ = (
        Index("ix_payment_try_visitor_sha256_at", "visitor_sha256", "at"),
        Index("ix_payment_try_email_sha256_at", "email_sha256", "at"),
        Index("ix_payment_try_at", "at"),
        Index("ix_payment_try_about", "about"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    about: Mapped[UUID]
    visitor_sha256: Mapped[Code]
    email_sha256: Mapped[Code]
    at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
