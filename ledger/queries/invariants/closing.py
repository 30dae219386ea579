"""Closed periods and closing rates: nothing left open, nothing changed (I-33, I-60, I-61)."""

from collections import Counter

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.core.currencies import exponent
from ledger.db import ReadSession
from ledger.models.assets import Intake, Valuation, ValuationState
from ledger.models.books import Book
from ledger.models.hours import HoursEntry, HoursState
from ledger.models.journal import Entry, Posting
from ledger.models.payments import BalanceTransaction
from ledger.models.periods import Period, PeriodState
from ledger.queries.accounting.periods import first_drift
from ledger.queries.invariants.result import Finding, count, first

MILLION = 1_000_000


def decided(session: ReadSession) -> Finding:
    """I-33: what was there when a period was closed has its value and its entry."""
    closed = Period.state == PeriodState.CLOSED
    hours = (
        select(HoursEntry.id, Period.until_on)
        .join(Period, and_(Period.book_id == HoursEntry.book_id, closed))
        .where(
            HoursEntry.state == HoursState.LOGGED,
            HoursEntry.worked_on <= Period.until_on,
            HoursEntry.created_at < Period.closed_at,
        )
        .limit(1)
    )
    things = (
        select(Intake.id, Period.until_on)
        .join(Period, and_(Period.book_id == Intake.book_id, closed))
        .where(
            Intake.received_on <= Period.until_on,
            Intake.created_at < Period.closed_at,
            Intake.withdrawn_at.is_(None),
            ~exists().where(
                Valuation.intake_id == Intake.id, Valuation.state == ValuationState.APPROVED
            ),
        )
        .limit(1)
    )
    stripe = (
        select(BalanceTransaction.stripe_txn_id, Period.until_on)
        .join(
            Period,
            and_(
                closed,
                or_(
                    BalanceTransaction.book_id == Period.book_id,
                    BalanceTransaction.book_id.is_(None),
                ),
            ),
        )
        .where(
            BalanceTransaction.posted_at.is_(None),
            BalanceTransaction.available_on <= Period.until_on,
            BalanceTransaction.created_at < Period.closed_at,
        )
        .limit(1)
    )
    found = (
        first(session, hours, "hours {0} wait in a period closed up to {1}")
        or first(session, things, "hand-over {0} has no value in a period closed up to {1}")
        or first(session, stripe, "Stripe's {0} has no entry in a period closed up to {1}")
    )
    return count(session, Period, closed), found


def positions(session: ReadSession) -> Finding:
    """I-60: at the rates of its last revaluation, a fund's position was worth nothing after it."""
    last = {}
    undone = aliased(Entry)
    for fund_id, book, entry_id, told in session.execute(
        select(Posting.fund_id, Book, Entry.id, Entry.external_ref)
        .join(Entry, and_(Entry.book_id == Posting.book_id, Entry.id == Posting.entry_id))
        .join(Book, Book.id == Entry.book_id)
        .where(
            Entry.source == "exchange",
            Entry.event_type == "revaluation",
            ~exists().where(undone.book_id == Entry.book_id, undone.reverses == Entry.id),
        )
        .order_by(Entry.id)
    ):
        last[fund_id] = (book, entry_id, told)
    for fund_id, (book, entry_id, told) in last.items():
        held: Counter[str] = Counter()
        for unit, quantity in session.execute(
            select(Posting.commodity, func.sum(Posting.quantity))
            .where(
                Posting.book_id == book.id,
                Posting.fund_id == fund_id,
                Posting.account == Acct.CURRENCY_CONVERSION,
                Posting.entry_id <= entry_id,
            )
            .group_by(Posting.commodity)
        ):
            held[unit] = int(quantity)
        rest = _value(held, book.commodity, told)
        if rest:
            return len(last), f"book {book.code}: a position is worth {rest} after revaluation"
    return len(last), None


def unchanged(session: ReadSession) -> Finding:
    """I-61: closed periods are what was signed, whatever came later."""
    return first_drift(session)


def _value(held: Counter[str], own: str, told: str) -> int:
    """Return what a position is worth at the rates that a revaluation was told."""
    rates = dict(pair.split("=") for pair in told.split("/")[2].split(","))
    value = held.pop(own, 0)
    for unit, quantity in held.items():
        above = quantity * int(rates.get(unit, 0)) * 10 ** exponent(own)
        below = MILLION * 10 ** exponent(unit)
        whole, rest = divmod(above, below)
        value += whole + (2 * rest > below or (2 * rest == below and whole % 2 == 1))
    return value
