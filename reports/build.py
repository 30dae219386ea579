"""Read the books and build a report from them; only reads, and decides nothing about looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ledger.core.days import day_in
from ledger.core.vocabulary import BookKind
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.models.editions import Audience
from ledger.queries.books.books import all_books, book_by_code, commodities
from ledger.queries.books.details import details_of
from ledger.queries.pools.pools import pool_by_code
from reports import activities, schedules
from reports.columns import Columns
from reports.comparatives import carried_forward
from reports.glance import Window, figures_of, received, scope_of, waterfall
from reports.model import Entity, Report
from reports.movements import Movements, read_movements
from reports.position import positions
from reports.roll_forward import pledges
from reports.tie_out import Reading, differences
from reports.trace import Trace, read_trace


@dataclass(frozen=True, slots=True)
class Scope:
    """Which books a report is about: a community's, a pool's, or all."""

    title: str
    kind: str
    books: tuple[Book, ...]


def scope_of_book(session: ReadSession, code: str) -> Scope:
    """Return the scope of one book. Raises NotFound."""
    book = book_by_code(session, code)
    return Scope(book.name, "book", (book,))


def scope_of_pool(session: ReadSession, code: str) -> Scope:
    """Return the scope of a pool: its own book, not those of its members. Raises NotFound."""
    _pool, book = pool_by_code(session, code)
    return Scope(book.name, "pool", (book,))


def scope_of_all(session: ReadSession) -> Scope:
    """Return every book. Raises Invalid when there is none."""
    books = tuple(all_books(session))
    if not books:
        raise Invalid("There is no book to report on.", place="book")
    return Scope("All communities", "all", books)


@dataclass(frozen=True, slots=True)
class Built:
    """A report with the rules that it breaks, each as a sentence; none when it ties."""

    report: Report
    untied: tuple[str, ...]


def build(
    session: ReadSession,
    *,
    scope: Scope,
    since: date,
    until: date,
    edition: str,
    now: datetime,
    known_at: datetime | None = None,
) -> Report:
    """Build a report for a period, its last day included, that ties.

    ``known_at`` leaves out what was recorded after that instant.

    Raises Invalid for a period that ends before it starts or has not begun, for an instant that
    is still ahead and for an unknown edition; Conflict when a tie-out rule fails.
    """
    built = draft(
        session,
        scope=scope,
        since=since,
        until=until,
        edition=edition,
        now=now,
        known_at=known_at,
    )
    for sentence in built.untied:
        raise Conflict(
            "The report does not tie out: {sentence}.",
            place=sentence.split(" ")[0],
            sentence=sentence,
        )
    return built.report


def draft(
    session: ReadSession,
    *,
    scope: Scope,
    since: date,
    until: date,
    edition: str,
    now: datetime,
    known_at: datetime | None = None,
) -> Built:
    """Build a report and say which rules it breaks, for somebody who looks for the cause.

    Raises as ``build``, but for what does not tie.
    """
    check_asked(scope, since=since, until=until, edition=edition, now=now, known_at=known_at)
    seen = [day_in(book.time_zone, known_at or now) for book in scope.books]
    ids = [book.id for book in scope.books]
    moves = read_movements(session, book_ids=ids, since=since, until=until, known_at=known_at)
    trace = read_trace(session, books=scope.books, since=since, until=until, known_at=known_at)
    report = Report(
        title=scope.title,
        scope=scope.kind,
        edition=edition,
        since=since,
        until=until,
        books=tuple((book.code, book.name, book.kind) for book in scope.books),
        nouns=tuple(
            (row.code, row.singular, row.plural)
            for row in sorted(commodities(session).values(), key=lambda row: row.code)
        ),
        proofs=tuple(trace.proofs),
        entries=tuple(trace.lines) if edition == "auditor" else (),
        known_at=known_at,
        interim=until >= min(seen),
        entities=_entities(session, scope.books),
        pledges=pledges(session, book_ids=ids, since=since, until=until, known_at=known_at),
        **_figures(session, scope, Window(since, until, known_at), trace),
        **_statements(session, scope, moves, since),
    )
    reading = Reading(session, moves, trace, scope.books)
    return Built(report, tuple(differences(report, reading)))


def _entities(session: ReadSession, books: Sequence[Book]) -> tuple[Entity, ...]:
    """Return who stands behind each book that says so."""
    found = [(book, details_of(session, book.id)) for book in books]
    return tuple(
        Entity(
            book.name,
            row.legal_name,
            row.registration_number,
            row.postal_address,
            row.account_holder,
            row.iban_in_groups,
            row.bic,
        )
        for book, row in found
        if any((row.legal_name, row.registration_number, row.postal_address, row.iban))
    )


def _figures(session: ReadSession, scope: Scope, window: Window, trace: Trace) -> dict[str, Any]:
    """Return what is shown first, and each pool's way from start to end."""
    found = figures_of(session, scope_of(scope.kind, scope.books), window, trace)
    names = {book.code: book.name for book in all_books(session)}
    return {
        "figures": found.rows,
        "money_received": received(found, "money", "holdings"),
        "things_received": received(found, "things"),
        "hours_received": received(found, "hours"),
        "waterfalls": tuple(
            waterfall(session, book, window, trace, names)
            for book in scope.books
            if book.kind == BookKind.POOL
        ),
    }


def _statements(
    session: ReadSession, scope: Scope, moves: Movements, since: date
) -> dict[str, Any]:
    """Return the statements and schedules that are made of movements."""
    columns = Columns(scope.books)
    names = {book.code: book.name for book in all_books(session)}
    carried = carried_forward(session, scope=scope.kind, books=scope.books, since=since)
    funds = activities.funds(moves, carried)
    return {
        "columns": columns.heads,
        "sources": activities.sources(moves, columns),
        "uses": activities.uses(moves, columns),
        "gains": activities.gains(moves, columns),
        "transfers": activities.transfers(moves),
        "funds": funds,
        "fund_totals": activities.fund_totals(funds, moves, columns),
        "positions": positions(moves, scope.books, columns, names),
        "things": schedules.things(moves),
        "thing_values": schedules.thing_values(moves),
        "hours": schedules.hours(moves),
        "hour_values": schedules.hour_values(moves),
        "fees": activities.fees(moves, columns),
        "trial_balance": schedules.trial_balance(moves),
    }


def check_asked(
    scope: Scope,
    *,
    since: date,
    until: date,
    edition: str,
    now: datetime,
    known_at: datetime | None,
) -> None:
    """Refuse a report of a period or an instant that does not exist yet. Raises Invalid."""
    if until < since:
        raise Invalid("The period ends before it starts.", place="to")
    if edition not in tuple(Audience):
        raise Invalid("Choose a public or an auditor edition.", place="edition")
    if known_at is not None and known_at > now:
        raise Invalid(
            "This date and time is in the future. Choose an earlier one.", place="known_at"
        )
    if since > max(day_in(book.time_zone, now) for book in scope.books):
        raise Invalid("This period has not started yet.", place="from")
