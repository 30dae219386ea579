"""Rules that stop a report which does not tie; each compares two independent readings."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from ledger.db import ReadSession
from ledger.errors import Conflict
from ledger.models.books import Book
from ledger.queries import balances
from reports.movements import Movements
from reports.statement import Report

Rule = Callable[[ReadSession, Report, Movements, Sequence[Book]], Iterator[str]]


def check(session: ReadSession, report: Report, moves: Movements, books: Sequence[Book]) -> None:
    """Raise Conflict, naming the rule and the difference, for the first rule that fails."""
    for name, rule in RULES:
        for difference in rule(session, report, moves, books):
            raise Conflict(f"The report does not tie: {name}: {difference}.", place=name)


def _zero(
    _session: ReadSession, _report: Report, moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    sums: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in moves.rows:
        sums[row.book, row.fund, row.layer, row.commodity] += row.closing
    yield from (f"{'/'.join(key)} is off by {rest}" for key, rest in sums.items() if rest)


def _position(
    _session: ReadSession, report: Report, _moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    for row in report.positions:
        rest = row.total_assets - row.total_liabilities - row.total_net_assets
        if rest:
            yield f"{row.commodity}: assets less liabilities and net assets differ by {rest}"


def _funds(
    _session: ReadSession, report: Report, _moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    closing: defaultdict[str, int] = defaultdict(int)
    for row in report.funds:
        closing[row.commodity] += row.closing
    for position in report.positions:
        rest = closing[position.commodity] - position.total_net_assets
        if rest:
            yield f"{position.commodity}: funds and position differ by {rest}"


def _result(
    _session: ReadSession, report: Report, moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    """Sources less uses is what the funds gained, opening entries aside."""
    gained: defaultdict[str, int] = defaultdict(int)
    for row in report.funds:
        gained[row.commodity] += row.closing - row.opening
    for commodity, opened in moves.sum(
        lambda row: row.account // 1000 == 3, lambda row: -row.period
    ).items():
        gained[commodity] -= opened
    stated: defaultdict[str, int] = defaultdict(int)
    for source in report.sources:
        stated[source.commodity] += source.quantity
    for use in report.uses:
        stated[use.commodity] -= use.quantity
    for commodity in sorted(gained.keys() | stated.keys()):
        rest = gained[commodity] - stated[commodity]
        if rest:
            yield f"{commodity}: sources less uses and the funds differ by {rest}"


def _books(
    session: ReadSession, report: Report, _moves: Movements, books: Sequence[Book]
) -> Iterator[str]:
    """Each book's trial balance is the one that the ledger itself gives for that day."""
    for book in books:
        own = {
            (row.account, row.fund, row.commodity): row.quantity
            for row in balances.trial_balance(
                session, book_id=book.id, as_of=report.until, known_at=report.known_at
            )
        }
        shown = {
            (row.account, row.fund, row.commodity): row.quantity
            for row in report.trial_balance
            if row.book == book.code
        }
        if own != shown:
            yield f"book {book.code} differs from its trial balance"


def _pools(
    _session: ReadSession, report: Report, _moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    """What a pool is left with is what its funds close with."""
    for row in report.waterfalls:
        closing = sum(
            fund.closing
            for fund in report.funds
            if fund.book == row.book and fund.commodity == row.commodity
        )
        if closing != row.closing:
            yield f"pool {row.book}: {row.closing} left, {closing} in its funds"


def _glance(
    _session: ReadSession, report: Report, _moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    """The hours at a glance are those of the schedule."""
    glance = {row.commodity: row.quantity for row in report.hours_received}
    schedule = {row.commodity: row.minutes for row in report.hours}
    if glance != schedule:
        yield "hours at a glance and in the schedule differ"


def _things(
    _session: ReadSession, report: Report, _moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    """The things of the schedule are those of the trial balance (domain T-12)."""
    stated = {
        (row.commodity, account): quantity
        for row in report.things
        for account, quantity in ((8210, row.held), (8220, row.lent), (8230, row.borrowed))
        if quantity
    }
    booked: defaultdict[tuple[str, int], int] = defaultdict(int)
    for line in report.trial_balance:
        if line.account in (8210, 8220, 8230):
            booked[line.commodity, line.account] += line.quantity
    for unit, account in sorted(stated.keys() | booked.keys()):
        rest = stated.get((unit, account), 0) - booked.get((unit, account), 0)
        if rest:
            yield f"{unit}: the schedule and account {account} differ by {rest}"


def _fees(
    _session: ReadSession, report: Report, _moves: Movements, _books: Sequence[Book]
) -> Iterator[str]:
    """Every refund and fee among sources and uses stands in its schedule (domain T-14)."""
    booked = {
        (row.label, row.commodity): -row.quantity
        for row in report.sources
        if row.label.startswith("409")
    } | {
        (row.label, row.commodity): row.quantity
        for row in report.uses
        if row.label.startswith("65")
    }
    stated = {(row.label, row.commodity): row.quantity for row in report.fees}
    for label, unit in sorted(booked.keys() | stated.keys()):
        rest = stated.get((label, unit), 0) - booked.get((label, unit), 0)
        if rest:
            yield f"{label}, {unit}: the schedule of fees differs by {rest}"


RULES: tuple[tuple[str, Rule], ...] = (
    ("T-1 every fund and layer is zero", _zero),
    ("T-2 assets less liabilities are net assets", _position),
    ("T-3 funds close as the position says", _funds),
    ("T-4 sources less uses change the funds", _result),
    ("T-5 the trial balance is the ledger's", _books),
    ("T-6 pools close as their funds do", _pools),
    ("T-7 a glance and the schedules agree", _glance),
    ("T-8 things are those of the trial balance", _things),
    ("T-9 refunds and fees are those of sources and uses", _fees),
)
