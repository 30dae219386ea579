"""What waits for a treasurer, by kind of work, with how much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from ledger.core.accounts import Acct
from ledger.core.amount import Balance
from ledger.core.vocabulary import CommodityKind, RefundState
from ledger.db import ReadSession
from ledger.models.assets import Intake
from ledger.models.base import Base
from ledger.models.books import Commodity
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.jobs import CheckRun
from ledger.models.payments import BalanceTransaction, Refund
from ledger.models.periods import Period, PeriodState
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
from ledger.queries.workflow.outlook import MONEY

SHOWN = (Acct.UNDEPOSITED_CASH, Acct.UNAPPLIED_RECEIPTS, Acct.REFUNDS_PAYABLE)
STUCK_REFUNDS = (RefundState.FAILED, RefundState.UNANSWERED, RefundState.BOUNCED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of work: its name, how many items, what of it is money in minor units, and until
    when it must be done."""

    kind: str
    count: int
    amount: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the books stand: until when they are closed, and what the last check found.

    ``counts`` are how many items of each kind of work wait; balances are those of the accounts
    that the desk shows, by number.
    """

    closed: date | None
    checked: date | None
    broken_rules: int
    counts: Mapping[str, int]
    balances: Mapping[int, Balance]


def standing(session: ReadSession, *, book_id: UUID) -> Standing:
    """Return where the books of a book stand."""
    closed = select(func.max(Period.until_on)).where(
        Period.book_id == book_id, Period.state == PeriodState.CLOSED
    )
    newest = select(CheckRun.day).order_by(CheckRun.day.desc()).limit(1)
    counts = _counts(book_id)
    found = session.execute(
        select(
            closed.scalar_subquery(),
            newest.scalar_subquery(),
            failed_rules().scalar_subquery(),
            *(count.scalar_subquery().label(kind) for kind, count in counts.items()),
        )
    ).one()
    return Standing(
        found[0],
        found[1],
        len((found[2] or "").split()),
        dict(zip(counts, found[3:], strict=True)),
        balances_by_account(session, book_id=book_id, accounts={*MONEY, *SHOWN}),
    )


def waiting(
    session: ReadSession, *, book_id: UUID, currency: str, standing: Standing
) -> list[Waiting]:
    """Return every kind of work of a book, also those with nothing to do."""
    counts = standing.counts
    in_transit = payouts_in_transit(session, book_id=book_id)
    balances = standing.balances
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
        Waiting("broken_rules", standing.broken_rules),
    ]


def _counts(book_id: UUID) -> dict[str, Select[int]]:
    """Return the questions for how many of each kind of work wait."""
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
    return {
        "bank_lines": waiting_count(book_id),
        "unposted": _count(BalanceTransaction, BalanceTransaction.posted_at.is_(None)),
        "refunds": _count(Refund, Refund.book_id == book_id, Refund.state.in_(STUCK_REFUNDS)),
        "hours": _count(
            HoursEntry, HoursEntry.book_id == book_id, HoursEntry.state == HoursState.LOGGED
        ),
        "valuations": _count(Intake, without_value(book_id)),
        "shares": shares,
    }


def _count(table: type[Base], *conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(table).where(*conditions)
