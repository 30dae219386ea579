"""Balances, trial balance and account statements, as of any date and as known at any instant.

All quantities are integers in the commodity's smallest unit, debit positive. What is sealed is
read from sums by month and day, so that a balance costs the same at any size of the books.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Uuid,
    bindparam,
    exists,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from ledger.core.accounts import Layer, layer_of
from ledger.core.amount import Amount, Balance
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.balances import BalanceDay, BalanceMonth
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting
from ledger.models.seals import Unsealed

# How many postings an account's page shows.
NEWEST = 500
# How far both sides of an instant are looked at to see which is shorter, and the mark for the
# earlier one.
FEWER = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
EARLY = "early"


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
    """One leg on an account statement, with the balance after it.

    ``entry_id`` and ``line`` are its key: a page ends there and the next begins after it.
    """

    entry_id: UUID
    line: int
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
    told = _told(
        book=book_id,
        accounts=list(accounts),
        fund=fund_id,
        other=counterparty_id,
        pledge=pledge,
        until=as_of,
        known_at=known_at,
    )
    _take_fewer(session, told)
    totals = session.execute(_totals(frozenset(told)), told)
    return Balance(Amount(int(total), commodity) for commodity, total in totals)


def balances_by_account(
    session: ReadSession, *, book_id: UUID, accounts: Iterable[int]
) -> dict[int, Balance]:
    """Return the balance of each of some accounts, by its number."""
    told = _told(book=book_id, accounts=list(accounts))
    found = {number: Balance() for number in told["accounts"]}
    for number, commodity, total in session.execute(_by_account(), told):
        found[number].add(Amount(int(total), commodity))
    return found


def trial_balance(
    session: ReadSession,
    *,
    book_id: UUID,
    accounts: Iterable[int] | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[BalanceRow]:
    """Return every non-zero balance of a book, by account, fund and commodity.

    ``accounts`` limits it to some accounts.
    """
    told = _told(
        book=book_id,
        accounts=None if accounts is None else list(accounts),
        until=as_of,
        known_at=known_at,
    )
    _take_fewer(session, told)
    return [
        BalanceRow(account, fund, layer_of(account), commodity, int(quantity))
        for account, fund, commodity, quantity in session.execute(_trial(frozenset(told)), told)
    ]


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which legs of an account are wanted: the newest ``limit`` of a fund, by its code, and of some
    days, both included; without what was recorded after ``known_at``. ``before`` is the key of the
    oldest leg that was shown already."""

    fund: str | None = None
    since: date | None = None
    until: date | None = None
    known_at: datetime | None = None
    before: tuple[UUID, int] | None = None
    limit: int = NEWEST


def account_statement(
    session: ReadSession,
    *,
    book_id: UUID,
    account: int,
    wanted: StatementFilter = StatementFilter(),
) -> list[StatementRow]:
    """Return the newest legs of an account, oldest first, with the running balance.

    The balance is per commodity and counts everything before the first leg as well; of one
    fund, where one is named. Raises NotFound for a leg ``before`` that is not there.
    """
    until, before = wanted.until, wanted.before
    told = _told(
        book=book_id,
        accounts=[account],
        code=wanted.fund,
        until=until,
        known_at=wanted.known_at,
        since=wanted.since,
    )
    if before is not None:
        day = session.scalar(
            select(Posting.accounting_on)
            .where(Posting.book_id == book_id, Posting.account == account)
            .where(Posting.entry_id == before[0], Posting.line == before[1])
        )
        if day is None or (until is not None and day > until):
            raise NotFound("This account has no such bank statement line.", place="before")
        told |= {"until": day, "month": day.replace(day=1), "entry": before[0], "line": before[1]}
    _take_fewer(session, told)
    totals = session.execute(_totals(frozenset(told) - {"entry", "line"}), told)
    running = {commodity: int(total) for commodity, total in totals}
    if before is not None:
        for commodity, total in session.execute(_shown_that_day(frozenset(told)), told):
            running[commodity] -= int(total)
    query = _page(frozenset(told))
    told["limit"] = wanted.limit
    rows = []
    for entry_id, line, day, event_type, code, commodity, other, quantity in session.execute(
        query, told
    ):
        balance = running[commodity]
        running[commodity] = balance - quantity
        rows.append(
            StatementRow(entry_id, line, day, event_type, code, commodity, other, quantity, balance)
        )
    return rows[::-1]


