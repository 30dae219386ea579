"""Rules that stop a report which does not tie; each compares two independent readings.

The statements are made of sums that the database makes. The rules compare them with the entries
walked one by one (``trace``), with the ledger's own balances, and with each other. Their names
are those of domain section 8.2; T-07, T-08, T-09 and T-16 are reserved there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from ledger.core.accounts import Acct, layer_of
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.journal import Posting
from ledger.queries.books import balances
from ledger.queries.books.editions import last_official, net_assets_of
from reports.glance import Window, figures_by_entry, received, scope_of
from reports.model import FundActivity, FundTotal, Line, Report
from reports.movements import Movements
from reports.trace import Place, Trace

TRANSFERS = (Acct.RELEASED_IN, Acct.FUND_TRANSFERS_IN, Acct.RELEASED_OUT, Acct.FUND_TRANSFERS_OUT)
IN_KIND = (Acct.GOODS_GIVEN, Acct.SERVICES_GIVEN, Acct.USE_GIVEN)
PLACES_OF_THINGS = {
    "held": (Acct.ITEMS_HELD, Acct.MATERIALS_HELD),
    "damaged": (Acct.ITEMS_DAMAGED,),
    "lent": (Acct.ITEMS_LENT,),
    "borrowed": (Acct.ITEMS_BORROWED,),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a report is compared with: the sums, the entries one by one, and the ledger itself."""

    session: ReadSession
    moves: Movements
    trace: Trace
    books: tuple[Book, ...]


Rule = Callable[[Report, Reading], Iterator[str]]


def differences(report: Report, reading: Reading) -> Iterator[str]:
    """Yield a sentence for each rule that fails: its name and the first difference."""
    for name, rule in RULES:
        for difference in rule(report, reading):
            yield f"{name}: {difference}"
            break


def _lines(report: Report, reading: Reading) -> Iterator[str]:
    """Every posting of value stands in one line of activities and of the position."""
    inside = {code for code, _name, _kind in report.books}

    def earned(place: Place) -> bool:
        return 4000 <= place.account < 8000 and place.account not in TRANSFERS

    for named, test in (
        ("total", earned),
        ("combined", lambda place: earned(place) and place.counterparty not in inside),
    ):
        booked = _by_account(reading.trace.within.items(), test)
        stated: defaultdict[tuple[int, str], int] = defaultdict(int)
        for lines, sign in ((report.sources, -1), (report.uses, 1), (report.gains, -1)):
            for line in lines:
                stated[line.account, line.commodity] += sign * getattr(line, named)
        yield from _unequal(booked, stated, f"activities, {named}")
    for transfers in report.transfers:
        if transfers.into != transfers.out_of:
            yield f"transfers between funds leave {transfers.together} {transfers.commodity}"
    yield from _position_lines(report, reading)


def _position_lines(report: Report, reading: Reading) -> Iterator[str]:
    booked = _by_account(reading.trace.closings(), lambda place: place.account < 3000)
    stated: defaultdict[tuple[int, str], int] = defaultdict(int)
    for row in report.positions:
        for lines, sign in ((row.assets, 1), (row.liabilities, -1), (row.net_assets, -1)):
            for line in lines:
                if line.account:
                    stated[line.account, line.commodity] += sign * line.total
    yield from _unequal(booked, stated, "position")


def _zero(_report: Report, reading: Reading) -> Iterator[str]:
    sums: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in reading.moves.rows:
        sums[row.book, row.fund, row.layer, row.commodity] += row.closing
    for place, quantity in reading.trace.closings():
        key = (f"{place.book} by entry", place.fund, layer_of(place.account), place.commodity)
        sums[key] += quantity
    yield from (f"{'/'.join(key)} is off by {rest}" for key, rest in sums.items() if rest)


def _ledger(report: Report, reading: Reading) -> Iterator[str]:
    """Each book's trial balance is the one that the ledger itself gives for that day."""
    for book in reading.books:
        shown = {
            (row.account, row.fund, row.commodity): row.quantity
            for row in report.trial_balance
            if row.book == book.code
        }
        if shown != _ledger_of(report, reading, book, report.until):
            yield f"book {book.code} differs from its trial balance"


