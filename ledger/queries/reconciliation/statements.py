"""Whether bank and books agree on a day: statement balance, outstanding items, book balance.

Computed from lines, postings and the decisions that tie them, never from a state that a line or
entry carries. Amounts in minor units. Must not decide what a line means.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from ledger.core.reconciliation import Item, Reconciliation, Stated, gaps_between, reaches
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.journal import Entry, Posting
from ledger.models.reconciliation import ReconciliationStatement
from ledger.models.statements import BankAccount, BankLine, BankLinePart, BankStatement, Match
from ledger.queries.books.balances import balance_of


@dataclass(frozen=True, slots=True)
class BankOfBook:
    """A ledger account that stands for bank accounts, in a currency, with their names."""

    account: int
    commodity: str
    names: tuple[str, ...]
    bank_account_ids: tuple[UUID, ...]


def banks_of(session: ReadSession, *, book_id: UUID) -> list[BankOfBook]:
    """Return the ledger accounts of a book that stand for bank accounts."""
    found: defaultdict[tuple[int, str], list[BankAccount]] = defaultdict(list)
    for row in session.scalars(
        select(BankAccount)
        .where(BankAccount.book_id == book_id)
        .order_by(BankAccount.account, BankAccount.commodity, BankAccount.id)
    ):
        found[row.account, row.commodity].append(row)
    return [
        BankOfBook(account, unit, tuple(r.name for r in rows), tuple(r.id for r in rows))
        for (account, unit), rows in found.items()
    ]


def bank_of(session: ReadSession, *, book_id: UUID, account: int, commodity: str) -> BankOfBook:
    """Return one of them. Raises NotFound."""
    for bank in banks_of(session, book_id=book_id):
        if (bank.account, bank.commodity) == (account, commodity):
            return bank
    raise NotFound("This book has no such bank account.", place="account")


def reconcile(
    session: ReadSession, *, book_id: UUID, bank: BankOfBook, until: date
) -> Reconciliation:
    """Return what bank and books say of an account on a day, and what explains the difference."""
    statements = _statements(session, bank)
    known = [one for rows in statements.values() for one in rows if one.opens_on <= until]
    first_on = min((one.opens_on for one in known), default=None)
    lines = _lines_until(session, book_id, bank, until)
    bank_before = sum(_opening(rows) for rows in statements.values())
    gaps = tuple(gap for rows in statements.values() for gap in gaps_between(rows, until))
    booked = _uncleared(session, book_id, bank, until)
    start = first_on or until
    balance = balance_of(session, book_id=book_id, accounts=[bank.account], as_of=until)
    return Reconciliation(
        until=until,
        commodity=bank.commodity,
        bank=bank_before + lines + sum(gap.amount or 0 for gap in gaps),
        books=balance[bank.commodity],
        books_only=tuple(item for item in booked if item.on >= start),
        bank_only=tuple(_unposted(session, book_id, bank, until)),
        gaps=gaps,
        first_on=first_on,
        bank_before=bank_before,
        books_before=sum(item.amount for item in booked if item.on < start),
        reaches=bool(known) and all(reaches(rows, until) for rows in statements.values() if rows),
        is_stated=any(one.closing is not None for one in known),
    )


def in_transit(
    session: ReadSession, *, book_id: UUID, accounts: Iterable[int], until: date
) -> dict[int, dict[str, int]]:
    """Return what accounts that only carry time hold on a day, by account and commodity."""
    found = {}
    for account in accounts:
        held = balance_of(session, book_id=book_id, accounts=[account], as_of=until)
        found[account] = {amount.commodity: amount.quantity for amount in held}
    return found


def _statements(session: ReadSession, bank: BankOfBook) -> dict[UUID, list[Stated]]:
    """Return the statements of each bank account that are of whole days, in order."""
    found: dict[UUID, list[Stated]] = {one: [] for one in bank.bank_account_ids}
    rows = session.scalars(
        select(BankStatement).where(
            BankStatement.bank_account_id.in_(bank.bank_account_ids),
            BankStatement.interim.is_(False),
            BankStatement.opens_on.is_not(None),
            BankStatement.closes_on.is_not(None),
        )
    )
    for row in rows:
        if row.bank_account_id is None or row.opens_on is None or row.closes_on is None:
            continue
        found[row.bank_account_id].append(
            Stated(
                row.opens_on,
                row.closes_on,
                None if row.opening_derived else row.opening,
                None if row.closing_derived else row.closing + row.forward,
            )
        )
    for rows_of in found.values():
        rows_of.sort(key=lambda one: (one.opens_on, one.closes_on))
    return found


def _opening(statements: Sequence[Stated]) -> int:
    """Return what the bank said before the first statement; 0 where it does not say."""
    return statements[0].opening or 0 if statements else 0


def _lines_until(session: ReadSession, book_id: UUID, bank: BankOfBook, until: date) -> int:
    total = select(func.coalesce(func.sum(BankLine.amount), 0)).where(
        *_of_bank(book_id, bank), BankLine.booked_on <= until
    )
    return int(session.scalar(total) or 0)


def _of_bank(book_id: UUID, bank: BankOfBook) -> tuple[ColumnElement[bool], ...]:
    return (
        BankLine.book_id == book_id,
        BankLine.account == bank.account,
        BankLine.commodity == bank.commodity,
        BankLine.interim.is_(False),
    )


def _uncleared(session: ReadSession, book_id: UUID, bank: BankOfBook, until: date) -> list[Item]:
    """Return the entries up to a day that no line up to it is tied to, oldest first.

    An entry and its reversal that are both there are nothing together, and are left out.
    """
    cleared = exists().where(
        Match.book_id == Posting.book_id,
        Match.entry_id == Posting.entry_id,
        Match.holds(),
        BankLine.id == Match.bank_line_id,
        *_of_bank(book_id, bank),
        BankLine.booked_on <= until,
    )
    rows = session.execute(
        select(
            Posting.entry_id,
            Entry.accounting_on,
            Entry.event_type,
            Entry.reverses,
            func.sum(Posting.quantity),
        )
        .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
        .where(
            Posting.book_id == book_id,
            Posting.account == bank.account,
            Posting.commodity == bank.commodity,
            Posting.accounting_on <= until,
            ~cleared,
        )
        .group_by(Posting.entry_id, Entry.accounting_on, Entry.event_type, Entry.reverses)
        .order_by(Entry.accounting_on, Posting.entry_id)
    ).all()
    there = {row[0] for row in rows}
    undone = {row[3] for row in rows if row[3] in there}
    return [
        Item(on, kind, str(entry_id), int(total))
        for entry_id, on, kind, reverses, total in rows
        if total and entry_id not in undone and reverses not in undone
    ]


def _unposted(session: ReadSession, book_id: UUID, bank: BankOfBook, until: date) -> list[Item]:
    """Return the lines up to a day, or their payments, that no entry up to it is tied to."""
    whole, part_match = aliased(Match), aliased(Match)

    def posted(match: type[Match]) -> ColumnElement[bool]:
        return and_(
            match.bank_line_id == BankLine.id,
            match.undone_at.is_(None),
            Posting.book_id == match.book_id,
            Posting.entry_id == match.entry_id,
            Posting.account == bank.account,
            Posting.accounting_on <= until,
        )

    rows = session.execute(
        select(
            BankLine.booked_on,
            func.coalesce(BankLinePart.remittance, BankLine.remittance),
            func.coalesce(BankLinePart.id, BankLine.id),
            func.coalesce(BankLinePart.amount, BankLine.amount),
        )
        .outerjoin(
            BankLinePart,
            and_(BankLinePart.bank_line_id == BankLine.id, BankLinePart.stands()),
        )
        .where(
            *_of_bank(book_id, bank),
            BankLine.booked_on <= until,
            BankLine.amount != 0,
            ~exists().where(posted(whole), whole.part_id.is_(None)),
            or_(
                BankLinePart.id.is_(None),
                ~exists().where(posted(part_match), part_match.part_id == BankLinePart.id),
            ),
        )
        .order_by(BankLine.booked_on, BankLine.position, BankLine.id, BankLinePart.position)
    )
    return [Item(on, text, str(item), amount) for on, text, item, amount in rows]


def signed_statements(
    session: ReadSession, *, book_id: UUID, account: int, commodity: str, limit: int = 24
) -> list[ReconciliationStatement]:
    """Return the signed statements of an account, the latest day first."""
    return list(
        session.scalars(
            select(ReconciliationStatement)
            .where(
                ReconciliationStatement.book_id == book_id,
                ReconciliationStatement.account == account,
                ReconciliationStatement.commodity == commodity,
            )
            .order_by(
                ReconciliationStatement.until_on.desc(), ReconciliationStatement.signed_at.desc()
            )
            .limit(limit)
        )
    )


def signed_statement(
    session: ReadSession, *, book_id: UUID, statement_id: UUID
) -> ReconciliationStatement:
    """Return a signed statement of a book. Raises NotFound."""
    row = session.get(ReconciliationStatement, statement_id)
    if row is None or row.book_id != book_id:
        raise NotFound("This book has no such reconciliation statement.", place="statement")
    return row


def holds(session: ReadSession, row: ReconciliationStatement) -> bool:
    """Tell whether bank and books still say what was signed; if not, it is superseded."""
    bank = bank_of(session, book_id=row.book_id, account=row.account, commodity=row.commodity)
    found = reconcile(session, book_id=row.book_id, bank=bank, until=row.until_on)
    return found.sha256() == row.document_sha256


def is_signed(session: ReadSession, *, book_id: UUID, bank: BankOfBook, until: date) -> bool:
    """Tell whether a statement of the day is signed and still says what bank and books say."""
    row = session.scalar(
        select(ReconciliationStatement)
        .where(
            ReconciliationStatement.book_id == book_id,
            ReconciliationStatement.account == bank.account,
            ReconciliationStatement.commodity == bank.commodity,
            ReconciliationStatement.until_on == until,
        )
        .order_by(ReconciliationStatement.signed_at.desc())
        .limit(1)
    )
    return row is not None and holds(session, row)


def last_reconciled(session: ReadSession, *, book_id: UUID) -> dict[tuple[int, str], date]:
    """Return the last day of a signed statement of each account, by account and currency."""
    rows = session.execute(
        select(
            ReconciliationStatement.account,
            ReconciliationStatement.commodity,
            func.max(ReconciliationStatement.until_on),
        )
        .where(ReconciliationStatement.book_id == book_id)
        .group_by(ReconciliationStatement.account, ReconciliationStatement.commodity)
    )
    return {(account, unit): on for account, unit, on in rows}


def has_begun(session: ReadSession, *, book_id: UUID, until: date) -> bool:
    """Tell whether any statement of a book had begun by a day; a withdrawn one is of no account."""
    begun = select(BankStatement.id).where(
        BankStatement.book_id == book_id,
        BankStatement.bank_account_id.is_not(None),
        BankStatement.opens_on <= until,
    )
    return session.scalar(begun.limit(1)) is not None


def unreconciled(
    session: ReadSession,
    *,
    book_id: UUID,
    until: date,
    banks: Sequence[BankOfBook] | None = None,
) -> list[BankOfBook]:
    """Return the bank accounts of which no signed statement of the day holds.

    An account of which no statement had begun by then is left out.
    """
    begun = set(
        session.scalars(
            select(BankStatement.bank_account_id)
            .where(BankStatement.book_id == book_id, BankStatement.opens_on <= until)
            .distinct()
        )
    )
    return [
        bank
        for bank in (banks_of(session, book_id=book_id) if banks is None else banks)
        if begun & set(bank.bank_account_ids)
        and not is_signed(session, book_id=book_id, bank=bank, until=until)
    ]


def lacking_statements(
    session: ReadSession, *, banks: Sequence[BankOfBook], until: date
) -> list[BankOfBook]:
    """Return those bank accounts whose statements have a gap up to a day or do not reach it.

    An account of which no statement had begun by then is left out.
    """
    found = []
    for bank in banks:
        known = [
            rows
            for rows in _statements(session, bank).values()
            if any(one.opens_on <= until for one in rows)
        ]
        if any(
            not reaches(rows, until) or any(gap.amount != 0 for gap in gaps_between(rows, until))
            for rows in known
        ):
            found.append(bank)
    return found
