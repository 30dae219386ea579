"""The schedules of a report, each a function from movements to rows.

Legs between two books of the same report are left out of sources and uses: money that changes
hands inside is neither earned nor spent (they are shown as a line of their own that is zero).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.days import day_in
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.journal import Entry
from ledger.models.pledges import Fulfilment, Pledge
from reports.movements import Movement, Movements
from reports.statement import (
    Figure,
    FundActivity,
    HoursRow,
    PledgeRow,
    Position,
    Row,
    ThingRow,
    TrialRow,
    Waterfall,
)

GIFTS = (4010, 4020, 4030)
REFUNDS = (4090, 4091, 4092, 4095)
CONTRIBUTED = 4530
ALLOCATED = 5540
IN_KIND_INCOME = range(4110, 4140)
FEES = (*REFUNDS, 6510, 6520, 6530, 6540)
CLASSES = {
    "unrestricted": "Unrestricted",
    "designated": "Designated by the board",
    "purpose": "Restricted to a purpose",
    "time": "Restricted in time",
    "purpose_time": "Restricted to a purpose and in time",
    "endowment_expendable": "Expendable endowment",
    "endowment_permanent": "Permanent endowment",
    "agency": "Held for others",
}


def received(
    moves: Movements,
) -> tuple[tuple[Figure, ...], tuple[Figure, ...], tuple[Figure, ...]]:
    """Return what givers outside gave in the period: money less refunds, things, hours."""
    return (
        _figures(moves, (*GIFTS, *REFUNDS)),
        _figures(moves, (8110,)),
        _figures(moves, (8120,)),
    )


def sources(moves: Movements, inside: frozenset[str]) -> tuple[Row, ...]:
    """Return income of the period by account."""
    return _by_account(moves, inside, lambda account: account // 1000 == 4, -1)


def uses(moves: Movements, inside: frozenset[str]) -> tuple[Row, ...]:
    """Return expense of the period by account."""
    return _by_account(moves, inside, lambda account: 5000 <= account < 8000, 1)


def fees(moves: Movements, inside: frozenset[str]) -> tuple[Row, ...]:
    """Return what was refunded and what payments, banks and hosts cost in the period."""
    return _by_account(moves, inside, lambda account: account in FEES, 1)


def funds(moves: Movements) -> tuple[FundActivity, ...]:
    """Return each fund's net assets from the start to the end."""
    found: dict[tuple[str, str, str, str, str], list[int]] = {}
    for row in moves.rows:
        if not 3000 <= row.account < 8000:
            continue
        key = (row.book, row.fund, row.fund_name, CLASSES[row.fund_class], row.commodity)
        sums = found.setdefault(key, [0, 0, 0])
        sums[0] -= row.opening
        if row.account // 1000 in (3, 4):
            sums[1] -= row.period
        else:
            sums[2] += row.period
    return tuple(
        FundActivity(*key, opening, income, expense, opening + income - expense)
        for key, (opening, income, expense) in sorted(found.items())
        if opening or income or expense
    )


def positions(moves: Movements, inside: frozenset[str]) -> tuple[Position, ...]:
    """Return assets, liabilities and net assets at the end, one statement per currency."""
    units = sorted({row.commodity for row in moves.rows if row.layer == "FIN"})
    result = []
    for unit in units:
        assets: dict[str, int] = {}
        liabilities: dict[str, int] = {}
        net: dict[str, int] = {}
        for row in moves.rows:
            if row.commodity != unit or row.layer != "FIN":
                continue
            name = f"{row.account} {row.account_name}"
            if row.account < 2000:
                if not _internal(row, inside):
                    assets[name] = assets.get(name, 0) + row.closing
            elif row.account < 3000:
                if not _internal(row, inside):
                    liabilities[name] = liabilities.get(name, 0) - row.closing
            else:
                label = CLASSES[row.fund_class]
                net[label] = net.get(label, 0) - row.closing
        result.append(
            Position(unit, _rows(assets, unit), _rows(liabilities, unit), _rows(net, unit))
        )
    return tuple(result)


def waterfall(moves: Movements, pool: Book, names: dict[str, str]) -> Waterfall:
    """Return how a pool came from its opening to its closing balance."""
    members: dict[str, int] = {}
    allocated: dict[str, int] = {}
    opening = donors = in_kind = costs = 0
    for row in moves.rows:
        is_result = 3000 <= row.account < 8000
        if row.book != pool.code or row.commodity != pool.commodity or not is_result:
            continue
        opening -= row.opening
        if row.account == CONTRIBUTED:
            other = row.counterparty or ""
            members[other] = members.get(other, 0) - row.period
        elif row.account == ALLOCATED:
            other = row.counterparty or ""
            allocated[other] = allocated.get(other, 0) + row.period
        elif row.account in IN_KIND_INCOME:
            in_kind -= row.period
        elif row.account // 1000 in (3, 4):
            donors -= row.period
        else:
            costs += row.period
    closing = opening + sum(members.values()) + donors + in_kind - costs - sum(allocated.values())

    def named(totals: dict[str, int]) -> tuple[Row, ...]:
        # By code: two communities may have one name.
        return tuple(
            Row(names.get(code, ""), pool.commodity, total)
            for code, total in sorted(totals.items())
            if total
        )

    return Waterfall(
        pool.code,
        pool.name,
        pool.commodity,
        opening,
        named(members),
        donors,
        in_kind,
        costs,
        named(allocated),
        closing,
    )