def _change(report: Report, reading: Reading) -> Iterator[str]:
    """What the period earned is by how much net assets grew, and both sides of a position agree."""
    start: defaultdict[str, int] = defaultdict(int)
    for book in reading.books:
        before = _ledger_of(report, reading, book, report.since - timedelta(days=1))
        for (account, _fund, unit), quantity in before.items():
            if 3000 <= account < 8000:
                start[unit] -= quantity
    for unit, opened in reading.trace.period(lambda p: 3000 <= p.account < 4000).items():
        start[unit] -= opened
    earned: defaultdict[str, int] = defaultdict(int)
    for lines, sign in ((report.sources, 1), (report.uses, -1), (report.gains, 1)):
        for line in lines:
            earned[line.commodity] += sign * line.combined
    for transfers in report.transfers:
        earned[transfers.commodity] += transfers.together
    ends = {row.commodity: row for row in report.positions}
    for unit in sorted(start.keys() | earned.keys() | ends.keys()):
        row = ends.get(unit)
        closing = sum(line.combined for line in row.net_assets if not line.account) if row else 0
        if start[unit] + earned[unit] != closing:
            rest = closing - start[unit] - earned[unit]
            yield f"{unit}: net assets grew by {rest} more than the period earned"
        if row and row.total_assets - row.total_liabilities != row.total_net_assets:
            yield f"{unit}: assets less liabilities are not net assets"


def _statements(report: Report, _reading: Reading) -> Iterator[str]:
    """Sources and uses are what the funds' activities come to, and funds end as the position."""
    last = {row.commodity: row for row in report.fund_totals}
    sums = {
        name: _combined(lines)
        for name, lines in (
            ("income", report.sources),
            ("expense", report.uses),
            ("gains", report.gains),
        )
    }
    classes = [line for row in report.positions for line in row.net_assets if not line.account]
    sums["closing"] = _combined(tuple(classes))
    for name, stated in sums.items():
        for unit in sorted(stated.keys() | last.keys()):
            shown = getattr(last[unit], name) if unit in last else 0
            if shown != stated.get(unit, 0):
                yield f"{unit}, {name}: {shown} by fund, {stated.get(unit, 0)} by account"
    every: list[FundActivity | FundTotal] = [*report.funds, *report.fund_totals]
    for row in every:
        moved = row.income - row.expense + row.gains + row.transfers
        if row.restated + moved != row.closing:
            yield f"{row.commodity}: a fund is not carried forward as it moved"
    for unit, total in last.items():
        if total.transfers:
            yield f"{unit}: transfers between funds leave {total.transfers}"
        for name in ("reported", "restated", "transfers", "closing"):
            funds = sum(getattr(row, name) for row in report.funds if row.commodity == unit)
            if funds != getattr(total, name):
                yield f"{unit}, {name}: the funds come to {funds}"


def _pools(report: Report, reading: Reading) -> Iterator[str]:
    """A pool's money, with what it has besides, is what its funds close with."""
    for row in report.waterfalls:
        funds = sum(
            fund.closing
            for fund in report.funds
            if fund.book == row.book and fund.commodity == row.commodity
        )
        if row.net_assets != funds:
            yield f"pool {row.book}: {row.net_assets} left, {funds} in its funds"
        came = row.opening + sum(item.quantity for item in row.members) + row.received + row.other
        went = row.spent + row.passed_on + sum(item.quantity for item in row.allocated)
        if came - went != row.closing:
            yield f"pool {row.book}: {came} came, {went} went, {row.closing} is left"
        noted = sum(
            quantity
            for place, quantity in reading.trace.closings()
            if (place.book, place.commodity) == (row.book, row.commodity)
            and place.account in (Acct.ALLOCATIONS_APPROVED, Acct.ENCUMBRANCES)
        )
        if noted != row.committed:
            yield f"pool {row.book}: {row.committed} is committed, {noted} noted"


def _glance(report: Report, reading: Reading) -> Iterator[str]:
    """What is shown first is what the entries add to the figures, one by one."""
    window = Window(report.since, report.until, report.known_at)
    scope = scope_of(report.scope, reading.books)
    found = figures_by_entry(reading.session, scope, window, reading.trace)
    for kinds, shown in (
        (("money", "holdings"), report.money_received),
        (("things",), report.things_received),
        (("hours",), report.hours_received),
    ):
        if shown != received(found, *kinds):
            yield f"{kinds[0]} received is not what the entries say"
    if report.figures != found.rows:
        booked = {row.commodity: row for row in found.rows}
        first = next(
            (row for row in report.figures if booked.get(row.commodity) != row),
            next(iter(found.rows), None),
        )
        yield f"the figures are not what the entries say, first {first}"


