"""Questions about the sums by day and month: whether they are what the sealed legs come to."""

from typing import Any

from sqlalchemy import Select, Text, cast, func, select, union_all

from ledger.db import ReadSession
from ledger.models.balances import BalanceDay, BalanceMonth
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.models.seals import Seal


def first_drift(session: ReadSession) -> tuple[int, str | None]:
    """Compare every sum with its legs; return how many there are and the first that differs."""
    rows = session.scalar(select(func.count()).select_from(BalanceDay)) or 0
    for name, table in (("day", BalanceDay), ("month", BalanceMonth)):
        found = session.execute(_drifts(table)).first()
        if found is not None:
            book, account, commodity, start, off = found
            return rows, (
                f"book {book}: account {account} on the {name} {start} is off by {off} {commodity}"
            )
    return rows, None


def _drifts(table: type[BalanceDay] | type[BalanceMonth]) -> Select[*tuple[Any, ...]]:
    """Return places where sum and sealed legs differ; text of dates is the same on both engines."""
    day = cast(Posting.accounting_on, Text)
    start = day if table is BalanceDay else func.substr(day, 1, 7) + "-01"
    legs = select(
        Posting.book_id,
        Posting.account,
        Posting.fund_id,
        Posting.commodity,
        func.coalesce(Posting.counterparty_id, Posting.book_id).label("other"),
        start.label("start"),
        Posting.quantity,
    ).join(Seal, (Seal.book_id == Posting.book_id) & (Seal.entry_id == Posting.entry_id))
    sums = select(
        table.book_id,
        table.account,
        table.fund_id,
        table.commodity,
        table.counterparty_id,
        cast(table.starts_on, Text),
        -table.quantity,
    )
    both = union_all(legs, sums).subquery()
    off = func.sum(both.c.quantity)
    place = (Book.code, both.c.account, both.c.commodity, both.c.start)
    return (
        select(*place, off)
        .join(Book, Book.id == both.c.book_id)
        .group_by(*place, both.c.fund_id, both.c.other)
        .having(off != 0)
        .order_by(*place)
        .limit(1)
    )
