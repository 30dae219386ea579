"""Questions about bank statements: what is open, and whether bank and books agree.

Amounts in minor units. Must not decide what a line means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from ledger.core.accounts import Acct
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.statements import (
    BankAccount,
    BankLine,
    BankLinePart,
    BankLineRepeat,
    BankStatement,
    LineState,
    Match,
    MatchRule,
)
from ledger.paging import PAGE, Page, behind, cut
from ledger.queries.books.balances import balance_of

# Pages of one day are told apart by their ids, which follow the order of the file.
NEWEST_FIRST = (
    BankStatement.closes_on.desc().nulls_last(),
    BankStatement.imported_at.desc(),
    BankStatement.id.desc(),
)
PARKED, IDENTIFIED = MatchRule.UNIDENTIFIED, MatchRule.IDENTIFIED
# Rows on the page of a statement.
LINES_OF_A_STATEMENT = 200
# Said as the indexes of open lines and payments say it: with a parameter they would not be used.
_OPEN: ColumnElement[str] = literal_column(f"'{LineState.OPEN}'")
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
    waiting = _counted(session, [row.id for row in rows], BankLine.state == _OPEN)
    # Only statements that were kept before this was counted.
    unknown = [row.id for row in rows if row.line_count is None]
    lines = _counted(session, unknown) if unknown else {}
    shown = [
        StatementRow(
            row,
            lines.get(row.id, 0) if row.line_count is None else row.line_count,
            waiting.get(row.id, 0),
        )
        for row in rows
    ]
    return cut(shown, lambda row: row.statement.id)


def _counted(
    session: ReadSession, ids: Sequence[UUID], *conditions: ColumnElement[bool]
) -> dict[UUID, int]:
    """Return how many lines each statement has, also those that another file had brought."""
    own = select(BankLine.statement_id).where(BankLine.statement_id.in_(ids), *conditions)
    again = (
        select(BankLineRepeat.statement_id)
        .join(BankLine, BankLine.id == BankLineRepeat.bank_line_id)
        .where(BankLineRepeat.statement_id.in_(ids), *conditions)
    )
    lines = union_all(own, again).subquery()
    rows = session.execute(
        select(lines.c.statement_id, func.count()).group_by(lines.c.statement_id)
    )
    return {statement_id: int(total) for statement_id, total in rows}


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


def open_and_parked_lines_of(
    session: ReadSession,
    *,
    book_id: UUID,
    open_after: UUID | None = None,
    parked_after: UUID | None = None,
    words: str = "",
) -> tuple[Page[LineRow], Page[LineRow]]:
    """Return a page of the lines that wait for a decision, and one of the lines whose money, or a
    part of it, is booked as nobody's yet; oldest first, with their matches and payments.

    ``words`` are looked for in texts, names and references.
    """
    waiting = _lines(session, BankLine.state == _OPEN, book_id, open_after, words)
    parked = _lines(session, BankLine.parked == true(), book_id, parked_after, words)
    rows = _with_matches(session, [*waiting, *parked])
    first, second = rows[: len(waiting)], rows[len(waiting) :]
    return cut(first, lambda row: row.line.id), cut(second, lambda row: row.line.id)


def holds_parked() -> ColumnElement[bool]:
    """Return the condition that the matches of a line say so, for whoever keeps or checks it."""
    return exists().where(
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


def _lines(
    session: ReadSession,
    condition: ColumnElement[bool],
    book_id: UUID,
    after: UUID | None,
    words: str,
) -> Sequence[BankLine]:
    order = (BankLine.booked_on, BankLine.position, BankLine.id)
    return session.scalars(
        select(BankLine)
        .where(
            BankLine.book_id == book_id, condition, _found(words), behind(session, after, *order)
        )
        .order_by(*order)
        .limit(PAGE + 1)
    ).all()


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
            BankLinePart.stands(),
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
        .where(BankLinePart.bank_line_id.in_(ids), BankLinePart.stands())
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
        raise NotFound("This book has no such bank statement.", place="statement")
    return row


def agreement(
    session: ReadSession,
    *,
    book_id: UUID,
    account: int = Acct.BANK,
    known: Sequence[BankAccount] | None = None,
) -> Agreement | None:
    """Compare the last stated balance of each bank account with the books; None before any
    statement.

    A ledger account that stands for several bank accounts is compared with all of them. Whoever
    has read the bank accounts of the book gives them as ``known``.
    """
    accounts = bank_accounts_of(session, book_id=book_id) if known is None else known
    held = [one for one in accounts if one.account == account]
    if not held:
        return None
    currency = held[0].commodity
    ours = [one.id for one in held if one.commodity == currency]
    last = _last_stated(session, ours)
    return Agreement(
        bank=sum(row.closing for row in last.values()) if last else None,
        books=balance_of(session, book_id=book_id, accounts=[account])[currency],
        open_lines=_open_amount(session, book_id, account, currency),
        # What came later matters beside a balance that is stated.
        later=_later(session, ours, last) if last else 0,
        as_of=min((row.closes_on for row in last.values() if row.closes_on), default=None),
    )


def _last_stated(
    session: ReadSession, bank_account_ids: Sequence[UUID]
) -> dict[UUID | None, BankStatement]:
    """Return the newest statement of each account that states a balance; an interim one only for
    want of others."""
    newest = [
        select(BankStatement.id)
        .where(
            BankStatement.bank_account_id == bank_account_id,
            BankStatement.closing_derived.is_(False),
        )
        .order_by(BankStatement.interim, *NEWEST_FIRST)
        .limit(1)
        .scalar_subquery()
        for bank_account_id in bank_account_ids
    ]
    rows = session.scalars(select(BankStatement).where(BankStatement.id.in_(newest)))
    return {row.bank_account_id: row for row in rows}


def _later(
    session: ReadSession,
    bank_account_ids: Sequence[UUID],
    last: Mapping[UUID | None, BankStatement],
) -> int:
    """Return what is kept of bank accounts and not in their last stated balances."""
    sums = []
    for bank_account_id in bank_account_ids:
        query = (
            select(func.coalesce(func.sum(BankLine.amount), 0))
            .join(BankStatement, BankStatement.id == BankLine.statement_id)
            .where(BankStatement.bank_account_id == bank_account_id)
        )
        reached = last[bank_account_id].closes_on if bank_account_id in last else None
        if reached is not None:
            # A statement that ends before holds no line beyond.
            ends = or_(BankStatement.closes_on.is_(None), BankStatement.closes_on > reached)
            query = query.where(ends, BankLine.booked_on > reached)
        # Apart, for each has an index of its own: lines that wait to be confirmed, and lines of
        # statements that state no balance.
        sums += [
            query.where(BankLine.interim == true()).scalar_subquery(),
            query.where(
                BankLine.interim == false(), BankStatement.closing_derived.is_(True)
            ).scalar_subquery(),
        ]
    moved = session.execute(select(*sums)).one()
    return sum(map(int, moved)) + sum(row.forward for row in last.values())


def _open_amount(session: ReadSession, book_id: UUID, account: int, currency: str) -> int:
    """Return the sum of open lines, less those of their payments that are matched."""
    ours = (
        BankLine.book_id == book_id,
        BankLine.account == account,
        BankLine.commodity == currency,
        BankLine.state == _OPEN,
    )
    lines = select(func.coalesce(func.sum(BankLine.amount), 0)).where(*ours)
    # By the payments that are open still, for such a line has one; an outer join keeps to that way.
    begun = select(BankLinePart.bank_line_id).where(
        BankLinePart.book_id == book_id, BankLinePart.state == _OPEN
    )
    counted = func.sum(BankLinePart.amount).filter(BankLine.id.is_not(None))
    parts = (
        select(func.coalesce(counted, 0))
        .select_from(BankLinePart)
        .outerjoin(BankLine, and_(BankLine.id == BankLinePart.bank_line_id, *ours))
        .where(BankLinePart.bank_line_id.in_(begun), BankLinePart.state == LineState.MATCHED)
    )
    found = session.scalar(select(lines.scalar_subquery() - parts.scalar_subquery()))
    return int(found or 0)


def line_by_id(session: ReadSession, *, book_id: UUID, line_id: UUID) -> LineRow:
    """Return one line of a book with its matches; also by the id of one of its parts.

    Raises NotFound.
    """
    part = session.get(BankLinePart, line_id)
    line = session.get(BankLine, part.bank_line_id if part is not None else line_id)
    if line is None or line.book_id != book_id:
        raise NotFound("This book has no such bank statement line.", place="line")
    return _with_matches(session, [line])[0]


def next_open_line(session: ReadSession, *, after: BankLine) -> UUID | None:
    """Return the line that waits behind another, as the page lists them; the first of all where
    none does, and None where nothing waits."""
    order = (BankLine.booked_on, BankLine.position, BankLine.id)
    waiting = (
        select(BankLine.id)
        .where(BankLine.book_id == after.book_id, BankLine.state == _OPEN, BankLine.id != after.id)
        .order_by(*order)
        .limit(1)
    )
    behind_it = tuple_(*order) > tuple_(after.booked_on, after.position, after.id)
    return session.scalar(waiting.where(behind_it)) or session.scalar(waiting)


def waiting_count(book_id: UUID) -> Select[int]:
    """Return how many decisions the bank lines of a book wait for: a batch's payments one each.

    The line of a batch is open as long as one of its payments is.
    """
    lines = select(func.count()).where(BankLine.book_id == book_id, BankLine.state == _OPEN)
    more = func.count() - func.count(BankLinePart.bank_line_id.distinct())
    # From the open payments to their lines: of all lines they would be looked up one by one.
    parts = (
        select(more)
        .select_from(BankLinePart)
        .join(BankLine, BankLine.id == BankLinePart.bank_line_id)
        .where(
            BankLinePart.book_id == book_id,
            BankLinePart.state == _OPEN,
            BankLine.state == LineState.OPEN,
        )
    )
    return select(lines.scalar_subquery() + parts.scalar_subquery())


def open_lines(session: ReadSession, *, book_id: UUID) -> int:
    """Return how many decisions the bank lines of a book wait for."""
    return int(session.scalar(waiting_count(book_id)) or 0)


def recent_texts(session: ReadSession, *, book_id: UUID, since: date) -> str:
    """Return the texts of a book's lines since a day, in one."""
    rows = session.scalars(
        select(BankLine.remittance).where(
            BankLine.book_id == book_id,
            BankLine.booked_on >= since,
            BankLine.state != LineState.WITHDRAWN,
        )
    )
    return " ".join(rows)
