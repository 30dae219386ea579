"""Questions about bank statements: what is open, and whether bank and books agree.

Amounts in minor units. Must not decide what a line means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.statements import (
    BankAccount,
    BankLine,
    BankLinePart,
    BankLineRepeat,
    BankStatement,
    Match,
)
from ledger.queries.balances import balance_of
from ledger.queries.paging import PAGE, Page, behind, cut

# Pages of one day are told apart by their ids, which follow the order of the file.
NEWEST_FIRST = (
    BankStatement.closes_on.desc().nulls_last(),
    BankStatement.imported_at.desc(),
    BankStatement.id.desc(),
)
PARKED, IDENTIFIED = "unidentified", "identified"
# Rows on the page of a statement.
LINES_OF_A_STATEMENT = 200
_also = aliased(Match)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement with how many lines it has, and how many of them are open."""

    statement: BankStatement
    lines: int
    open: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """One payment of a line with the entries it is tied to: (entry id, rule)."""

    part: BankLinePart
    matches: tuple[tuple[UUID, str], ...]

    @property
    def parked(self) -> bool:
        """Whether the money is booked as nobody's yet."""
        return _is_parked(self.matches)


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with the entries it is tied to, (entry id, rule), and its payments with theirs."""

    line: BankLine
    matches: tuple[tuple[UUID, str], ...]
    parts: tuple[PartRow, ...] = ()

    @property
    def parked(self) -> bool:
        """Whether the money of the whole line is booked as nobody's yet."""
        return _is_parked(self.matches)

    @property
    def begun(self) -> bool:
        """Whether some of its payments are matched, so that the rest is matched one by one."""
        return any(part.matches for part in self.parts)


def _is_parked(matches: Sequence[tuple[UUID, str]]) -> bool:
    rules = {rule for _entry, rule in matches}
    return PARKED in rules and IDENTIFIED not in rules


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the bank says, what the books say, and what explains the rest; minor units.

    ``bank`` is the sum of the last stated closing balances, None where no file states one, and
    ``as_of`` the day of the oldest of them; ``later`` is what was kept and is not in them yet:
    interim lines, lines of files without balances, and what is valued later.
    """

    bank: int | None
    books: int
    open_lines: int
    later: int = 0
    as_of: date | None = None

    @property
    def unexplained(self) -> int | None:
        """What is left when every open line is counted in; None where the bank says nothing."""
        if self.bank is None:
            return None
        return self.bank + self.later - self.books - self.open_lines


def statements_of(
    session: ReadSession, *, book_id: UUID, after: UUID | None = None
) -> Page[StatementRow]:
    """Return a page of the statements of a book, the last imported first."""
    rows = session.scalars(
        select(BankStatement)
        .where(
            BankStatement.book_id == book_id,
            behind(session, after, BankStatement.id, newest_first=True),
        )
        .order_by(BankStatement.id.desc())
        .limit(PAGE + 1)
    ).all()
    ids = [row.id for row in rows]
    own = _counted(session, BankLine.statement_id, select(BankLine), ids)
    again = _counted(
        session,
        BankLineRepeat.statement_id,
        select(BankLine).join(BankLineRepeat, BankLineRepeat.bank_line_id == BankLine.id),
        ids,
    )
    shown = []
    for row in rows:
        (mine, waiting), (other, more) = own.get(row.id, (0, 0)), again.get(row.id, (0, 0))
        shown.append(StatementRow(row, mine + other, waiting + more))
    return cut(shown, lambda row: row.statement.id)


def _counted(
    session: ReadSession,
    column: InstrumentedAttribute[UUID],
    query: Select[Any],
    ids: Sequence[UUID],
) -> dict[UUID, tuple[int, int]]:
    """Return how many lines each statement has, and how many of them are open."""
    rows = session.execute(
        query.with_only_columns(column, func.count(), func.count().filter(BankLine.state == "open"))
        .where(column.in_(ids))
        .group_by(column)
    )
    return {statement_id: (int(total), int(waiting)) for statement_id, total, waiting in rows}


def lines_of(
    session: ReadSession, *, statement_id: UUID, after: UUID | None = None
) -> Page[LineRow]:
    """Return a page of the lines of a statement, also those that another file had brought."""
    again = select(BankLineRepeat.bank_line_id).where(BankLineRepeat.statement_id == statement_id)
    order = (BankLine.booked_on, BankLine.position, BankLine.id)
    lines = session.scalars(
        select(BankLine)
        .where(
            or_(BankLine.statement_id == statement_id, BankLine.id.in_(again)),
            behind(session, after, *order),
        )
        .order_by(*order)
        .limit(LINES_OF_A_STATEMENT + 1)
    ).all()
    return cut(_with_matches(session, lines), lambda row: row.line.id, LINES_OF_A_STATEMENT)


def bank_accounts_of(session: ReadSession, *, book_id: UUID) -> list[BankAccount]:
    """Return the bank accounts of a book, by ledger account."""
    return list(
        session.scalars(
            select(BankAccount)
            .where(BankAccount.book_id == book_id)
            .order_by(BankAccount.account, BankAccount.id)
        )
    )


def open_lines_of(
    session: ReadSession, *, book_id: UUID, after: UUID | None = None, words: str = ""
) -> Page[LineRow]:
    """Return a page of the lines that wait for a decision, oldest first.

    ``words`` are looked for in texts, names and references.
    """
    return _page(session, BankLine.state == "open", book_id, after, words)


def parked_lines_of(
    session: ReadSession, *, book_id: UUID, after: UUID | None = None, words: str = ""
) -> Page[LineRow]:
    """Return a page of the lines whose money, or a part of it, is booked as nobody's yet."""
    done = exists().where(
        Match.bank_line_id == BankLine.id,
        Match.rule == PARKED,
        Match.holds(),
        ~exists().where(
            _also.bank_line_id == Match.bank_line_id,
            _also.rule == IDENTIFIED,
            _also.undone_at.is_(None),
            or_(_also.part_id == Match.part_id, and_(_also.part_id.is_(None),
                                                     Match.part_id.is_(None))),
        ),
    )  # fmt: skip
    return _page(session, done, book_id, after, words)


