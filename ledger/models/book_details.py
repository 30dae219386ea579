"""Who stands behind a book and where money can be sent: shown to the public, never sealed.

A table of its own, because the row of a book is part of its log: addresses and names of people
have no place there.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base


class BookDetails(Base):
    """The legal entity, the month in which its year begins, and the account for bank transfers."""

    __tablename__ = "book_details"
    __table_args__ = (CheckConstraint("fiscal_month between 1 and 12", name="fiscal_month"),)

    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"), primary_key=True)
    legal_name: Mapped[str] = mapped_column(default="")
    registration_number: Mapped[str] = mapped_column(default="")
    postal_address: Mapped[str] = mapped_column(default="")
    fiscal_month: Mapped[int] = mapped_column(SmallInteger, default=1)
    account_holder: Mapped[str] = mapped_column(default="")
    iban: Mapped[str] = mapped_column(default="")
    bic: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]