# The statements are made once for each set of conditions and take their values as parameters: to
# make one anew for each question took longer than the database needs to answer it.
_Names = frozenset[str]


def _told(**values: object) -> dict[str, Any]:
    """Return the values that are given; with a last day also the first of its month."""
    told: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    if "until" in told:
        told["month"] = told["until"].replace(day=1)
    return told


def _take_fewer(session: ReadSession, told: dict[str, Any]) -> None:
    """Note in what is told whether fewer entries were recorded by its instant than after it.

    Both ends are looked at by steps, so that to find out costs no more than the shorter one.
    """
    if "known_at" not in told or "pledge" in told:
        return
    at = bindparam("known_at", type_=Entry.recorded_at.type)
    sides = (Entry.recorded_at > at, Entry.recorded_at <= at)
    for most in FEWER:
        counts = [_recorded(side, most).scalar_subquery() for side in sides]
        later, earlier = session.execute(select(*counts), told).one()
        if min(later, earlier) < most:
            if earlier < later:
                told[EARLY] = True
            return


def _recorded(side: ColumnElement[bool], most: int) -> Select[int]:
    """Return how many entries of a book were recorded on one side of an instant, up to ``most``."""
    found = select(Entry.id).where(Entry.book_id == bindparam("book"), side).limit(most).subquery()
    return select(func.count()).select_from(found)


@cache
def _totals(told: _Names) -> Select[str, int]:
    """Return the statement of totals by commodity."""
    legs = _quantities(told)
    query = select(legs.c.commodity, func.sum(legs.c.quantity)).group_by(legs.c.commodity)
    if "fund" in told:
        query = query.where(legs.c.fund_id == bindparam("fund"))
    if "code" in told:
        query = query.where(legs.c.fund_id.in_(_fund_of_code()))
    if "other" in told:
        query = query.where(legs.c.counterparty_id == bindparam("other"))
    return query


@cache
def _by_account() -> Select[int, str, int]:
    """Return the statement of totals by account and commodity."""
    legs = _quantities(frozenset(("book", "accounts")))
    place = (legs.c.account, legs.c.commodity)
    return select(*place, func.sum(legs.c.quantity)).group_by(*place)


@cache
def _trial(told: _Names) -> Select[int, str, str, int]:
    """Return the statement of a trial balance."""
    legs = _quantities(told)
    # Added up before funds are named, for there are far fewer sums than days.
    place = (legs.c.account, legs.c.fund_id, legs.c.commodity)
    total = func.sum(legs.c.quantity).label("total")
    sums = select(*place, total).group_by(*place).having(total != 0).subquery()
    return (
        select(sums.c.account, Fund.code, sums.c.commodity, sums.c.total)
        .join(Fund, Fund.id == sums.c.fund_id)
        .order_by(sums.c.account, Fund.code, sums.c.commodity)
    )


