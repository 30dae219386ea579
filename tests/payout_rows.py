"""Payouts of a book with their parts by fund and everything that they contain, for tests."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.models.payments import BalanceTransaction, Payout
from ledger.queries.payments.payments import payout_funds


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout with its parts by fund; ``arrived`` once a bank line shows it; minor units."""

    id: str
    amount: int
    commodity: str
    state: str
    arrival_on: date
    arrived: bool
    funds: tuple[tuple[str, int], ...]
    transactions: tuple[BalanceTransaction, ...]


def payouts_of(session: ReadSession, *, book_id: UUID) -> list[PayoutRow]:
    """Return the payouts of a book with what they contain, newest first."""
    rows = session.scalars(
        select(Payout)
        .where(Payout.book_id == book_id)
        .order_by(Payout.created_at.desc(), Payout.stripe_payout_id)
        .limit(100)
    ).all()
    return [
        PayoutRow(
            row.stripe_payout_id,
            row.amount,
            row.commodity,
            row.state,
            row.arrival_on,
            row.bank_line_id is not None,
            tuple(payout_funds(session, row.stripe_payout_id).items()),
            tuple(
                session.scalars(
                    select(BalanceTransaction)
                    .where(
                        BalanceTransaction.stripe_payout_id == row.stripe_payout_id,
                        BalanceTransaction.source_id.is_distinct_from(row.stripe_payout_id),
                    )
                    .order_by(BalanceTransaction.created_at, BalanceTransaction.stripe_txn_id)
                )
            ),
        )
        for row in rows
    ]
