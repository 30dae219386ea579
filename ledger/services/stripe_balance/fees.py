"""What Stripe takes, holds back or receives beside payments: fees, reserves, top-ups (event PO-4
and domain section 5.18); minor units. They belong to the account's own book.
"""

from datetime import datetime

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.db import Session
from ledger.models.books import Fund
from ledger.models.payments import BalanceTransaction
from ledger.services.stripe_balance.balance_transactions import (
    extra_fee,
    post,
    remember,
    unposted,
    where,
)


def settle_fee(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post a fee of Stripe's that belongs to no payment, or one that is given back (PO-4)."""
    txn = unposted(session, txn_id)
    if txn is None:
        return
    if not txn.net:
        remember(session, txn, fund, "stripe_fee", now)
        return
    entries = bookkeeping.stripe_fee_charged(
        **where(session, txn, fund), amount=abs(txn.net), payment=txn_id
    )
    if txn.net > 0:
        entries = [item.reversed() for item in entries]
    post(session, txn, fund, entries, "stripe_fee", now)


def settle_reserve(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post what Stripe sets aside or releases; it stays the community's money."""
    txn = unposted(session, txn_id)
    if txn is None:
        return
    entries = bookkeeping.reserve_moved(
        **where(session, txn, fund), amount=txn.amount, payment=txn_id
    )
    _post(session, txn, fund, entries, "reserve_moved", now)


def settle_topup(session: Session, *, txn_id: str, fund: Fund, now: datetime) -> None:
    """Post money that was sent from the bank to the Stripe balance, or goes back there."""
    txn = unposted(session, txn_id)
    if txn is None:
        return
    entries = bookkeeping.balance_topped_up(
        **where(session, txn, fund), amount=txn.amount, payment=txn_id
    )
    _post(session, txn, fund, entries, "balance_topped_up", now)


def _post(
    session: Session,
    txn: BalanceTransaction,
    fund: Fund,
    entries: list[Entry],
    event_type: str,
    now: datetime,
) -> None:
    fees = extra_fee(session, txn, fund, txn.stripe_txn_id)
    post(session, txn, fund, entries + fees, event_type, now)