@cache
def _page(told: _Names) -> Select[*tuple[Any, ...]]:
    """Return the statement of an account's newest legs."""
    wanted = _of_account(told)
    if "until" in told:
        wanted.append(Posting.accounting_on <= bindparam("until"))
    if "since" in told:
        wanted.append(Posting.accounting_on >= bindparam("since"))
    if "entry" in told:
        wanted.append(or_(Posting.accounting_on < bindparam("until"), _KEY < _SHOWN))
    counterparty = select(Book.id, Book.code).subquery()
    return (
        select(
            Posting.entry_id,
            Posting.line,
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
        .limit(bindparam("limit", type_=Integer))
    )


@cache
def _shown_that_day(told: _Names) -> Select[str, int]:
    """Return the statement of what a day's legs that were shown already come to."""
    return (
        select(Posting.commodity, func.sum(Posting.quantity))
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(*_of_account(told), Posting.accounting_on == bindparam("until"), _KEY >= _SHOWN)
        .group_by(Posting.commodity)
    )


def _of_account(told: _Names) -> list[ColumnElement[bool]]:
    wanted = [Posting.book_id == bindparam("book"), Posting.account.in_(_several("accounts"))]
    if "code" in told:
        wanted.append(Posting.fund_id.in_(_fund_of_code()))
    if "known_at" in told:
        wanted.append(Entry.recorded_at <= bindparam("known_at"))
    return wanted


# Within a day, the place of a leg, and of the oldest one that was shown already.
_KEY = tuple_(Posting.entry_id, Posting.line)
_SHOWN = tuple_(bindparam("entry", type_=Uuid()), bindparam("line", type_=Integer))


def _fund_of_code() -> Select[UUID]:
    return select(Fund.id).where(Fund.book_id == bindparam("book"), Fund.code == bindparam("code"))


def _several(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)


def _quantities(told: _Names) -> Subquery:
    """Return quantities that add up to the legs asked for."""
    if told.isdisjoint(("pledge", "known_at")):
        return _sums(told)
    if "pledge" not in told:
        return _sums_as_known(told)
    query = _legs(told).where(Posting.pledge == bindparam("pledge"))
    if "accounts" in told:
        query = query.where(Posting.account.in_(_several("accounts")))
    if "known_at" in told:
        query = query.where(recorded_by(bindparam("known_at")))
    return query.subquery()


def _sums_as_known(told: _Names) -> Subquery:
    """Return quantities that add up to the legs as they were known at an instant: today's, less
    what was recorded later; or what was recorded by then, where that is less.
    """
    sign = 1 if EARLY in told else -1
    recorded = Entry.recorded_at > bindparam("known_at")
    if EARLY in told:
        recorded = Entry.recorded_at <= bindparam("known_at")
    few = _legs(told, sign).where(
        Posting.entry_id.in_(select(Entry.id).where(Entry.book_id == bindparam("book"), recorded))
    )
    if "accounts" in told:
        # Not by the account's index, as below.
        few = few.where((Posting.account + 0).in_(_several("accounts")))
    return few.subquery() if EARLY in told else union_all(select(_sums(told)), few).subquery()


def _sums(told: _Names) -> Subquery:
    """Return quantities that add up to the legs until a day: whole months, the days of the last
    month, and the few legs that are not sealed yet.
    """
    parts = []
    for table in (BalanceMonth, BalanceDay):
        part = select(
            table.account, table.fund_id, table.commodity, table.counterparty_id, table.quantity
        ).where(table.book_id == bindparam("book"))
        if "accounts" in told:
            part = part.where(table.account.in_(_several("accounts")))
        parts.append(part)
    months, days = parts
    if "accounts" not in told:
        # Always true; says to SQLite that the index of days may be used, which it would otherwise
        # prefer to the key for a single account as well.
        days = days.where(BalanceDay.commodity > "")
    unsealed = select(Unsealed.entry_id).where(Unsealed.book_id == bindparam("book"))
    waiting = _legs(told).where(Posting.entry_id.in_(unsealed))
    if "accounts" in told:
        # Not by the account's index: the way in is by the few entries that wait.
        waiting = waiting.where((Posting.account + 0).in_(_several("accounts")))
    if "until" not in told:
        return union_all(months, waiting).subquery()
    return union_all(
        months.where(BalanceMonth.starts_on < bindparam("month")),
        days.where(BalanceDay.starts_on.between(bindparam("month"), bindparam("until"))),
        waiting,
    ).subquery()


def _legs(told: _Names, sign: int = 1) -> Select[int, UUID, str, UUID, int]:
    """Return the legs of a book, up to a day if one is told; the other way round by ``sign``."""
    query = select(
        # SQLite would read a whole book to have its accounts in order.
        (Posting.account + 0).label("account"),
        Posting.fund_id,
        Posting.commodity,
        func.coalesce(Posting.counterparty_id, Posting.book_id).label("counterparty_id"),
        (Posting.quantity * sign).label("quantity"),
    ).where(Posting.book_id == bindparam("book"))
    if "until" in told:
        query = query.where(Posting.accounting_on <= bindparam("until"))
    return query


def recorded_by(instant: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that a posting was recorded at an instant or before."""
    return exists().where(
        Entry.book_id == Posting.book_id,
        Entry.id == Posting.entry_id,
        Entry.recorded_at <= instant,
    )
