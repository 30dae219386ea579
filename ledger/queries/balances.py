"""Balances, trial balance and account statements, as of any date and as known at any instant.

All quantities are integers in the commodity's smallest unit, debit positive.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from ledger.core.accounts import Layer, layer_of
from ledger.core.amount import Amount, Balance
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry, Posting


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
) -> Balance:
    """Return the sum of the accounts' legs up to and including ``as_of``, by commodity."""
    query = (
        select(Posting.commodity, func.sum(Posting.quantity))
        .where(Posting.book_id == book_id, Posting.account.in_(list(accounts)))
        .group_by(Posting.commodity)
    )
    if fund_id is not None:
        query = query.where(Posting.fund_id == fund_id)
    if counterparty_id is not None:
        query = query.where(Posting.counterparty_id == counterparty_id)
    if pledge is not None:
        query = query.where(Posting.pledge == pledge)
    if as_of is not None:
        query = query.where(Posting.accounting_on <= as_of)
    return Balance(Amount(int(total), commodity) for commodity, total in session.execute(query))


def trial_balance(
    session: ReadSession,
    *,
    book_id: UUID,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[BalanceRow]:
    """Return every non-zero balance of a book, by account, fund and commodity."""
    query = (
        select(Posting.account, Fund.code, Posting.commodity, func.sum(Posting.quantity))
        .join(Fund, Fund.id == Posting.fund_id)
        .where(Posting.book_id == book_id)
        .group_by(Posting.account, Fund.code, Posting.commodity)
        .having(func.sum(Posting.quantity) != 0)
        .order_by(Posting.account, Fund.code, Posting.commodity)
    )
    if as_of is not None:
        query = query.where(Posting.accounting_on <= as_of)
    if known_at is not None:
        query = _known_at(query, known_at)
    return [
        BalanceRow(account, fund, layer_of(account), commodity, int(total))
        for account, fund, commodity, total in session.execute(query)
    ]


def account_statement(
    session: ReadSession,
    *,
    book_id: UUID,
    account: int,
    fund: str | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int = 500,
) -> list[StatementRow]:
    """Return the legs of an account in order, each with the running balance per commodity;
    of one fund, where its code is given.

    The newest ``limit`` legs; the running balance counts everything before them as well.
    """
    running = func.sum(Posting.quantity).over(
        partition_by=Posting.commodity,
        order_by=(Posting.accounting_on, Posting.entry_id, Posting.line),
    )
    legs = select(Posting, running.label("running")).where(
        Posting.book_id == book_id, Posting.account == account
    )
    if fund is not None:
        legs = legs.where(
            Posting.fund_id.in_(select(Fund.id).where(Fund.book_id == book_id, Fund.code == fund))
        )
    if until is not None:
        legs = legs.where(Posting.accounting_on <= until)
    numbered = legs.subquery()
    counterparty = select(Book.id, Book.code).subquery()
    query = (
        select(
            numbered.c.entry_id,
            numbered.c.accounting_on,
            Entry.event_type,
            Fund.code,
            numbered.c.commodity,
            counterparty.c.code,
            numbered.c.quantity,
            numbered.c.running,
        )
        .join(
            Entry,
            (Entry.book_id == numbered.c.book_id) & (Entry.id == numbered.c.entry_id),
        )
        .join(Fund, Fund.id == numbered.c.fund_id)
        .outerjoin(counterparty, counterparty.c.id == numbered.c.counterparty_id)
        .order_by(
            numbered.c.accounting_on.desc(),
            numbered.c.entry_id.desc(),
            numbered.c.line.desc(),
        )
        .limit(limit)
    )
    if since is not None:
        query = query.where(numbered.c.accounting_on >= since)
    rows = [
        StatementRow(
            entry_id,
            on,
            event_type,
            fund,
            commodity,
            other,
            int(quantity),
            int(balance),
        )
        for entry_id, on, event_type, fund, commodity, other, quantity, balance in session.execute(
            query
        )
    ]
    return rows[::-1]


def _known_at(query: Select[int, str, str, int], instant: datetime) -> Select[int, str, str, int]:
    return query.join(
        Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id)
    ).where(Entry.recorded_at <= instant)