def _allocations(report: Report, reading: Reading) -> Iterator[str]:
    """What pools allocated is what the communities have in their own books."""
    for book in reading.books:
        stated = [row for row in report.waterfalls if row.book == book.code]
        if not stated:
            continue
        query = select(func.sum(-Posting.quantity)).where(
            Posting.counterparty_id == book.id,
            Posting.account == Acct.ALLOCATIONS_IN,
            Posting.commodity == book.commodity,
            Posting.accounting_on.between(report.since, report.until),
        )
        if report.known_at is not None:
            query = query.where(balances.recorded_by(report.known_at))
        taken = int(reading.session.scalar(query) or 0)
        allocated = sum(item.quantity for row in stated for item in row.allocated)
        # What passed as work or things is in the books of both, and no money.
        in_kind = sum(
            quantity
            for place, quantity in reading.trace.within.items()
            if (place.book, place.account) == (book.code, Acct.ALLOCATIONS_OUT)
            and place.commodity == book.commodity
        ) - sum(
            quantity
            for count, quantity in reading.trace.came.items()
            if (count.book, count.account, count.commodity)
            == (book.code, Acct.ALLOCATIONS_OUT, book.commodity)
        )
        if taken != allocated + in_kind:
            yield f"pool {book.code}: {allocated} allocated, {taken - in_kind} received"


def _pledges(report: Report, reading: Reading) -> Iterator[str]:
    """Pledges roll forward, and start and end with what the ledger has on 1210, 9110 and 9120."""
    for row in report.pledges:
        given_up = row.lapsed + row.written_off + row.cancelled
        end = row.opening + row.promised - row.received + row.returned - given_up
        if end != row.closing or row.closing != row.recognised + row.intended + row.conditional:
            yield f"{row.campaign}, {row.commodity}: {end} is open, {row.closing} is stated"
    stated: defaultdict[tuple[object, str], int] = defaultdict(int)
    for row in report.pledges:
        stated["start", row.commodity] += row.opening
        stated[Acct.PLEDGES_RECEIVABLE, row.commodity] += row.recognised
        stated[Acct.INTENTIONS, row.commodity] += row.intended
        stated[Acct.CONDITIONAL_PLEDGES, row.commodity] += row.conditional
    booked: defaultdict[tuple[object, str], int] = defaultdict(int)
    for book in reading.books:
        before = _ledger_of(report, reading, book, report.since - timedelta(days=1))
        for (account, _fund, unit), quantity in before.items():
            if account in (Acct.PLEDGES_RECEIVABLE, Acct.INTENTIONS, Acct.CONDITIONAL_PLEDGES):
                booked["start", unit] += quantity
        for (account, _fund, unit), quantity in _ledger_of(
            report, reading, book, report.until
        ).items():
            if account in (Acct.PLEDGES_RECEIVABLE, Acct.INTENTIONS, Acct.CONDITIONAL_PLEDGES):
                booked[account, unit] += quantity
    yield from _unequal(booked, stated, "pledges")


def _hours(report: Report, reading: Reading) -> Iterator[str]:
    """Hours given are hours applied or passed on."""
    stated = {row.commodity: row.minutes for row in report.hours}
    applied = reading.trace.period(
        lambda p: p.account in (Acct.TRANSFERRED, Acct.TIME_APPLIED) and _is_time(p)
    )
    yield from _unequal(applied, stated, "hours")


def _things(report: Report, reading: Reading) -> Iterator[str]:
    """Things of the schedule are those on 82xx; what was received is what came from givers."""
    stated: dict[tuple[str, str], int] = {}
    booked: defaultdict[tuple[str, str], int] = defaultdict(int)
    for name, accounts in PLACES_OF_THINGS.items():
        for place, quantity in reading.trace.closings():
            if place.account in accounts:
                booked[name, place.commodity] += quantity
        stated |= {(name, r.commodity): getattr(r, name) for r in report.things}
    given = reading.trace.period(lambda p: p.account in (Acct.ITEMS_GIVEN, Acct.RETURNED_TO_DONOR))
    for row in report.things:
        booked["received", row.commodity] -= given.get(row.commodity, 0)
        stated["received", row.commodity] = row.received
    yield from _unequal(booked, stated, "things")


def _in_kind(report: Report, _reading: Reading) -> Iterator[str]:
    """The value of things and hours is the in-kind income of the activities, before elimination."""
    stated: defaultdict[str, int] = defaultdict(int)
    for row in (*report.thing_values, *report.hour_values):
        if row.recognised:
            stated[row.commodity] += row.quantity
    booked: defaultdict[str, int] = defaultdict(int)
    for line in report.sources:
        if line.account in IN_KIND:
            booked[line.commodity] += line.total
    yield from _unequal(booked, stated, "in kind")


