"""Previews: what an approval would book, found by doing it and undoing it.

The entries come from the very services that post them, so no figure is worked out twice. Must not
leave anything behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.db import ReadSession, Session
from ledger.errors import NotFound
from ledger.ids import new_id
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book, Fund
from ledger.models.journal import Entry
from ledger.queries.books import journal as entries
from ledger.queries.books.balances import balance_of
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.funds import spendable
from ledger.services.approvals.decisions import decision_by
from ledger.services.approvals.registry import kind_of, payload_of, registered
from ledger.services.books import journal

# The thousands digits of what a book has and owes.
POSITION = (1, 2)


@dataclass(frozen=True, slots=True)
class Left:
    """What a fund can spend or an account holds, before and after; smallest unit."""

    book: str
    name: str
    commodity: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The entries that an approval would post, each with its book, and what they leave."""

    entries: tuple[tuple[str, entries.EntryRow], ...]
    funds: tuple[Left, ...]
    accounts: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """A fund, or an account where ``number`` is set, in plain values: rows may be undone."""

    book_id: UUID
    book: str
    name: str
    commodity: str
    fund_id: UUID | None = None
    number: int = 0


def books_nothing(kind: str) -> bool:
    """Tell whether an approval of a kind posts no entry by itself."""
    known = registered().get(kind)
    return known is not None and known.books_nothing


def preview(session: Session, *, request_id: UUID, by: UUID, now: datetime) -> Preview:
    """Do what an approval by somebody would do, look at it, and undo it.

    Raises NotFound, and as the kind does where it cannot be done.
    """
    approval_request = session.get(ApprovalRequest, request_id)
    if approval_request is None:
        raise NotFound("This approval request does not exist.", place="proposal")

    def approve() -> None:
        payload = payload_of(approval_request.kind, approval_request.arguments)
        # What has to be confirmed is asked for when somebody approves.
        decision = replace(decision_by(session, approval_request, by, now), confirmed=True)
        kind_of(approval_request.kind).approve(session, approval_request, payload, decision)

    return tried(session, approve)


def tried(session: Session, do: Callable[[], object]) -> Preview:
    """Do something, look at what it booked and what that leaves, and undo it. Raises as it does."""
    start = new_id()
    attempt = session.begin_nested()
    try:
        do()
        session.flush()
        found = _made_since(session, start)
        held = [*_funds(session, found), *_accounts(found)]
        after = [_left(session, row) for row in held]
    finally:
        attempt.rollback()
        journal.forget_undone(session)
    left = [
        (row.number, Left(row.book, row.name, row.commodity, _left(session, row), then))
        for row, then in zip(held, after, strict=True)
    ]
    return Preview(
        entries=tuple((book, row) for _book_id, book, row in found),
        funds=tuple(row for number, row in left if not number),
        accounts=tuple(row for number, row in left if number),
    )


def trial(
    session: Session, command: Callable[[Session], object]
) -> tuple[tuple[str, entries.EntryRow], ...]:
    """Run a command, return the entries that it posted, each with the name of its book, and undo
    it. Raises as the command does."""
    start = new_id()
    attempt = session.begin_nested()
    try:
        command(session)
        session.flush()
        found = _made_since(session, start)
    finally:
        attempt.rollback()
        journal.forget_undone(session)
    return tuple((book, row) for _book_id, book, row in found)


_Found = Sequence[tuple[UUID, str, entries.EntryRow]]


def _made_since(session: ReadSession, start: UUID) -> list[tuple[UUID, str, entries.EntryRow]]:
    """Return the entries of this transaction that came after an id, as they were made."""
    names = {book.id: book.name for book in session.scalars(select(Book))}
    made: dict[UUID, list[UUID]] = {}
    query = select(Entry.book_id, Entry.id).where(Entry.book_id.in_(names), Entry.id > start)
    for book_id, entry_id in session.execute(query):
        made.setdefault(book_id, []).append(entry_id)
    rows = [
        (book_id, names[book_id], row)
        for book_id, ids in made.items()
        for row in entries.entries_by_id(session, book_id=book_id, ids=ids)
    ]
    return sorted(rows, key=lambda found: found[2].id)


def _funds(session: ReadSession, found: _Found) -> list[_Held]:
    """Return the funds that entries touch, by book and code."""
    named = {(book, leg.fund): book_id for book_id, book, row in found for leg in row.legs}
    held = []
    for (book, code), book_id in sorted(named.items()):
        fund = fund_by_code(session, book_id, code)
        unit = session.get_one(Book, book_id).commodity
        held.append(_Held(book_id, book, fund.name, unit, fund_id=fund.id))
    return held


def _accounts(found: _Found) -> list[_Held]:
    """Return the accounts of assets and debts that entries move, by book, number and unit."""
    named = {
        (book, leg.account, leg.commodity): (book_id, leg.account_name)
        for book_id, book, row in found
        for leg in row.legs
        if leg.account // 1000 in POSITION
    }
    return [
        _Held(book_id, book, f"{number} {name}", unit, number=number)
        for (book, number, unit), (book_id, name) in sorted(named.items())
    ]


def _left(session: ReadSession, row: _Held) -> int:
    """Return what a fund can spend or an account holds now; nothing where it is not there."""
    if row.number:
        balance = balance_of(session, book_id=row.book_id, accounts=[row.number])
        return balance[row.commodity]
    fund = session.get(Fund, row.fund_id)
    return spendable(session, fund) if fund is not None else 0
