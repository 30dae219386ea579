"""Things and hours in their own units, what they were worth, and the trial balance.

Each schedule is a function from movements to rows; no database, no words about looks.
"""

from ledger.core.accounts import Acct
from reports.model import HoursRow, ThingRow, TrialRow, Value
from reports.movements import Movements

# Given, and given back to the giver.
GIVEN_THINGS = (Acct.ITEMS_GIVEN, Acct.RETURNED_TO_DONOR)
HERE = (Acct.ITEMS_HELD, Acct.MATERIALS_HELD)
DAMAGED = (Acct.ITEMS_DAMAGED,)
LENT = (Acct.ITEMS_LENT,)
BORROWED = (Acct.ITEMS_BORROWED,)
CUSTODY = (*HERE, *DAMAGED, *LENT, *BORROWED)


def things(moves: Movements) -> tuple[ThingRow, ...]:
    """Return things by class: received in the period; here, damaged, lent and borrowed at the
    end."""
    received = moves.sum(lambda row: row.account in GIVEN_THINGS, lambda row: -row.period)
    places = [_held(moves, accounts) for accounts in (HERE, DAMAGED, LENT, BORROWED)]
    stocked = {row.commodity for row in moves.rows if row.account in CUSTODY}
    rows = [
        ThingRow(unit, received.get(unit, 0), *(place.get(unit, 0) for place in places))
        for unit in sorted(stocked)
    ]
    return tuple(r for r in rows if r.received or r.held or r.damaged or r.lent or r.borrowed)


def thing_values(moves: Movements) -> tuple[Value, ...]:
    """Return the value of given things, and of things lent for use, recognised in the period."""
    given = moves.sum(lambda row: row.account == Acct.GOODS_GIVEN, lambda row: -row.period)
    lent = moves.sum(lambda row: row.account == Acct.USE_GIVEN, lambda row: -row.period)
    return (
        *(Value("Recognised as income", unit, total, True) for unit, total in given.items()),
        *(Value("Contributed use of assets, as income", *item, True) for item in lent.items()),
    )


def hours(moves: Movements) -> tuple[HoursRow, ...]:
    """Return minutes given in the period, by skill."""
    totals = moves.sum(lambda row: row.account == Acct.TIME_GIVEN, lambda row: -row.period)
    return tuple(HoursRow(commodity, minutes) for commodity, minutes in totals.items())


def hour_values(moves: Movements) -> tuple[Value, ...]:
    """Return what the period's hours were worth: recognised, and as a statistic only."""
    recognised = moves.sum(lambda row: row.account == Acct.SERVICES_GIVEN, lambda row: -row.period)
    statistic = moves.sum(lambda row: row.account == Acct.TIME_STATISTIC, lambda row: row.period)
    return (
        *(Value("Recognised as income", *item, True) for item in recognised.items()),
        *(Value("Statistic, not included in income", *item, False) for item in statistic.items()),
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
