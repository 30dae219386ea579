"""What people are shown first, and how a pool shared it out.

The figures are those of ``queries.pledges.figures``; nothing is defined here. As known at an
instant, and to compare, the same figures are read from the entries one by one; the names of the
books that gave and got come from there as well.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ledger.core.accounts import Acct
from ledger.core.figures import Figure as Counted
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.pledges import figures
from ledger.queries.pledges.figures import Figures, Scope
from reports.model import Figure, Row, Waterfall
from reports.trace import Count, Trace

# What a book has that is not free money: claims, shares in pools, equipment, foreign currency.
NOT_FREE = (*range(1140, 1300), *range(1301, 2000))


@dataclass(frozen=True, slots=True)
class Window:
    """The period of a report; ``known_at`` leaves out what was recorded after that instant."""

    since: date
    until: date
    known_at: datetime | None = None


def scope_of(kind: str, books: Iterable[Book]) -> Scope:
    """Return whose figures a report shows: everything, or those of its one book."""
    if kind == "all":
        return Scope()
    (book,) = books
    return figures.scope_of_book(book)


def figures_of(session: ReadSession, scope: Scope, window: Window, trace: Trace) -> Figures:
    """Return the figures of a scope in a period, from the sums that all pages read."""
    if window.known_at is not None:
        return figures_by_entry(session, scope, window, trace)
    return figures.figures(session, scope, since=window.since, until=window.until)


def figures_by_entry(session: ReadSession, scope: Scope, window: Window, trace: Trace) -> Figures:
    """Return the same from the entries themselves."""
    code = "" if scope.kind == figures.EVERYTHING else scope.name
    came = _sums(trace.came, code)
    at_end = _sums(trace.stood, code)
    # Not with +, which leaves out what is below zero.
    at_end.update(came)
    return figures.figures_of_sums(
        session,
        scope,
        since=window.since,
        until=window.until,
        flows=came,
        at_end=at_end,
        known_at=window.known_at,
    )


def received(found: Figures, *kinds: str) -> tuple[Figure, ...]:
    """Return what was received of some kinds of commodities."""
    return tuple(
        Figure(row.commodity, row.received)
        for row in found.rows
        if row.kind in kinds and row.received
    )


def waterfall(
    session: ReadSession, pool: Book, window: Window, trace: Trace, names: Mapping[str, str]
) -> Waterfall:
    """Return how a pool's free money came from its start to its end.

    What it has besides (claims, equipment) stands apart, so that its net assets can be found again.
    """
    unit = pool.commodity
    scope = figures.scope_of_book(pool)
    row = figures_of(session, scope, window, trace).of(unit)
    allocated = _by_book(trace, pool, Counted.TO_COMMUNITIES, names, Acct.ALLOCATIONS_OUT)
    return Waterfall(
        book=pool.code,
        pool=pool.name,
        commodity=unit,
        opening=_free_at_start(session, scope, window, trace, unit) + row.brought_forward,
        members=_by_book(trace, pool, Counted.FROM_COMMUNITIES, names),
        received=row.received,
        other=row.other_income + row.between_funds + row.exchanged - row.in_pools,
        spent=row.spent,
        passed_on=row.passed_on - sum(item.quantity for item in allocated),
        allocated=allocated,
        closing=row.available + row.committed,
        committed=row.committed,
        not_free=sum(
            quantity
            for place, quantity in trace.closings()
            if place.book == pool.code and place.commodity == unit and place.account in NOT_FREE
        ),
    )


def _free_at_start(
    session: ReadSession, scope: Scope, window: Window, trace: Trace, unit: str
) -> int:
    if window.known_at is not None:
        return _sums(trace.stood, scope.name).get((Counted.MONEY, unit), 0)
    day_before = window.since - timedelta(days=1)
    row = figures.figures(session, scope, until=day_before).of(unit)
    return row.available + row.committed


def _by_book(
    trace: Trace, pool: Book, figure: Counted, names: Mapping[str, str], account: int = 0
) -> tuple[Row, ...]:
    """Return what a figure of a pool comes to by the other book, on one account or all."""
    found: Counter[str] = Counter()
    for count, quantity in trace.came.items():
        if (count.book, count.figure, count.commodity) == (pool.code, figure, pool.commodity):
            found[count.other] += quantity if account in (0, count.account) else 0
    # By code: two communities may have one name.
    return tuple(
        Row(names.get(code, ""), pool.commodity, found[code])
        for code in sorted(found)
        if found[code]
    )


def _sums(counts: Mapping[Count, int], book: str) -> Counter[tuple[str, str]]:
    """Return counts by figure and commodity, of one book or of all."""
    found: Counter[tuple[str, str]] = Counter()
    for count, quantity in counts.items():
        if book in ("", count.book):
            found[count.figure, count.commodity] += quantity
    return found
