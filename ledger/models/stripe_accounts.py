"""The one Stripe account of an installation, and what its balance was when we last looked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models.base import Base, Code


class StripeAccount(Base):
    """Which account these books follow, for good: live, test and sandbox never mix.

    ``book_id`` is the book that fees, reserves and unknown movements belong to.
    """

    __tablename__ = "stripe_account"
    __table_args__ = (CheckConstraint("singleton = 1", name="singleton"),)

    singleton: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[Code]
    livemode: Mapped[bool]
    sandbox: Mapped[bool]
    book_id: Mapped[UUID | None] = mapped_column(ForeignKey("book.id"))
    bound_at: Mapped[datetime]


class StripeBalance(Base):
    """What Stripe said is on the balance in one currency, available or not; minor units.

    ``movements_net`` is what the movements known at that moment came to: what is known since is
    added to the balance before it is compared with the books.
    """

    __tablename__ = "stripe_balance"

    commodity: Mapped[Code] = mapped_column(primary_key=True)
    amount: Mapped[int]
    movements_net: Mapped[int | None]
    read_at: Mapped[datetime]