def _page(
    session: ReadSession,
    condition: ColumnElement[bool],
    book_id: UUID,
    after: UUID | None,
    words: str,
) -> Page[LineRow]:
    order = (BankLine.booked_on, BankLine.position, BankLine.id)
    lines = session.scalars(
        select(BankLine)
        .where(
            BankLine.book_id == book_id, condition, _found(words), behind(session, after, *order)
        )
        .order_by(*order)
        .limit(PAGE + 1)
    ).all()
    return cut(_with_matches(session, lines), lambda row: row.line.id)


def _found(words: str) -> ColumnElement[bool]:
    """Return the condition that a line, or one of its payments, holds every word."""
    found: ColumnElement[bool] = true()
    for word in words.split():
        texts = (
            BankLine.remittance,
            BankLine.counterparty_name,
            BankLine.end_to_end_id,
            BankLine.bank_reference,
        )
        parts = (
            BankLinePart.remittance,
            BankLinePart.counterparty_name,
            BankLinePart.end_to_end_id,
        )
        inside = exists().where(
            BankLinePart.bank_line_id == BankLine.id,
            or_(*(text.icontains(word, autoescape=True) for text in parts)),
        )
        found = and_(found, or_(inside, *(text.icontains(word, autoescape=True) for text in texts)))
    return found


def _with_matches(session: ReadSession, lines: Sequence[BankLine]) -> list[LineRow]:
    ids = [line.id for line in lines]
    ties: dict[tuple[UUID, UUID | None], list[tuple[UUID, str]]] = {}
    for line_id, part_id, entry_id, rule in session.execute(
        select(Match.bank_line_id, Match.part_id, Match.entry_id, Match.rule)
        .where(Match.bank_line_id.in_(ids), Match.holds())
        .order_by(Match.made_at, Match.id)
    ):
        ties.setdefault((line_id, part_id), []).append((entry_id, rule))
    parts: dict[UUID, list[PartRow]] = {}
    for part in session.scalars(
        select(BankLinePart)
        .where(BankLinePart.bank_line_id.in_(ids))
        .order_by(BankLinePart.bank_line_id, BankLinePart.position)
    ):
        row = PartRow(part, tuple(ties.get((part.bank_line_id, part.id), ())))
        parts.setdefault(part.bank_line_id, []).append(row)
    return [
        LineRow(line, tuple(ties.get((line.id, None), ())), tuple(parts.get(line.id, ())))
        for line in lines
    ]


def statement_by_id(session: ReadSession, *, book_id: UUID, statement_id: UUID) -> BankStatement:
    """Return one statement of a book. Raises NotFound."""
    row = session.get(BankStatement, statement_id)
    if row is None or row.book_id != book_id:
        raise NotFound("There is no such statement in this book.", place="statement")
    return row


