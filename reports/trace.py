"""The second reading of the journal: entry by entry, with the hash that identifies a book's.

The figures of a report are sums that the database makes. Here the same postings are walked one
after the other, in order, so that a rule can compare each line with what stands behind it.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select

from ledger.core.figures import Leg, lines_of
from ledger.core.vocabulary import FundClass
from ledger.db import ReadSession
from ledger.models.books import Book, Fund
from ledger.queries.books.journal import EntryRow, every_entry
from reports.model import BookProof, EntryLine

AGENCY = FundClass.AGENCY
# Stands in no code.
MARK = "\x1f"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a posting stands."""

    book: str
    account: int
    fund: str
    commodity: str
    counterparty: str


class Count(NamedTuple):
    """What a figure counts: where the leg stands, and the book that it names."""

    book: str
    figure: str
    commodity: str
    account: int
    other: str


class Trace:
    """What the postings of some books come to, before and within a period; debit positive.

    ``came`` and ``stood`` are what they add to the figures that people are shown
    (``core.figures``), within the period and before it. ``agency`` are the funds of each book that
    hold money for pools.
    """

    def __init__(self, since: date, agency: Mapping[str, frozenset[str]]) -> None:
        self.since = since
        self._agency = agency
        self.came: Counter[Count] = Counter()
        self.stood: Counter[Count] = Counter()
        self.before: defaultdict[Place, int] = defaultdict(int)
        self.within: defaultdict[Place, int] = defaultdict(int)
        self.proofs: list[BookProof] = []
        self.lines: list[EntryLine] = []

    def add(self, book: str, entry: EntryRow) -> None:
        """Count the legs of one entry."""
        sums = self.within if entry.accounting_on >= self.since else self.before
        for leg in entry.legs:
            other = leg.counterparty or ""
            sums[Place(book, leg.account, leg.fund, leg.commodity, other)] += leg.quantity
        # A line of a figure names its leg's fund alone; told together with account and other book,
        # it names these as well.
        places = [
            MARK.join((leg.fund, str(leg.account), leg.counterparty or "")) for leg in entry.legs
        ]
        legs = [
            Leg(leg.account, place, leg.commodity, leg.quantity)
            for leg, place in zip(entry.legs, places, strict=True)
        ]
        held = self._agency.get(book, frozenset())
        agency = {place for place in places if place.partition(MARK)[0] in held}
        counts = self.came if entry.accounting_on >= self.since else self.stood
        for line in lines_of(legs, agency=agency):
            _fund, account, other = line.fund.split(MARK)
            counts[Count(book, line.figure, line.commodity, int(account), other)] += line.quantity

    def closings(self) -> Iterator[tuple[Place, int]]:
        """Yield what stands where at the end; a place that moved as well comes twice."""
        yield from self.before.items()
        yield from self.within.items()

    def period(self, test: Callable[[Place], bool]) -> dict[str, int]:
        """Return what the places that pass moved in the period, by commodity."""
        found: defaultdict[str, int] = defaultdict(int)
        for place, quantity in self.within.items():
            if test(place):
                found[place.commodity] += quantity
        return {unit: total for unit, total in sorted(found.items()) if total}


def read_trace(
    session: ReadSession,
    *,
    books: tuple[Book, ...],
    since: date,
    until: date,
    known_at: datetime | None,
) -> Trace:
    """Walk every entry of some books up to a day; ``lines`` are the legs of the period."""
    trace = Trace(since, _agency_funds(session, books))
    for book in books:
        digest = hashlib.sha256()
        count = postings = 0
        for entry in every_entry(session, book_id=book.id, known_at=known_at):
            if entry.accounting_on > until:
                break
            count += 1
            postings += len(entry.legs)
            digest.update(_canonical(entry) + b"\n")
            trace.add(book.code, entry)
            if entry.accounting_on >= since:
                trace.lines += _lines(book.code, entry)
        trace.proofs.append(BookProof(book.code, book.name, count, postings, digest.hexdigest()))
    return trace


def _agency_funds(session: ReadSession, books: tuple[Book, ...]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {book.code: set() for book in books}
    query = (
        select(Book.code, Fund.code)
        .join(Fund, Fund.book_id == Book.id)
        .where(Book.id.in_([book.id for book in books]), Fund.fund_class == AGENCY)
    )
    for book, fund in session.execute(query):
        found[book].add(fund)
    return {book: frozenset(funds) for book, funds in found.items()}


def _canonical(entry: EntryRow) -> bytes:
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
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _lines(book: str, entry: EntryRow) -> list[EntryLine]:
    return [
        EntryLine(
            book,
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
