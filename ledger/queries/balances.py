"""Balances, trial balance and account statements, as of any date and as known at any instant.

All quantities are integers in the commodity's smallest unit, debit positive. What is sealed is
read from sums by month and day, so that a balance costs the same at any size of the books.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, exists, func, select, union_all

from ledger.core.accounts import Layer, layer_of
from ledger.core.amount import Amount, Balance
from ledger.db import ReadSession
from ledger.models.balances import BalanceDay, BalanceMonth
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Unsealed


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """The balance of one account in one fund and commodity."""

    account: int
    fund: str
    layer: Layer
    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One leg on an account statement, with the balance after it."""

    entry_id: UUID
    accounting_on: date
    event_type: str
    fund: str
    commodity: str
    counterparty: str | None
    quantity: int
    balance: int


def balance_of(
    session: ReadSession,
    *,
    book_id: UUID,
    accounts: Iterable[int],
    fund_id: UUID | None = None,
    counterparty_id: UUID | None = None,
    pledge: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Balance:
    """Return the sum of the accounts' legs up to and including ``as_of``, by commodity.

    ``known_at`` leaves out what was recorded after that instant.
    """
    wanted = list(accounts)
    more = [] if pledge is None else [Posting.pledge == pledge]
    if known_at is not None:
        more.append(recorded_by(known_at))
    legs = (
        _legs(book_id, as_of, wanted, *more).subquery() if more else _sums(book_id, as_of, wanted)
    )
    query = select(legs.c.commodity, func.sum(legs.c.quantity)).group_by(legs.c.commodity)
    if fund_id is not None:
        query = query.where(legs.c.fund_id == fund_id)
    if counterparty_id is not None:
        query = query.where(legs.c.counterparty_id == counterparty_id)
    return Balance(Amount(int(total), commodity) for commodity, total in session.execute(query))


def trial_balance(
    session: ReadSession,
    *,
    book_id: UUID,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[BalanceRow]:
    """Return every non-zero balance of a book, by account, fund and commodity."""
    if known_at is None:
        legs = _sums(book_id, as_of)
    else:
        legs = _legs(book_id, as_of, None, recorded_by(known_at)).subquery()
    # Added up before funds are named, for there are far fewer sums than days.
    place = (legs.c.account, legs.c.fund_id, legs.c.commodity)
    total = func.sum(legs.c.quantity).label("total")
    sums = select(*place, total).group_by(*place).having(total != 0).subquery()
    query = (
        select(sums.c.account, Fund.code, sums.c.commodity, sums.c.total)
        .join(Fund, Fund.id == sums.c.fund_id)
        .order_by(sums.c.account, Fund.code, sums.c.commodity)
    )
    return [
        BalanceRow(account, fund, layer_of(account), commodity, int(quantity))
        for account, fund, commodity, quantity in session.execute(query)
    ]


def _sums(book_id: UUID, as_of: date | None, accounts: list[int] | None = None) -> Subquery:
    """Return quantities that add up to the legs until a day: whole months, the days of the last
    month, and the few legs that are not sealed yet.
    """
    parts = []
    for table in (BalanceMonth, BalanceDay):
        part = select(
            table.account, table.fund_id, table.commodity, table.counterparty_id, table.quantity
        ).where(table.book_id == book_id)
        if accounts is not None:
            part = part.where(table.account.in_(accounts))
        parts.append(part)
    months, days = parts
    unsealed = select(Unsealed.entry_id).where(Unsealed.book_id == book_id)
    waiting = _legs(book_id, as_of, None, Posting.entry_id.in_(unsealed))
    if accounts is not None:
        # Not by the account's index: the way in is by the few entries that wait.
        waiting = waiting.where((Posting.account + 0).in_(accounts))
    if as_of is None:
        return union_all(months, waiting).subquery()
    first = as_of.replace(day=1)
    return union_all(
        months.where(BalanceMonth.starts_on < first),
        days.where(BalanceDay.starts_on.between(first, as_of)),
        waiting,
    ).subquery()


def _legs(
    book_id: UUID, as_of: date | None, accounts: list[int] | None, *more: ColumnElement[bool]
) -> Select[int, UUID, str, UUID, int]:
    query = select(
        Posting.account,
        Posting.fund_id,
        Posting.commodity,
        func.coalesce(Posting.counterparty_id, Posting.book_id).label("counterparty_id"),
        Posting.quantity,
    ).where(Posting.book_id == book_id, *more)
    if accounts is not None:
        query = query.where(Posting.account.in_(accounts))
    if as_of is not None:
        query = query.where(Posting.accounting_on <= as_of)
    return query


def account_statement(
    session: ReadSession,
    *,
    book_id: UUID,
    account: int,
    fund: str | None = None,
    since: date | None = None,
    until: date | None = None,
    known_at: datetime | None = None,
    limit: int = 500,
) -> list[StatementRow]:
    """Return the newest ``limit`` legs of an account, oldest first, with the running balance.

    The balance is per commodity and counts everything before the first leg as well; of one
    fund, where its code is given; without what was recorded after ``known_at``.
    """
    if known_at is None:
        legs = _sums(book_id, until, [account])
    else:
        legs = _legs(book_id, until, [account], recorded_by(known_at)).subquery()
    totals = select(legs.c.commodity, func.sum(legs.c.quantity)).group_by(legs.c.commodity)
    wanted = [Posting.book_id == book_id, Posting.account == account]
    if fund is not None:
        funds = select(Fund.id).where(Fund.book_id == book_id, Fund.code == fund)
        wanted.append(Posting.fund_id.in_(funds))
        totals = totals.where(legs.c.fund_id.in_(funds))
    if until is not None:
        wanted.append(Posting.accounting_on <= until)
    if since is not None:
        wanted.append(Posting.accounting_on >= since)
    if known_at is not None:
        wanted.append(Entry.recorded_at <= known_at)
    running = {commodity: int(total) for commodity, total in session.execute(totals)}
    counterparty = select(Book.id, Book.code).subquery()
    query = (
        select(
            Posting.entry_id,
            Posting.accounting_on,
            Entry.event_type,
            Fund.code,
            Posting.commodity,
            counterparty.c.code,
            Posting.quantity,
        )
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(counterparty, counterparty.c.id == Posting.counterparty_id)
        .where(*wanted)
        .order_by(Posting.accounting_on.desc(), Posting.entry_id.desc(), Posting.line.desc())
        .limit(limit)
    )
    rows = []
    for entry_id, day, event_type, code, commodity, other, quantity in session.execute(query):
        balance = running[commodity]
        running[commodity] = balance - quantity
        rows.append(
            StatementRow(entry_id, day, event_type, code, commodity, other, quantity, balance)
        )
    return rows[::-1]


def recorded_by(instant: datetime) -> ColumnElement[bool]:
    """Return the condition that a posting was recorded at an instant or before."""
    return exists().where(
        Entry.book_id == Posting.book_id,
        Entry.id == Posting.entry_id,
        Entry.recorded_at <= instant,
    )
