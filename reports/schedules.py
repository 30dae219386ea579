"""What was given and how a pool shared it out: money, things and hours in their own units.

Each schedule is a function from movements to rows; no database, no words about looks.
"""

from ledger.models.books import Book
from reports.activities import Part, part_of
from reports.movements import Movements
from reports.statement import Figure, HoursRow, Row, ThingRow, TrialRow, Value, Waterfall

GIFTS = (4010, 4020, 4030)
REFUNDS = (4090, 4091, 4092, 4095)
CONTRIBUTED = 4530
ALLOCATED = 5540
IN_KIND_INCOME = range(4110, 4140)
COMMITTED = 9210
GIVEN_THINGS = 8110
HERE = (8210, 8250)
DAMAGED = (8240,)
LENT = (8220,)
BORROWED = (8230,)
CUSTODY = (*HERE, *DAMAGED, *LENT, *BORROWED)


def received(
    moves: Movements,
) -> tuple[tuple[Figure, ...], tuple[Figure, ...], tuple[Figure, ...]]:
    """Return what givers outside gave in the period: money less refunds, things, hours."""
    return (
        _figures(moves, (*GIFTS, *REFUNDS)),
        _figures(moves, (8110,)),
        _figures(moves, (8120,)),
    )


def waterfall(moves: Movements, pool: Book, names: dict[str, str]) -> Waterfall:
    """Return how a pool came from its opening to its closing balance."""
    members: dict[str, int] = {}
    allocated: dict[str, int] = {}
    opening = donors = in_kind = costs = committed = 0
    for row in moves.rows:
        if row.book != pool.code or row.commodity != pool.commodity:
            continue
        part = part_of(row.account)
        if row.account == COMMITTED:
            committed += row.closing
        if row.layer != "FIN" or part is None:
            continue
        opening -= row.opening
        if part in (Part.OPENING, Part.ADJUSTMENT):
            opening -= row.period
        elif row.account == CONTRIBUTED:
            other = row.counterparty or ""
            members[other] = members.get(other, 0) - row.period
        elif row.account == ALLOCATED:
            other = row.counterparty or ""
            allocated[other] = allocated.get(other, 0) + row.period
        elif row.account in IN_KIND_INCOME:
            in_kind -= row.period
        elif part == Part.INCOME:
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
        committed,
    )


def things(moves: Movements) -> tuple[ThingRow, ...]:
    """Return things by class: received in the period; here, damaged, lent and borrowed at the
    end."""
    received = moves.sum(lambda row: row.account == GIVEN_THINGS, lambda row: -row.period)
    places = [_held(moves, accounts) for accounts in (HERE, DAMAGED, LENT, BORROWED)]
    stocked = {row.commodity for row in moves.rows if row.account in CUSTODY}
    rows = [
        ThingRow(unit, received.get(unit, 0), *(place.get(unit, 0) for place in places))
        for unit in sorted(stocked)
    ]
    return tuple(r for r in rows if r.received or r.held or r.damaged or r.lent or r.borrowed)


def thing_values(moves: Movements) -> tuple[Value, ...]:
    """Return the value of given things, and of things lent for use, recognised in the period."""
    given = moves.sum(lambda row: row.account == 4110, lambda row: -row.period)
    lent = moves.sum(lambda row: row.account == 4130, lambda row: -row.period)
    return (
        *(Value("Recognised as income", unit, total, True) for unit, total in given.items()),
        *(Value("Use of things lent, as income", *item, True) for item in lent.items()),
    )


def hours(moves: Movements) -> tuple[HoursRow, ...]:
    """Return minutes given in the period, by skill."""
    totals = moves.sum(lambda row: row.account == 8120, lambda row: -row.period)
    return tuple(HoursRow(commodity, minutes) for commodity, minutes in totals.items())


def hour_values(moves: Movements) -> tuple[Value, ...]:
    """Return what the period's hours were worth: recognised, and as a statistic only."""
    recognised = moves.sum(lambda row: row.account == 4120, lambda row: -row.period)
    statistic = moves.sum(lambda row: row.account == 9310, lambda row: row.period)
    return (
        *(Value("Recognised as income", *item, True) for item in recognised.items()),
        *(Value("Statistic, not in the result", *item, False) for item in statistic.items()),
    )


def trial_balance(moves: Movements) -> tuple[TrialRow, ...]:
    """Return every balance at the end that is not zero."""
    totals: dict[tuple[str, int, str, str, str, str], int] = {}
    for row in moves.rows:
        key = (row.book, row.account, row.account_name, row.fund, row.layer, row.commodity)
        totals[key] = totals.get(key, 0) + row.closing
    return tuple(TrialRow(*key, quantity) for key, quantity in sorted(totals.items()) if quantity)


def _held(moves: Movements, accounts: tuple[int, ...]) -> dict[str, int]:
    return moves.sum(lambda row: row.account in accounts, lambda row: row.closing)


def _figures(moves: Movements, accounts: tuple[int, ...]) -> tuple[Figure, ...]:
    totals = moves.sum(lambda row: row.account in accounts, lambda row: -row.period)
    return tuple(Figure(commodity, quantity) for commodity, quantity in totals.items())
