"""What we asked Stripe and what Stripe told us: attempts, events, balance transactions, payouts.

The journal is written from balance transactions only; events merely wake us (payments design).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.vocabulary import AttemptKind, AttemptState, RefundState
from ledger.models.base import Base, Code, Key, StripeId


class PaymentAttempt(Base):
    """One thing asked of Stripe for a pledge or a recurring gift, committed before the call.

    ``amount`` is in minor units.
    """

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("pledge_id", "n"),
        UniqueConstraint("recurring_id", "n"),
        Index("ix_payment_attempt_state", "state"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    kind: Mapped[AttemptKind] = mapped_column(default=AttemptKind.CHECKOUT)
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    recurring_id: Mapped[UUID | None] = mapped_column(ForeignKey("recurring_gift.id"))
    n: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int]
    commodity: Mapped[Code]
    idempotency_key: Mapped[Code] = mapped_column(unique=True)
    params_sha256: Mapped[Code]
    state: Mapped[AttemptState]
    stripe_session_id: Mapped[StripeId | None] = mapped_column(unique=True)
    stripe_payment_intent_id: Mapped[StripeId | None] = mapped_column(unique=True)
    checkout_url: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class StripeEvent(Base):
    """The inbox: each event once, with the raw body as it was signed."""

    __tablename__ = "stripe_event"

    stripe_event_id: Mapped[StripeId] = mapped_column(primary_key=True)
    event_type: Mapped[Code]
    object_id: Mapped[StripeId | None]
    body: Mapped[str]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]


class BalanceTransaction(Base):
    """One movement of the Stripe balance, as Stripe states it; amounts in minor units."""

    __tablename__ = "balance_transaction"
    __table_args__ = (
        Index("ix_balance_transaction_payout", "stripe_payout_id"),
        Index("ix_balance_transaction_source", "source_id"),
        Index("ix_balance_transaction_recurring_id", "recurring_id"),
        Index("ix_balance_transaction_pledge_id", "pledge_id"),
        Index(
            "ix_balance_transaction_suspended",
            "book_id",
            "created_at",
            "stripe_txn_id",
            postgresql_where=text("outcome = 'movement_suspended'"),
            sqlite_where=text("outcome = 'movement_suspended'"),
        ),
        # What is owed back to donors.
        Index(
            "ix_balance_transaction_owed_back",
            "book_id",
            "created_at",
            "stripe_txn_id",
            postgresql_where=text("owed_back > 0"),
            sqlite_where=text("owed_back > 0"),
        ),
        # What all movements come to.
        Index("ix_balance_transaction_net", "commodity", "net"),
        Index(
            "ix_balance_transaction_unposted",
            "created_at",
            "stripe_txn_id",
            postgresql_where=text("posted_at is null"),
            sqlite_where=text("posted_at is null"),
        ),
    )

    stripe_txn_id: Mapped[StripeId] = mapped_column(primary_key=True)
    livemode: Mapped[bool]
    kind: Mapped[Code]
    reporting_category: Mapped[Code]
    amount: Mapped[int]
    fee: Mapped[int]
    net: Mapped[int]
    commodity: Mapped[Code]
    source_id: Mapped[StripeId | None]
    stripe_payout_id: Mapped[StripeId | None]
    created_at: Mapped[datetime]
    available_on: Mapped[date]
    body: Mapped[dict[str, Any]]
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledge.id"))
    book_id: Mapped[UUID | None] = mapped_column(ForeignKey("book.id"))
    fund_id: Mapped[UUID | None]
    recurring_id: Mapped[UUID | None] = mapped_column(ForeignKey("recurring_gift.id"))
    # What of a charge, or of a refund that was returned, is owed to its donor, minor units (REF-3,
    # REF-5).
    owed_back: Mapped[int] = mapped_column(default=0)
    posted_at: Mapped[datetime | None]
    # The event it was posted as; what is in suspense waits for somebody to name it.
    outcome: Mapped[Code | None]


class Payout(Base):
    """A payout to the bank; the bank line that shows its arrival closes it."""

    __tablename__ = "payout"
    __table_args__ = (
        Index(
            "ix_payout_in_transit",
            "book_id",
            "arrival_on",
            postgresql_where=text("bank_line_id is null"),
            sqlite_where=text("bank_line_id is null"),
        ),
    )

    stripe_payout_id: Mapped[StripeId] = mapped_column(primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    amount: Mapped[int]
    commodity: Mapped[Code]
    state: Mapped[Code]  # Stripe's status
    arrival_on: Mapped[date]
    descriptor: Mapped[str]
    trace: Mapped[str]
    bank_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_line.id"))
    created_at: Mapped[datetime]


class Refund(Base):
    """A refund asked for by one person and approved by another; committed before the call."""

    __tablename__ = "refund"
    __table_args__ = (
        Index("ix_refund_pledge_id", "pledge_id"),
        Index("ix_refund_book_id_state", "book_id", "state"),
    )

    id: Mapped[Key]
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledge.id"))
    stripe_charge_id: Mapped[StripeId]
    amount: Mapped[int]
    reason: Mapped[str]
    state: Mapped[RefundState]
    stripe_refund_id: Mapped[StripeId | None] = mapped_column(unique=True)
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]


class Cursor(Base):
    """How far a sync has read, by name."""

    __tablename__ = "cursor"

    name: Mapped[Code] = mapped_column(primary_key=True)
    at: Mapped[datetime]
