"""What waits for a treasurer, by kind of work, with how much of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from ledger.core.accounts import Acct
from ledger.core.vocabulary import CommodityKind, RefundState
from ledger.db import ReadSession
from ledger.models.assets import Intake
from ledger.models.base import Base
from ledger.models.books import Commodity
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.payments import BalanceTransaction, Refund
from ledger.models.pools import AllocationLine, AllocationRun, Pool, RunState
from ledger.queries.approvals.agreements import to_carry_out
from ledger.queries.approvals.requests import count_open
from ledger.queries.banking.statements import waiting_count
from ledger.queries.books.balances import balances_by_account
from ledger.queries.equipment.assets import without_value
from ledger.queries.jobs.check_runs import failed_rules
from ledger.queries.payments.disputes import waiting_for_evidence
from ledger.queries.payments.payments import payouts_in_transit
from ledger.queries.payments.stripe_balance import differing_currencies, in_suspense

STUCK_REFUNDS = (RefundState.FAILED, RefundState.UNANSWERED, RefundState.BOUNCED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of work: its name, how many items, what of it is money in minor units, and until
    when it must be done."""

    kind: str
    count: int
    amount: int | None = None
    due_at: datetime | None = None


def waiting(session: ReadSession, *, book_id: UUID, currency: str) -> list[Waiting]:
    """Return every kind of work of a book, also those with nothing to do."""
    counts = _counts(session, book_id)
    in_transit = payouts_in_transit(session, book_id=book_id)
    balances = balances_by_account(
        session,
        book_id=book_id,
        accounts=(Acct.UNDEPOSITED_CASH, Acct.UNAPPLIED_RECEIPTS, Acct.REFUNDS_PAYABLE),
    )
    cash = balances[Acct.UNDEPOSITED_CASH][currency]
    suspended = in_suspense(session, book_id=book_id)
    # What Stripe moved and nobody could name is shown by itself.
    parked = -balances[Acct.UNAPPLIED_RECEIPTS][currency] - sum(
        row.net for row in suspended if row.commodity == currency
    )
    contested = waiting_for_evidence(session, book_id=book_id)
    owed = -balances[Acct.REFUNDS_PAYABLE][currency]
    return [
        Waiting("bank_lines", counts["bank_lines"]),
        Waiting("unidentified", 1 if parked else 0, parked),
        Waiting("payouts", len(in_transit), sum(row.amount for row in in_transit)),
        Waiting("unposted", counts["unposted"]),
        Waiting("suspense", len(suspended), sum(row.net for row in suspended)),
        Waiting(
            "disputes",
            len(contested),
            sum(row.amount for row in contested),
            due_at=contested[0].evidence_due_at if contested else None,
        ),
        Waiting("refunds", counts["refunds"]),
        Waiting("owed_back", 1 if owed else 0, owed),
        Waiting("differences", differing_currencies(session, book_id=book_id)),
        Waiting("cash", 1 if cash else 0, cash),
        Waiting("hours", counts["hours"]),
        Waiting("valuations", counts["valuations"]),
        Waiting("agreements", to_carry_out(session, book_id=book_id)),
        Waiting("shares", counts["shares"]),
        Waiting("proposals", count_open(session, book_id=book_id)),
        Waiting("broken_rules", counts["broken_rules"]),
    ]


def _counts(session: ReadSession, book_id: UUID) -> dict[str, int]:
    """Return how many of each kind of work wait, in one question."""
    shares = (
        select(func.count())
        .select_from(AllocationLine)
        .join(AllocationRun, AllocationRun.id == AllocationLine.run_id)
        .join(Commodity, Commodity.code == AllocationRun.commodity)
        .where(
            AllocationRun.pool_id.in_(select(Pool.book_id).where(Pool.host_id == book_id)),
            AllocationRun.state == RunState.POSTED,
            # Hours and things are not paid out; they are worked or handed over.
            Commodity.kind == CommodityKind.CURRENCY,
            AllocationLine.settled_at.is_(None),
            AllocationLine.quantity > 0,
        )
    )
    counts = {
        "bank_lines": waiting_count(book_id),
        "unposted": _count(BalanceTransaction, BalanceTransaction.posted_at.is_(None)),
        "refunds": _count(Refund, Refund.book_id == book_id, Refund.state.in_(STUCK_REFUNDS)),
        "hours": _count(
            HoursEntry, HoursEntry.book_id == book_id, HoursEntry.state == HoursState.LOGGED
        ),
        "valuations": _count(Intake, without_value(book_id)),
        "shares": shares,
    }
    found = session.execute(
        select(
            failed_rules().scalar_subquery(),
            *(count.scalar_subquery().label(kind) for kind, count in counts.items()),
        )
    ).one()
    broken = {"broken_rules": len((found[0] or "").split())}
    return dict(zip(counts, found[1:], strict=True)) | broken


def _count(table: type[Base], *conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(table).where(*conditions)