def agreement(session: ReadSession, *, book_id: UUID, account: int = 1010) -> Agreement | None:
    """Compare the last stated balance of each bank account with the books; None before any
    statement.

    A ledger account that stands for several bank accounts is compared with all of them.
    """
    held = session.scalars(
        select(BankAccount)
        .where(BankAccount.book_id == book_id, BankAccount.account == account)
        .order_by(BankAccount.id)
    ).all()
    if not held:
        return None
    currency = held[0].commodity
    ours = [one for one in held if one.commodity == currency]
    last = [(one, _last_stated(session, one.id)) for one in ours]
    stated = [row for _one, row in last if row is not None]
    later = sum(_later(session, one.id, row) for one, row in last)
    return Agreement(
        bank=sum(row.closing for row in stated) if stated else None,
        books=balance_of(session, book_id=book_id, accounts=[account])[currency],
        open_lines=_open_amount(session, book_id, account, currency),
        later=later,
        as_of=min((row.closes_on for row in stated if row.closes_on), default=None),
    )


def _last_stated(session: ReadSession, bank_account_id: UUID) -> BankStatement | None:
    """Return the newest statement that states a balance; an interim one only for want of others."""
    return session.scalar(
        select(BankStatement)
        .where(
            BankStatement.bank_account_id == bank_account_id,
            BankStatement.closing_derived.is_(False),
        )
        .order_by(BankStatement.interim, *NEWEST_FIRST)
        .limit(1)
    )


def _later(session: ReadSession, bank_account_id: UUID, last: BankStatement | None) -> int:
    """Return what is kept of a bank account and not in its last stated balance."""
    beyond: ColumnElement[bool] = or_(
        BankLine.interim.is_(True), BankStatement.closing_derived.is_(True)
    )
    if last is not None and last.closes_on is not None:
        beyond = and_(beyond, BankLine.booked_on > last.closes_on)
    moved = session.scalar(
        select(func.coalesce(func.sum(BankLine.amount), 0))
        .join(BankStatement, BankStatement.id == BankLine.statement_id)
        .where(BankStatement.bank_account_id == bank_account_id, beyond)
    )
    return int(moved or 0) + (last.forward if last is not None else 0)


def _open_amount(session: ReadSession, book_id: UUID, account: int, currency: str) -> int:
    """Return the sum of open lines, less those of their payments that are matched."""
    ours = (
        BankLine.book_id == book_id,
        BankLine.account == account,
        BankLine.commodity == currency,
        BankLine.state == "open",
    )
    lines = session.scalar(select(func.coalesce(func.sum(BankLine.amount), 0)).where(*ours))
    parts = session.scalar(
        select(func.coalesce(func.sum(BankLinePart.amount), 0))
        .join(BankLine, BankLine.id == BankLinePart.bank_line_id)
        .where(*ours, BankLinePart.state == "matched")
    )
    return int(lines or 0) - int(parts or 0)


def line_by_id(session: ReadSession, *, book_id: UUID, line_id: UUID) -> LineRow:
    """Return one line of a book with its matches; also by the id of one of its parts.

    Raises NotFound.
    """
    part = session.get(BankLinePart, line_id)
    line = session.get(BankLine, part.bank_line_id if part is not None else line_id)
    if line is None or line.book_id != book_id:
        raise NotFound("There is no such line in this book.", place="line")
    return _with_matches(session, [line])[0]


def waiting_count(book_id: UUID) -> Select[int]:
    """Return how many decisions the bank lines of a book wait for: a batch's payments one each."""
    lines = select(func.count()).where(BankLine.book_id == book_id, BankLine.state == "open")
    of_batches = (
        select(func.count())
        .select_from(BankLinePart)
        .join(BankLine, BankLine.id == BankLinePart.bank_line_id)
        .where(BankLine.book_id == book_id, BankLine.state == "open")
    )
    parts = of_batches.where(BankLinePart.state == "open")
    batches = of_batches.where(BankLinePart.position == 1)
    return select(lines.scalar_subquery() + parts.scalar_subquery() - batches.scalar_subquery())


def open_lines(session: ReadSession, *, book_id: UUID) -> int:
    """Return how many decisions the bank lines of a book wait for."""
    return int(session.scalar(waiting_count(book_id)) or 0)


def recent_texts(session: ReadSession, *, book_id: UUID, since: date) -> str:
    """Return the texts of a book's lines since a day, in one."""
    rows = session.scalars(
        select(BankLine.remittance).where(BankLine.book_id == book_id, BankLine.booked_on >= since)
    )
    return " ".join(rows)


def item_of_entry(session: ReadSession, *, book_id: UUID, entry_id: UUID) -> UUID | None:
    """Return the line or payment that was matched to an entry, None when none is."""
    row = session.execute(
        select(Match.bank_line_id, Match.part_id)
        .where(Match.book_id == book_id, Match.entry_id == entry_id, Match.holds())
        .limit(1)
    ).one_or_none()
    return None if row is None else row.part_id or row.bank_line_id
