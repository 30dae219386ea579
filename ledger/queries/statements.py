"""Questions about bank statements: what is open, and whether bank and books agree.

Amounts in minor units. Must not decide what a line means.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.statements import BankLine, BankStatement, Match
from ledger.queries.balances import balance_of

# Pages of one day are told apart by their ids, which follow the order of the file.
NEWEST_FIRST = (
    BankStatement.closes_on.desc().nulls_last(),
    BankStatement.imported_at.desc(),
    BankStatement.id.desc(),
)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement with how many of its lines are open."""

    statement: BankStatement
    lines: int
    open: int


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with the entries it is tied to: (entry id, rule)."""

    line: BankLine
    matches: tuple[tuple[UUID, str], ...]

    @property
    def parked(self) -> bool:
        """Whether the money is booked as nobody's yet."""
        rules = {rule for _entry, rule in self.matches}
        return "unidentified" in rules and "identified" not in rules


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the bank says, what the books say, and what explains the rest; minor units."""

    bank: int
    books: int
    open_lines: int

    @property
    def unexplained(self) -> int:
        """What is left when every open line is counted in."""
        return self.bank - self.books - self.open_lines


def statements_of(session: ReadSession, *, book_id: UUID) -> list[StatementRow]:
    """Return the statements of a book, newest first."""
    counts = {
        statement_id: (int(total), int(waiting or 0))
        for statement_id, total, waiting in session.execute(
            select(
                BankLine.statement_id,
                func.count(),
                func.count().filter(BankLine.state == "open"),
            )
            .where(BankLine.book_id == book_id)
            .group_by(BankLine.statement_id)
        )
    }
    rows = session.scalars(
        select(BankStatement).where(BankStatement.book_id == book_id).order_by(*NEWEST_FIRST)
    )
    return [StatementRow(row, *counts.get(row.id, (0, 0))) for row in rows]


def lines_of(
    session: ReadSession, *, book_id: UUID, statement_id: UUID | None = None
) -> list[LineRow]:
    """Return lines of one statement, or every line of a book that still needs somebody."""
    query = select(BankLine).where(BankLine.book_id == book_id)
    parked = (
        select(Match.bank_line_id)
        .where(Match.book_id == book_id)
        .group_by(Match.bank_line_id)
        .having(func.min(Match.rule) == "unidentified")
    )
    if statement_id is not None:
        query = query.where(BankLine.statement_id == statement_id)
    else:
        query = query.where((BankLine.state == "open") | BankLine.id.in_(parked))
    lines = session.scalars(query.order_by(BankLine.booked_on, BankLine.position)).all()
    ties: dict[UUID, list[tuple[UUID, str]]] = {}
    for line_id, entry_id, rule in session.execute(
        select(Match.bank_line_id, Match.entry_id, Match.rule)
        .where(
            Match.book_id == book_id, Match.bank_line_id.in_(query.with_only_columns(BankLine.id))
        )
        .order_by(Match.made_at, Match.id)
    ):
        ties.setdefault(line_id, []).append((entry_id, rule))
    return [LineRow(line, tuple(ties.get(line.id, ()))) for line in lines]


def statement_by_id(session: ReadSession, *, book_id: UUID, statement_id: UUID) -> BankStatement:
    """Return one statement of a book. Raises NotFound."""
    row = session.get(BankStatement, statement_id)
    if row is None or row.book_id != book_id:
        raise NotFound("There is no such statement in this book.", place="statement")
    return row


def agreement(session: ReadSession, *, book_id: UUID, account: int = 1010) -> Agreement | None:
    """Compare the newest statement with the books; None before any statement.

    A ledger account that stands for several bank accounts is compared with all of them.
    """
    newest: dict[str, BankStatement] = {}
    for row in session.scalars(
        select(BankStatement)
        .where(BankStatement.book_id == book_id, BankStatement.account == account)
        .order_by(*NEWEST_FIRST)
    ):
        newest.setdefault(row.bank_account, row)
    if not newest:
        return None
    currency = next(iter(newest.values())).commodity
    books = balance_of(session, book_id=book_id, accounts=[account])[currency]
    waiting = session.scalar(
        select(func.coalesce(func.sum(BankLine.amount), 0)).where(
            BankLine.book_id == book_id,
            BankLine.account == account,
            BankLine.commodity == currency,
            BankLine.state == "open",
        )
    )
    bank = sum(row.closing for row in newest.values() if row.commodity == currency)
    return Agreement(bank, books, int(waiting or 0))


def line_by_id(session: ReadSession, *, book_id: UUID, line_id: UUID) -> LineRow:
    """Return one line of a book with its matches. Raises NotFound."""
    line = session.get(BankLine, line_id)
    if line is None or line.book_id != book_id:
        raise NotFound("There is no such line in this book.", place="line")
    ties = session.execute(
        select(Match.entry_id, Match.rule)
        .where(Match.bank_line_id == line_id)
        .order_by(Match.made_at, Match.id)
    )
    return LineRow(line, tuple((entry_id, rule) for entry_id, rule in ties))


def open_lines(session: ReadSession, *, book_id: UUID) -> int:
    """Return how many lines of a book wait for a decision."""
    count = select(func.count()).where(BankLine.book_id == book_id, BankLine.state == "open")
    return int(session.scalar(count) or 0)
