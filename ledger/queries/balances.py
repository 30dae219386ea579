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
    """Return the newest ``limit`` legs of an account, oldest first, with the running balance.

    The balance is per commodity and counts everything before the first leg as well; of one
    fund, where its code is given.
    """
    wanted = [Posting.book_id == book_id, Posting.account == account]
    if fund is not None:
        funds = select(Fund.id).where(Fund.book_id == book_id, Fund.code == fund)
        wanted.append(Posting.fund_id.in_(funds))
    if until is not None:
        wanted.append(Posting.accounting_on <= until)
    totals = select(Posting.commodity, func.sum(Posting.quantity)).where(*wanted)
    running = {
        commodity: int(total)
        for commodity, total in session.execute(totals.group_by(Posting.commodity))
    }
    if since is not None:
        wanted.append(Posting.accounting_on >= since)
    counterparty = select(Book.id, Book.code).subquery()
    query = (
        select(Posting, Entry.event_type, Fund.code, counterparty.c.code)
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .join(Fund, Fund.id == Posting.fund_id)
        .outerjoin(counterparty, counterparty.c.id == Posting.counterparty_id)
        .where(*wanted)
        .order_by(Posting.accounting_on.desc(), Posting.entry_id.desc(), Posting.line.desc())
        .limit(limit)
    )
    rows = []
    for leg, event_type, fund_code, other in session.execute(query):
        balance = running[leg.commodity]
        running[leg.commodity] = balance - leg.quantity
        rows.append(
            StatementRow(
                leg.entry_id,
                leg.accounting_on,
                event_type,
                fund_code,
                leg.commodity,
                other,
                leg.quantity,
                balance,
            )
        )
    return rows[::-1]


def _known_at(query: Select[int, str, str, int], instant: datetime) -> Select[int, str, str, int]:
    return query.join(
        Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id)
    ).where(Entry.recorded_at <= instant)
