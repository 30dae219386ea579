"""Read the books and build a report from them; only reads, and decides nothing about looks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.models.pools import Pool
from ledger.queries.books import all_books, book_by_code, commodities
from ledger.queries.journal import every_entry
from ledger.queries.pools import members_of, pool_by_code
from reports import schedules
from reports.movements import read_movements
from reports.statement import BookProof, EntryLine, Report
from reports.tie_out import check

EDITIONS = ("public", "auditor")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which books a report is about: one, a pool with host and members, or all."""

    title: str
    kind: str
    books: tuple[Book, ...]


def scope_of_book(session: ReadSession, code: str) -> Scope:
    """Return the scope of one book. Raises NotFound."""
    book = book_by_code(session, code)
    return Scope(book.name, "book", (book,))


def scope_of_pool(session: ReadSession, code: str) -> Scope:
    """Return a pool with its host and its members. Raises NotFound."""
    pool, book = pool_by_code(session, code)
    codes = {member.code for member in members_of(session, pool_id=book.id)}
    codes.add(session.get_one(Book, pool.host_id).code)
    others = [row for row in all_books(session) if row.code in codes]
    return Scope(book.name, "pool", (book, *others))


def scope_of_all(session: ReadSession) -> Scope:
    """Return every book. Raises Invalid when there is none."""
    books = tuple(all_books(session))
    if not books:
        raise Invalid("There is no book to report on.", place="book")
    return Scope("All communities", "all", books)


def build(
    session: ReadSession,
    *,
    scope: Scope,
    since: date,
    until: date,
    edition: str,
    known_at: datetime | None = None,
) -> Report:
    """Build a report for a period, its last day included, and check that it ties.

    ``known_at`` leaves out what was recorded after that instant.

    Raises Invalid for a period that ends before it starts or an unknown edition, Conflict when
    a tie-out rule fails: an untied report is not made.
    """
    if until < since:
        raise Invalid("The period ends before it starts.", place="to")
    if edition not in EDITIONS:
        raise Invalid("An edition is public or auditor.", place="edition")
    ids = [book.id for book in scope.books]
    codes = frozenset(book.code for book in scope.books)
    moves = read_movements(session, book_ids=ids, since=since, until=until, known_at=known_at)
    pools = set(session.scalars(select(Pool.book_id).where(Pool.book_id.in_(ids))))
    money, things, hours = schedules.received(moves)
    report = Report(
        title=scope.title,
        scope=scope.kind,
        edition=edition,
        since=since,
        until=until,
        books=tuple((book.code, book.name, book.kind) for book in scope.books),
        money_received=money,
        things_received=things,
        hours_received=hours,
        sources=schedules.sources(moves, codes),
        uses=schedules.uses(moves, codes),
        funds=schedules.funds(moves),
        positions=schedules.positions(moves, codes),
        waterfalls=tuple(
            schedules.waterfall(moves, book, {row.code: row.name for row in all_books(session)})
            for book in scope.books
            if book.id in pools
        ),
        things=schedules.things(moves),
        thing_values=schedules.thing_values(moves),
        hours=schedules.hours(moves),
        hour_values=schedules.hour_values(moves),
        pledges=schedules.pledges(
            session, book_ids=ids, since=since, until=until, known_at=known_at
        ),
        fees=schedules.fees(moves, codes),
        proofs=tuple(_proof(session, book, until, known_at) for book in scope.books),
        trial_balance=schedules.trial_balance(moves),
        nouns=tuple(
            (row.code, row.singular, row.plural)
            for row in sorted(commodities(session).values(), key=lambda row: row.code)
        ),
        entries=_entries(session, scope.books, since, until, known_at)
        if edition == "auditor"
        else (),
        known_at=known_at,
    )
    check(session, report, moves, scope.books)
    return report


def _proof(session: ReadSession, book: Book, until: date, known_at: datetime | None) -> BookProof:
    """Hash a book's entries in order, each as canonical JSON on a line."""
    digest = hashlib.sha256()
    count = postings = 0
    for entry in every_entry(session, book_id=book.id, known_at=known_at):
        if entry.accounting_on > until:
            break
        count += 1
        postings += len(entry.legs)
        document = {
            "id": str(entry.id),
            "accounting_on": entry.accounting_on.isoformat(),
            "event_type": entry.event_type,
            "source": entry.source,
            "external_ref": entry.external_ref,
            "reverses": str(entry.reverses) if entry.reverses else None,
            "postings": [
                [leg.account, leg.fund, leg.commodity, leg.quantity, leg.counterparty]
                + [list(pair) for pair in leg.labels]
                for leg in entry.legs
            ],
        }
        line = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest.update(line.encode() + b"\n")
    return BookProof(book.code, book.name, count, postings, digest.hexdigest())


def _entries(
    session: ReadSession,
    books: Sequence[Book],
    since: date,
    until: date,
    known_at: datetime | None,
) -> tuple[EntryLine, ...]:
    lines: list[EntryLine] = []
    for book in books:
        for entry in every_entry(session, book_id=book.id, known_at=known_at):
            if not since <= entry.accounting_on <= until:
                continue
            lines += [
                EntryLine(
                    book.code,
                    entry.accounting_on,
                    entry.event_type,
                    leg.account,
                    leg.fund,
                    leg.commodity,
                    leg.quantity,
                    leg.counterparty or "",
                )
                for leg in entry.legs
            ]
    return tuple(lines)
