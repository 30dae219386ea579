"""The one question a report asks the journal: sums by account, before and within the period."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import case, func, select

from ledger.core.accounts import layer_of
from ledger.db import ReadSession
from ledger.models.books import Account, Book, Fund
from ledger.models.journal import Posting
from ledger.queries.books.balances import recorded_by


@dataclass(frozen=True, slots=True)
class Movement:
    """What one account of one fund moved against one counterparty; debit positive."""

    book: str
    account: int
    account_name: str
    kind: str
    fund: str
    fund_name: str
    fund_class: str
    commodity: str
    counterparty: str | None
    opening: int
    period: int

    @property
    def layer(self) -> str:
        """FIN, QTY or MEMO."""
        return layer_of(self.account).value

    @property
    def closing(self) -> int:
        """The balance at the end."""
        return self.opening + self.period


class Movements:
    """All movements of the books in a report."""

    def __init__(self, rows: Iterable[Movement]) -> None:
        self.rows = tuple(rows)

    def sum(
        self, test: Callable[[Movement], bool], value: Callable[[Movement], int]
    ) -> dict[str, int]:
        """Add values up by commodity; zeroes are left out."""
        totals: dict[str, int] = {}
        for row in self.rows:
            if test(row):
                totals[row.commodity] = totals.get(row.commodity, 0) + value(row)
        return {commodity: total for commodity, total in sorted(totals.items()) if total}


def read_movements(
    session: ReadSession,
    *,
    book_ids: Sequence[UUID],
    since: date,
    until: date,
    known_at: datetime | None = None,
) -> Movements:
    """Read the sums of every account of some books up to the end of a period.

    ``known_at`` leaves out what was recorded after that instant.
    """
    other = select(Book.id, Book.code).subquery()
    before = case((Posting.accounting_on < since, Posting.quantity), else_=0)
    within = case((Posting.accounting_on >= since, Posting.quantity), else_=0)
    query = (
        select(
            Book.code,
            Posting.account,
            Account.name,
            Account.kind,
            Fund.code,
            Fund.name,
            Fund.fund_class,
            Posting.commodity,
            other.c.code,
            func.sum(before),
            func.sum(within),
        )
        .join(Book, Book.id == Posting.book_id)
        .join(Fund, Fund.id == Posting.fund_id)
        .join(Account, (Account.book_id == Posting.book_id) & (Account.number == Posting.account))
        .outerjoin(other, other.c.id == Posting.counterparty_id)
        .where(Posting.book_id.in_(book_ids), Posting.accounting_on <= until)
        .group_by(
            Book.code,
            Posting.account,
            Account.name,
            Account.kind,
            Fund.code,
            Fund.name,
            Fund.fund_class,
            Posting.commodity,
            other.c.code,
        )
        # Down to the last column: equal books must give equal bytes on every engine.
        .order_by(Book.code, Posting.account, Fund.code, Posting.commodity, other.c.code)
    )
    if known_at is not None:
        query = query.where(recorded_by(known_at))
    return Movements(
        Movement(book, acct, name, kind, fund, named, fund_class, unit, by, int(a), int(b))
        for book, acct, name, kind, fund, named, fund_class, unit, by, a, b in session.execute(
            query
        )
    )
