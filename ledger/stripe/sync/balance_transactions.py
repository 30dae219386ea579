"""How each balance transaction is settled, by Stripe's reporting category.

The table is that of domain section 5.18; what is not in it goes to suspense.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from ledger.db import Database, Session
from ledger.errors import Conflict
from ledger.gateway import PaymentGateway
from ledger.models.payments import BalanceTransaction
from ledger.services.payments import disputes, refund_settlement
from ledger.services.stripe_balance import accounts, balance_transactions, fees, payouts
from ledger.stripe.sync.charges import settle_charge
from ledger.stripe.sync.fetch import charge_behind, our_id

log = logging.getLogger("poolbook.sync")

Settlement = Callable[[Database, PaymentGateway, BalanceTransaction, datetime], None]


def settle(db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime) -> None:
    """Fetch what a movement is about and post it. Raises one of the four errors, GatewayDown."""
    SETTLEMENTS.get(txn.reporting_category, _suspend)(db, gateway, txn, now)


def _refund(db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime) -> None:
    refund = gateway.retrieve_refund(txn.source_id or "")
    db.run(
        lambda session: refund_settlement.settle_refund(
            session,
            txn_id=txn.stripe_txn_id,
            charge_id=refund.charge_id or "",
            refund_id=our_id(refund.metadata, "refund"),
            given=refund.amount,
            now=now,
        )
    )


def _bounce(
    db: Database,
    gateway: PaymentGateway,  # noqa: ARG001 (all settlements have one signature)
    txn: BalanceTransaction,
    now: datetime,
) -> None:
    db.run(
        lambda session: refund_settlement.settle_bounce(
            session, txn_id=txn.stripe_txn_id, refund_id=txn.source_id or "", now=now
        )
    )


def _return(db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime) -> None:
    charge_id = charge_behind(gateway, txn.source_id or "")
    db.run(
        lambda session: refund_settlement.settle_return(
            session, txn_id=txn.stripe_txn_id, charge_id=charge_id, now=now
        )
    )


def _dispute(db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime) -> None:
    charge_id = charge_behind(gateway, txn.source_id or "")
    db.run(
        lambda session: disputes.settle_dispute(
            session, txn_id=txn.stripe_txn_id, charge_id=charge_id, now=now
        )
    )


def _fee(db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime) -> None:
    if (txn.source_id or "").startswith(DISPUTES):
        try:
            _dispute(db, gateway, txn, now)
        except Conflict:
            # It names no dispute of ours: a fee it is all the same.
            log.warning("%s is a fee for no dispute that is known", txn.stripe_txn_id)
        else:
            return
    db.run(lambda session: _own(session, txn, fees.settle_fee, now))


def _payout(db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime) -> None:
    payout = gateway.retrieve_payout(txn.source_id or "")
    if not payout.automatic:
        db.run(
            lambda session: payouts.settle_manual_payout(
                session, txn_id=txn.stripe_txn_id, payout=payout, now=now
            )
        )
        return
    contained = [
        item.id
        for item in gateway.list_balance_transactions(payout_id=payout.id)
        if item.source_id != payout.id
    ]
    db.run(
        lambda session: payouts.settle_payout(
            session, txn_id=txn.stripe_txn_id, payout=payout, contained=contained, now=now
        )
    )


def _returned_payout(
    db: Database, gateway: PaymentGateway, txn: BalanceTransaction, now: datetime
) -> None:
    payout = gateway.retrieve_payout(txn.source_id or "")
    db.run(
        lambda session: payouts.settle_returned_payout(
            session, txn_id=txn.stripe_txn_id, payout=payout, now=now
        )
    )


def _reserve(
    db: Database,
    gateway: PaymentGateway,  # noqa: ARG001 (all settlements have one signature)
    txn: BalanceTransaction,
    now: datetime,
) -> None:
    db.run(lambda session: _own(session, txn, fees.settle_reserve, now))


def _topup(
    db: Database,
    gateway: PaymentGateway,  # noqa: ARG001
    txn: BalanceTransaction,
    now: datetime,
) -> None:
    db.run(lambda session: _own(session, txn, fees.settle_topup, now))


def _suspend(
    db: Database,
    gateway: PaymentGateway,  # noqa: ARG001
    txn: BalanceTransaction,
    now: datetime,
) -> None:
    db.run(lambda session: _own(session, txn, balance_transactions.suspend, now))


def _own(
    session: Session, txn: BalanceTransaction, command: Callable[..., None], now: datetime
) -> None:
    """Run a settlement for the account's own book, which movements without a payment belong to."""
    fund = accounts.own_fund(session)
    command(session, txn_id=txn.stripe_txn_id, fund=fund, now=now)


DISPUTES = ("du_", "dp_")
SETTLEMENTS: dict[str, Settlement] = {
    "charge": settle_charge,
    "refund": _refund,
    "refund_failure": _bounce,
    "charge_failure": _return,
    "dispute": _dispute,
    "dispute_reversal": _dispute,
    "fee": _fee,
    "tax": _fee,
    "network_cost": _fee,
    "payout": _payout,
    "payout_reversal": _returned_payout,
    "reserve_hold": _reserve,
    "reserve_release": _reserve,
    "risk_reserved_funds": _reserve,
    "payout_minimum_balance_hold": _reserve,
    "payout_minimum_balance_release": _reserve,
    "topup": _topup,
    "topup_reversal": _topup,
}