def _fees(report: Report, reading: Reading) -> Iterator[str]:
    """Every refund and fee among sources and uses stands in its schedule."""
    booked: defaultdict[tuple[int, str], int] = defaultdict(int)
    for place, quantity in reading.trace.within.items():
        if place.account // 10 == 409 or 6500 <= place.account < 6600:
            booked[place.account, place.commodity] += quantity
    stated = {(line.account, line.commodity): line.total for line in report.fees}
    yield from _unequal(booked, stated, "refunds and fees")


def _between(report: Report, reading: Reading) -> Iterator[str]:
    """What the books of a report owe each other is due from one and due to the other."""
    inside = {code for code, _name, _kind in report.books}
    pairs: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for place, quantity in reading.trace.closings():
        if place.account == Acct.INTER_COMMUNITY and place.counterparty in inside:
            pair = sorted((place.book, place.counterparty))
            pairs[(*pair, place.commodity)] += quantity
    yield from (f"{'/'.join(pair)} is off by {rest}" for pair, rest in pairs.items() if rest)
    for row in report.positions:
        due = sum(line.eliminated for line in row.assets)
        owed = sum(line.eliminated for line in row.liabilities)
        if due != owed:
            yield f"{row.commodity}: {-due} of assets and {-owed} of liabilities are eliminated"


def _comparatives(report: Report, reading: Reading) -> Iterator[str]:
    """Funds start as the last edition says, read from the log that it was made of."""
    last = last_official(
        reading.session,
        scope=report.scope,
        book_ids=[book.id for book in reading.books],
        until=report.since - timedelta(days=1),
    )
    if last is not None:
        carried = net_assets_of(reading.session, last[0])
        stated = {(r.book, r.fund, r.commodity): r.reported for r in report.funds}
        yield from _unequal(carried, stated, "brought forward as reported")
    booked: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for book in reading.books:
        before = _ledger_of(report, reading, book, report.since - timedelta(days=1))
        for (account, fund, unit), quantity in before.items():
            if 3000 <= account < 8000:
                booked[book.code, fund, unit] -= quantity
    for place, quantity in reading.trace.within.items():
        if 3000 <= place.account < 4000:
            booked[place.book, place.fund, place.commodity] -= quantity
    restated = {(r.book, r.fund, r.commodity): r.restated for r in report.funds}
    yield from _unequal(booked, restated, "brought forward")


def _ledger_of(
    report: Report, reading: Reading, book: Book, day: date
) -> dict[tuple[int, str, str], int]:
    rows = balances.trial_balance(
        reading.session, book_id=book.id, as_of=day, known_at=report.known_at
    )
    return {(row.account, row.fund, row.commodity): row.quantity for row in rows}


def _by_account(
    places: Iterable[tuple[Place, int]], test: Callable[[Place], bool]
) -> dict[tuple[int, str], int]:
    found: defaultdict[tuple[int, str], int] = defaultdict(int)
    for place, quantity in places:
        if test(place):
            found[place.account, place.commodity] += quantity
    return found


def _combined(lines: tuple[Line, ...]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        found[line.commodity] += line.combined
    return found


def _is_time(place: Place) -> bool:
    return place.commodity.startswith("MIN.")


def _unequal(booked: Mapping[Any, int], stated: Mapping[Any, int], what: str) -> Iterator[str]:
    for key in sorted(booked.keys() | stated.keys(), key=str):
        rest = stated.get(key, 0) - booked.get(key, 0)
        if rest:
            yield f"{what}, {key}: {stated.get(key, 0)} stated, {booked.get(key, 0)} booked"


RULES: tuple[tuple[str, Rule], ...] = (
    ("T-01 every line is the sum of its postings", _lines),
    ("T-02 every fund and layer is zero", _zero),
    ("T-02 the trial balance is the ledger's", _ledger),
    ("T-03 what was earned is the change in net assets", _change),
    ("T-04 sources and uses are the activities by fund", _statements),
    ("T-05 pools close as their funds do", _pools),
    ("T-06 what pools allocated was received", _allocations),
    ("T-10 pledges roll forward to the ledger", _pledges),
    ("T-11 hours are those applied", _hours),
    ("T-12 things are those in custody", _things),
    ("T-13 value in kind is the income in kind", _in_kind),
    ("T-14 refunds and fees are those booked", _fees),
    ("T-15 due from is due to", _between),
    ("T-18 what is shown first is what the entries say", _glance),
    ("T-17 funds start as the last edition ended", _comparatives),
)
