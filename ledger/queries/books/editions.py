"""Questions about editions of reports: which there are, and which entries lie between two."""

import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select

from ledger.core.days import day_in
from ledger.db import ReadSession
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.editions import Edition, EditionFile, EditionLog
from ledger.models.journal import Entry, Posting
from ledger.models.periods import Period
from ledger.models.seals import Seal, Unsealed
from ledger.queries.books.journal import EntryRow, entries_by_id

SHORTEST = 8
FIRST_OF_NET_ASSETS, LAST_OF_NET_ASSETS = 3000, 7999


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition as people see it; ``older`` is the one before of the same books and period.

    A look-back, as known at an instant, is numbered by itself and supersedes nothing; ``older`` is
    then the official edition beside it. ``kept`` tells whether its file can be downloaded,
    ``interim`` whether its period was not over.
    """

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
    kept: bool
    interim: bool


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
    kept = set(session.scalars(select(EditionFile.edition_id)))
    zones = dict(iter(session.execute(select(Book.id, Book.time_zone))))
    series: defaultdict[tuple[object, ...], list[Edition]] = defaultdict(list)
    found = []
    for row in rows:
        # One without books is of nothing that anybody may read.
        if not books[row.id] or not books[row.id] <= allowed:
            continue
        about = (row.scope, frozenset(books[row.id]), row.since_on, row.until_on, row.audience)
        same = series[about, row.known_at]
        official = series[about, None]
        beside = same if same else official
        found.append((row, len(same) + 1, beside[-1].id if beside else None))
        same.append(row)
    newest = {same[-1].id for same in series.values() if same}
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
            row.known_at is None
            and (row.id not in newest or _reopened(session, row, books[row.id])),
            older,
            row.id in kept,
            row.until_on
            >= min(day_in(zones[book], row.known_at or row.made_at) for book in books[row.id]),
        )
        for row, number, older in reversed(found)
    ]


def edition_of(session: ReadSession, dataset_sha256: str) -> Edition | None:
    """Return the edition that was issued of exactly this data, if any."""
    return session.scalar(select(Edition).where(Edition.dataset_sha256 == dataset_sha256))


def file_of(session: ReadSession, edition_id: UUID) -> tuple[bytes, int] | None:
    """Return the PDF of an edition as it was issued, and its number of pages.

    None for an edition that was made before files were kept.
    """
    row = session.get(EditionFile, edition_id)
    return None if row is None else (b64decode(row.pdf), row.pages)


def unchanged_edition(
    session: ReadSession,
    *,
    book_ids: Iterable[UUID],
    since: date,
    until: date,
    audience: str,
    now: datetime,
) -> Edition | None:
    """Return the newest official edition of some books for a period if nothing came since.

    Nothing came when each book's log is as long as it was and no entry waits to be sealed. One of
    a period that was not over then and is over now counts as changed.
    """
    wanted = set(book_ids)
    waiting = select(Unsealed.entry_id).where(Unsealed.book_id.in_(wanted)).limit(1)
    if session.scalar(waiting) is not None:
        return None
    zones = session.scalars(select(Book.time_zone).where(Book.id.in_(wanted))).all()
    lengths = dict(
        iter(
            session.execute(
                select(Seal.book_id, func.max(Seal.seq) + 1)
                .where(Seal.book_id.in_(wanted))
                .group_by(Seal.book_id)
            )
        )
    )
    rows = session.scalars(
        select(Edition)
        .join(EditionFile, EditionFile.edition_id == Edition.id)
        .where(
            Edition.since_on == since,
            Edition.until_on == until,
            Edition.audience == audience,
            Edition.known_at.is_(None),
        )
        .order_by(Edition.made_at.desc(), Edition.id.desc())
    )
    for row in rows:
        if books_of_edition(session, edition_id=row.id) == lengths:
            days = [min(day_in(zone, at) for zone in zones) for at in (row.made_at, now)]
            return row if (until >= days[0]) == (until >= days[1]) else None
    return None


def last_official(
    session: ReadSession, *, scope: str, book_ids: Iterable[UUID], until: date
) -> tuple[Edition, dict[str, Any]] | None:
    """Return the newest official edition of some books that ends on a day, with its data.

    Look-backs and reports of a period that was not over are left out.
    """
    wanted = set(book_ids)
    query = (
        select(Edition, EditionFile.dataset)
        .join(EditionFile, EditionFile.edition_id == Edition.id)
        .where(Edition.scope == scope, Edition.until_on == until, Edition.known_at.is_(None))
        .order_by(Edition.made_at.desc(), Edition.id.desc())
    )
    for edition, text in session.execute(query):
        if set(books_of_edition(session, edition_id=edition.id)) == wanted:
            data: dict[str, Any] = json.loads(text)
            if not data["interim"]:
                return edition, data
    return None


def net_assets_of(session: ReadSession, edition: Edition) -> dict[tuple[str, str, str], int]:
    """Return each fund's net assets at the end of an edition, from the log that it was made of.

    By codes of book and fund, and commodity; in the smallest unit.
    """
    found: dict[tuple[str, str, str], int] = {}
    for book_id, size in books_of_edition(session, edition_id=edition.id).items():
        query = (
            select(Book.code, Fund.code, Posting.commodity, -func.sum(Posting.quantity))
            .join(Book, Book.id == Posting.book_id)
            .join(Fund, Fund.id == Posting.fund_id)
            .join(Entry, (Entry.book_id == Posting.book_id) & (Entry.id == Posting.entry_id))
            .where(
                Posting.book_id == book_id,
                Posting.account.between(FIRST_OF_NET_ASSETS, LAST_OF_NET_ASSETS),
                Posting.accounting_on <= edition.until_on,
                _is_in(edition, size),
            )
            .group_by(Book.code, Fund.code, Posting.commodity)
        )
        for book, fund, commodity, total in session.execute(query):
            if total:
                found[book, fund, commodity] = int(total)
    return found


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
        raise NotFound("There is no edition {name}.", place="edition", name=name)
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
        raise Invalid(
            "Choose two editions for the same books and period.",
            place="edition",
        )
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
