"""Transfers that bring all that a pool and its members owe each other to zero (event ALC-7)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update

from ledger.core import bookkeeping
from ledger.core.amount import is_currency
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.pools import AllocationLine, AllocationRun, RunState
from ledger.queries.pools.open_balances import OpenBalance, open_balances
from ledger.services.accounting.fund_control import hold
from ledger.services.books import journal
from ledger.services.pools.pools import PoolParts


def settle_open(
    session: Session,
    *,
    pool_id: UUID,
    reference: str,
    by: UUID,
    on: date,
    now: datetime,
) -> list[OpenBalance]:
    """Book one transfer for each fund that the pool owes or that owes the pool (ALC-7).

    Shares of allocations that were waiting for their transfer are settled by it. Returns what was
    settled, minor units; raises Conflict when nothing is open.
    """
    parts = PoolParts(session, pool_id)
    settled = open_balances(session, pool_id=pool_id)
    if not settled:
        raise Conflict("The pool and its members owe each other nothing.", place="members")
    for row in sorted(settled, key=lambda row: row.fund_id):
        hold(session, row.fund_id, max(0, -row.amount))
    for number, rows in enumerate(_rounds(settled), start=1):
        journal.post(
            session,
            bookkeeping.allocations_settled(
                pool=parts.book.code,
                pool_fund=parts.fund.code,
                host=parts.host.code,
                held_fund=parts.held.code,
                currency=parts.book.commodity,
                members={row.code: (row.fund, row.amount) for row in rows},
            ),
            event_type="allocations_settled",
            source="pool",
            external_ref=f"{reference}/{number}",
            accounting_on=on,
            now=now,
            made_by=by,
        )
    _mark_settled(session, pool_id, now)
    return settled


def _rounds(settled: Sequence[OpenBalance]) -> Iterator[list[OpenBalance]]:
    """Return the balances so that each community comes once: an entry names one fund of each."""
    left = list(settled)
    while left:
        first = {row.code: row for row in reversed(left)}
        yield [row for row in left if first[row.code] is row]
        left = [row for row in left if first[row.code] is not row]


def _mark_settled(session: Session, pool_id: UUID, now: datetime) -> None:
    """Note at the shares of money that their transfer is booked."""
    runs = session.execute(
        select(AllocationRun.id, AllocationRun.commodity).where(
            AllocationRun.pool_id == pool_id, AllocationRun.state == RunState.POSTED
        )
    )
    session.execute(
        update(AllocationLine)
        .where(
            AllocationLine.run_id.in_([run for run, commodity in runs if is_currency(commodity)]),
            AllocationLine.settled_at.is_(None),
        )
        .values(settled_at=now)
    )
