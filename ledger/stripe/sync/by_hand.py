"""What only a treasurer can say of a movement that waits: the fund of an old refund (REF-4), the
funds of a payout that Stripe does not itemise (PO-1)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ledger.db import Database
from ledger.gateway import PaymentGateway
from ledger.models.books import Book, Fund
from ledger.models.payments import BalanceTransaction
from ledger.services.payments import refund_settlement
from ledger.services.stripe_balance import payouts


def settle_old_refund(
    db: Database,
    gateway: PaymentGateway,
    *,
    txn: BalanceTransaction,
    fund: Fund,
    by: UUID,
    now: datetime,
) -> None:
    """Post a refund whose payment came before the books began.

    Raises Conflict when its payment is known after all, GatewayDown.
    """
    refund = gateway.retrieve_refund(txn.source_id or "")
    db.run(
        lambda session: refund_settlement.settle_prior_refund(
            session,
            txn_id=txn.stripe_txn_id,
            charge_id=refund.charge_id or "",
            fund=fund,
            made_by=by,
            now=now,
        )
    )


def settle_payout(
    db: Database,
    gateway: PaymentGateway,
    *,
    txn: BalanceTransaction,
    book: Book,
    funds: Mapping[str, int],
    by: UUID,
    now: datetime,
) -> None:
    """Post a payout by named funds. Raises as ``settle_payout_by_fund``, GatewayDown."""
    payout = gateway.retrieve_payout(txn.source_id or "")
    db.run(
        lambda session: payouts.settle_payout_by_fund(
            session,
            txn_id=txn.stripe_txn_id,
            payout=payout,
            book=book,
            funds=funds,
            made_by=by,
            now=now,
        )
    )
