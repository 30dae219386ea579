"""Questions about editions of reports: which there are, and which entries lie between two."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from ledger.db import ReadSession
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book
from ledger.models.editions import Edition, EditionLog
from ledger.models.journal import Entry
from ledger.models.periods import Period
from ledger.models.seals import Seal
from ledger.queries.journal import EntryRow, entries_by_id

SHORTEST = 8


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition as people see it; ``older`` is the one before of the same books and period."""

    id: UUID
    number: int
    title: str
    since_on: date
    until_on: date
    audience: str
    known_at: datetime | None
    dataset_sha256: str
    made_at: datetime
    superseded: bool
    older: UUID | None


@dataclass(frozen=True, slots=True)
class Change:
    """By how much one balance of a book differs, debit positive, smallest unit."""

    book: str
    account: int
    fund: str
    commodity: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What made a newer edition differ: entries that came in, and that are left out now.

    ``changes`` is what they come to, by balance.
    """

    came: tuple[tuple[str, EntryRow], ...]
    left: tuple[tuple[str, EntryRow], ...]
    changes: tuple[Change, ...]


def editions_for(session: ReadSession, *, book_ids: Iterable[UUID]) -> list[EditionRow]:
    """Return the editions all of whose books are among these, the newest first."""
    allowed = set(book_ids)
    books: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for edition_id, book_id in session.execute(select(EditionLog.edition_id, EditionLog.book_id)):
        books[edition_id].add(book_id)
    rows = session.scalars(select(Edition).order_by(Edition.made_at, Edition.id)).all()
    counts: defaultdict[tuple[str, str, date, date, str], list[Edition]] = defaultdict(list)
    found = []
    for row in rows:
        if not books[row.id] <= allowed:
            continue
        same = counts[row.scope, row.code, row.since_on, row.until_on, row.audience]
        same.append(row)
        found.append((row, len(same), same[-2].id if len(same) > 1 else None))
    newest = {same[-1].id for same in counts.values()}
    return [
        EditionRow(
            row.id,
            number,
            row.title,
            row.since_on,
            row.until_on,
            row.audience,
            row.known_at,
            row.dataset_sha256,
            row.made_at,
            row.id not in newest or _reopened(session, row, books[row.id]),
            older,
        )
        for row, number, older in reversed(found)
    ]


def edition_named(session: ReadSession, name: str) -> Edition:
    """Return an edition by its id or the beginning of its data's SHA-256. Raises NotFound."""
    try:
        row = session.get(Edition, UUID(name))
    except ValueError:
        row = None
    if row is None and len(name) >= SHORTEST and name.isalnum():
        rows = session.scalars(
            select(Edition).where(Edition.dataset_sha256.startswith(name.lower())).limit(2)
        ).all()
        row = rows[0] if len(rows) == 1 else None
    if row is None:
        raise NotFound(f"There is no edition {name}.", place="edition")
    return row


def books_of_edition(session: ReadSession, *, edition_id: UUID) -> dict[UUID, int]:
    """Return the size of the log of each of an edition's books."""
    return dict(
        iter(
            session.execute(
                select(EditionLog.book_id, EditionLog.size).where(
                    EditionLog.edition_id == edition_id
                )
            )
        )
    )


def difference(session: ReadSession, *, older: Edition, newer: Edition) -> Difference:
    """Return every entry that one edition was made of and the other was not.

    Exactly: an edition is made of a log's beginning, not of what an instant suggests. Raises
    Invalid for editions of other books or periods.
    """
    sizes = [books_of_edition(session, edition_id=row.id) for row in (older, newer)]
    if set(sizes[0]) != set(sizes[1]) or (older.since_on, older.until_on) != (
        newer.since_on,
        newer.until_on,
    ):
        raise Invalid("Compare two editions of the same books and period.", place="edition")
    codes = dict(iter(session.execute(select(Book.id, Book.code).where(Book.id.in_(sizes[0])))))
    came: list[tuple[str, EntryRow]] = []
    left: list[tuple[str, EntryRow]] = []
    sums: defaultdict[tuple[str, int, str, str], int] = defaultdict(int)
    for book_id in sorted(codes, key=codes.__getitem__):
        first, second = (
            _is_in(row, size[book_id]) for row, size in zip((older, newer), sizes, strict=True)
        )
        for kept, sign, condition in ((came, 1, second & ~first), (left, -1, first & ~second)):
            ids = session.scalars(
                select(Entry.id).where(
                    Entry.book_id == book_id, Entry.accounting_on <= newer.until_on, condition
                )
            ).all()
            for row in entries_by_id(session, book_id=book_id, ids=ids):
                kept.append((codes[book_id], row))
                for leg in row.legs:
                    place = (codes[book_id], leg.account, leg.fund, leg.commodity)
                    sums[place] += sign * leg.quantity
    changes = tuple(Change(*place, total) for place, total in sorted(sums.items()) if total)
    return Difference(tuple(came), tuple(left), changes)


def _is_in(edition: Edition, size: int) -> ColumnElement[bool]:
    """Return the condition that an entry was there when an edition was made."""
    sealed = exists().where(
        Seal.book_id == Entry.book_id, Seal.entry_id == Entry.id, Seal.seq < size
    )
    if edition.known_at is None:
        return sealed
    return sealed & (Entry.recorded_at <= edition.known_at)


def _reopened(session: ReadSession, row: Edition, book_ids: set[UUID]) -> bool:
    """Tell whether a period that a report is about was opened again since."""
    found = session.scalar(
        select(Period.id)
        .where(
            Period.book_id.in_(book_ids),
            Period.reopened_at > row.made_at,
            Period.until_on >= row.since_on,
        )
        .limit(1)
    )
    return found is not None