def things(moves: Movements) -> tuple[ThingRow, ...]:
    """Return things by class: received in the period; held, lent and borrowed at the end."""
    units = sorted({row.commodity for row in moves.rows if 8200 <= row.account < 8300})
    rows = []
    for unit in units:
        figures = [
            sum(
                factor * (row.period if account == 8110 else row.closing)
                for row in moves.rows
                if row.account == account and row.commodity == unit
            )
            for account, factor in ((8110, -1), (8210, 1), (8220, 1), (8230, 1))
        ]
        rows.append(ThingRow(unit, *figures))
    return tuple(rows)


def thing_values(moves: Movements) -> tuple[Row, ...]:
    """Return the value of given things that was recognised in the period."""
    totals = moves.sum(lambda row: row.account == 4110, lambda row: -row.period)
    return tuple(Row("Recognised as income", unit, total) for unit, total in totals.items())


def hours(moves: Movements) -> tuple[HoursRow, ...]:
    """Return minutes given in the period, by skill."""
    totals = moves.sum(lambda row: row.account == 8120, lambda row: -row.period)
    return tuple(HoursRow(commodity, minutes) for commodity, minutes in totals.items())


def hour_values(moves: Movements) -> tuple[Row, ...]:
    """Return what the period's hours were worth: recognised, and as a statistic only."""
    recognised = moves.sum(lambda row: row.account == 4120, lambda row: -row.period)
    statistic = moves.sum(lambda row: row.account == 9310, lambda row: row.period)
    return (
        *(Row("Recognised as income", unit, total) for unit, total in recognised.items()),
        *(Row("Statistic, not in the result", unit, total) for unit, total in statistic.items()),
    )


def trial_balance(moves: Movements) -> tuple[TrialRow, ...]:
    """Return every balance at the end that is not zero."""
    totals: dict[tuple[str, int, str, str, str, str], int] = {}
    for row in moves.rows:
        key = (row.book, row.account, row.account_name, row.fund, row.layer, row.commodity)
        totals[key] = totals.get(key, 0) + row.closing
    return tuple(TrialRow(*key, quantity) for key, quantity in sorted(totals.items()) if quantity)


def pledges(
    session: ReadSession,
    *,
    book_ids: Sequence[UUID],
    since: date,
    until: date,
    known_at: datetime | None = None,
) -> tuple[PledgeRow, ...]:
    """Return promises by campaign and commodity: made and made good in the period, what ended
    without, and what was open at its end; as known at an instant, where it is given."""
    known = [] if known_at is None else [Entry.recorded_at <= known_at]
    done: dict[UUID, list[int]] = {}
    for pledge_id, quantity, on in session.execute(
        select(Fulfilment.pledge_id, Fulfilment.quantity, Entry.accounting_on)
        .join(
            Entry,
            (Entry.book_id == Fulfilment.book_id) & (Entry.id == Fulfilment.entry_id),
        )
        .where(Fulfilment.book_id.in_(book_ids), Entry.accounting_on <= until, *known)
    ):
        sums = done.setdefault(pledge_id, [0, 0])
        sums[0] += max(quantity, 0)
        sums[1] += quantity if on >= since else 0
    ended = dict(
        iter(
            session.execute(
                select(Entry.external_ref, func.max(Entry.accounting_on))
                .where(
                    Entry.book_id.in_(book_ids),
                    Entry.event_type.in_(("pledge_cancelled", "pledge_lapsed")),
                    Entry.accounting_on <= until,
                    *known,
                )
                .group_by(Entry.external_ref)
            )
        )
    )
    found: dict[tuple[str, str], list[int]] = {}
    for pledge, title, zone in session.execute(
        select(Pledge, Campaign.title, Book.time_zone)
        .join(Book, Book.id == Pledge.book_id)
        .outerjoin(Campaign, Campaign.id == Pledge.campaign_id)
        .where(Pledge.book_id.in_(book_ids))
    ):
        made_on = day_in(zone, pledge.created_at)
        if made_on > until or (known_at and pledge.created_at > known_at):
            continue
        total, in_period = done.get(pledge.id, [0, 0])
        rest = max(pledge.quantity - total, 0)
        end = ended.get(str(pledge.id))
        sums = found.setdefault((title or "Without a campaign", pledge.commodity), [0, 0, 0, 0])
        sums[0] += pledge.quantity if made_on >= since else 0
        sums[1] += in_period
        sums[2] += rest if end is not None and end >= since else 0
        sums[3] += rest if end is None else 0
    return tuple(PledgeRow(*key, *sums) for key, sums in sorted(found.items()) if any(sums))


def _by_account(
    moves: Movements, inside: frozenset[str], wanted: Callable[[int], bool], sign: int
) -> tuple[Row, ...]:
    totals: dict[tuple[int, str, str], int] = {}
    for row in moves.rows:
        if wanted(row.account) and not _internal(row, inside):
            key = (row.account, row.account_name, row.commodity)
            totals[key] = totals.get(key, 0) + sign * row.period
    return tuple(
        Row(f"{account} {name}", commodity, total)
        for (account, name, commodity), total in sorted(totals.items())
        if total
    )


def _figures(moves: Movements, accounts: tuple[int, ...]) -> tuple[Figure, ...]:
    totals = moves.sum(lambda row: row.account in accounts, lambda row: -row.period)
    return tuple(Figure(commodity, quantity) for commodity, quantity in totals.items())


def _internal(row: Movement, inside: frozenset[str]) -> bool:
    return row.counterparty is not None and row.counterparty in inside


def _rows(totals: dict[str, int], commodity: str) -> tuple[Row, ...]:
    return tuple(Row(name, commodity, total) for name, total in totals.items() if total)
