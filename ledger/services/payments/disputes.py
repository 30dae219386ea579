"""Disputes: what they move, and how they stand (events DSP-1 to -4, ALC-6); minor units.

Only what the balance shows is booked: “lost” moves nothing, and neither does an inquiry.
"""

from datetime import datetime

from sqlalchemy import func, select

from ledger.core import bookkeeping
from ledger.core.entry import Entry
from ledger.core.vocabulary import PledgeState
from ledger.db import Session
from ledger.gateway import Dispute as Told
from ledger.models.disputes import Dispute
from ledger.models.payments import BalanceTransaction
from ledger.models.pledges import Pledge
from ledger.queries.pledges.pledge_status import stands
from ledger.services.pledges.donor_messages import tell_status
from ledger.services.pledges.pledges import restate
from ledger.services.stripe_balance.balance_transactions import (
    SUSPENDED,
    charge_of,
    fund_of,
    post,
    suspend,
    unposted,
    where,
)

MONEY = ("dispute", "dispute_reversal")


def settle_dispute(session: Session, *, txn_id: str, charge_id: str, now: datetime) -> None:
    """Post what a dispute moves: money taken with a fee, a further fee, money or a fee given back.

    Idempotent. Raises Conflict while the disputed payment is not in the books.
    """
    txn = unposted(session, txn_id)
    if txn is None:
        return
    charge = charge_of(session, charge_id)
    fund = fund_of(session, charge)
    if charge.outcome == SUSPENDED:
        suspend(session, txn_id=txn_id, fund=fund, now=now)
        return
    place = {**where(session, txn, fund), "payment": txn_id}
    # A fee by itself comes as an amount of its own (category fee) or as a fee of nothing.
    alone = txn.reporting_category not in MONEY
    amount, fee = (0, -txn.net) if alone else (txn.amount, txn.fee)
    entries: list[Entry] = []
    if amount < 0:
        entries += bookkeeping.dispute_opened(**place, amount=-amount, fee=max(fee, 0))
        fee = min(fee, 0)
    elif amount > 0:
        entries += bookkeeping.dispute_won(**place, amount=amount)
    if fee > 0:
        entries += bookkeeping.dispute_fee_charged(**place, amount=fee)
    elif fee < 0:
        entries += bookkeeping.dispute_fee_returned(**place, amount=-fee)
    post(session, txn, fund, entries, "dispute_moved", now, payment=charge)
    pledge = session.get(Pledge, charge.pledge_id) if charge.pledge_id else None
    if pledge is not None and amount:
        restate_disputed(session, pledge)


def record_dispute(session: Session, *, told: Told, now: datetime) -> None:
    """Note how a dispute stands; an answer that is older than what is known changes nothing."""
    charge = session.scalar(
        select(BalanceTransaction)
        .where(BalanceTransaction.source_id == told.charge_id, BalanceTransaction.amount > 0)
        .limit(1)
    )
    row = session.get(Dispute, told.id)
    before = row.status if row else ""
    if row is None:
        row = Dispute(stripe_dispute_id=told.id, created_at=told.created_at)
        session.add(row)
    row.stripe_charge_id = told.charge_id
    row.book_id = charge.book_id if charge else None
    row.pledge_id = charge.pledge_id if charge else None
    row.amount = told.amount
    row.commodity = told.currency
    row.reason = told.reason
    row.status = told.status
    row.evidence_due_at = told.evidence_due_at
    row.evidence_given = told.evidence_given
    row.updated_at = now
    session.flush()
    pledge = session.get(Pledge, row.pledge_id) if row.pledge_id else None
    if pledge is not None and stands(before) != stands(row.status):
        tell_status(session, pledge=pledge, now=now)


def restate_disputed(session: Session, pledge: Pledge) -> None:
    """A pledge of which a bank has taken all that was left is charged back; what is given back
    or was only partly taken leaves it as it was paid. One of which a part is still promised, or
    that was given up before, stays what it is: its open part stands in the journal as it did."""
    sums = dict(
        session.execute(
            select(BalanceTransaction.reporting_category, func.sum(BalanceTransaction.amount))
            .where(
                BalanceTransaction.pledge_id == pledge.id,
                BalanceTransaction.posted_at.is_not(None),
                BalanceTransaction.reporting_category.in_(("charge", "refund", *MONEY)),
            )
            .group_by(BalanceTransaction.reporting_category)
        ).all()
    )
    taken = sum(int(sums.get(name, 0)) for name in MONEY)
    kept = pledge.state in (PledgeState.FULFILLED, PledgeState.OVER_FULFILLED)
    gone = taken < 0 and sum(int(value) for value in sums.values()) <= 0
    if kept and gone:
        pledge.state = PledgeState.CHARGED_BACK
        session.flush()
    elif pledge.state == PledgeState.CHARGED_BACK and not gone:
        pledge.state = PledgeState.OPEN
        restate(session, pledge)
