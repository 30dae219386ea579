"""Activities of the period: income, expense, gains, transfers, and each fund from start to end.

Opening balances are brought forward and never income; what a book moves between its own funds is
neither a source nor a use (domain sections 5.13 and 8.1).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from ledger.core.accounts import Acct
from reports.columns import Columns
from reports.model import FundActivity, FundTotal, Line, Transfers
from reports.movements import Movement, Movements

TRANSFERS_IN = frozenset((Acct.RELEASED_IN, Acct.FUND_TRANSFERS_IN))
TRANSFERS_OUT = frozenset((Acct.RELEASED_OUT, Acct.FUND_TRANSFERS_OUT))
GAINS = frozenset((Acct.EXCHANGE_GAINS, Acct.GAIN_ON_DISPOSAL))
LOSSES = frozenset((Acct.IMPAIRMENT, Acct.LOSS_ON_DISPOSAL, Acct.UNCOLLECTIBLE_PLEDGES))
REFUNDS = frozenset(
    (Acct.REFUNDS, Acct.RETURNED_PAYMENTS, Acct.DISPUTED_CONTRIBUTIONS, Acct.PRIOR_PERIOD_REFUNDS)
)
COSTS_OF_PAYMENT = frozenset(
    (Acct.PROCESSING_FEES, Acct.DISPUTE_FEES, Acct.HOST_FEES, Acct.BANK_CHARGES)
)
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
# What a fund carried forward in an edition: by book, fund and commodity.
Carried = Mapping[tuple[str, str, str], int]


class Part(StrEnum):
    """Where an account stands in the statement of activities; each in one place only."""

    OPENING = "opening"
    ADJUSTMENT = "adjustment"
    INCOME = "income"
    EXPENSE = "expense"
    GAIN = "gain"
    TRANSFER = "transfer"


def part_of(account: int) -> Part | None:
    """Return where an account of value stands in activities; None for assets and liabilities."""
    if account == Acct.PRIOR_PERIOD_ADJUSTMENT:
        return Part.ADJUSTMENT
    if account in TRANSFERS_IN | TRANSFERS_OUT:
        return Part.TRANSFER
    if account in GAINS | LOSSES:
        return Part.GAIN
    parts = {3: Part.OPENING, 4: Part.INCOME, 5: Part.EXPENSE, 6: Part.EXPENSE, 7: Part.EXPENSE}
    return parts.get(account // 1000)


def sources(moves: Movements, columns: Columns) -> tuple[Line, ...]:
    """Return income of the period by account, refunds and disputes deducted as their own lines."""
    return _by_account(moves, columns, lambda account: part_of(account) == Part.INCOME, -1)


def uses(moves: Movements, columns: Columns) -> tuple[Line, ...]:
    """Return expense of the period by account."""
    return _by_account(moves, columns, lambda account: part_of(account) == Part.EXPENSE, 1)


def gains(moves: Movements, columns: Columns) -> tuple[Line, ...]:
    """Return gains of the period by account; losses are negative."""
    return _by_account(moves, columns, lambda account: part_of(account) == Part.GAIN, -1)


def fees(moves: Movements, columns: Columns) -> tuple[Line, ...]:
    """Return what was refunded and what payments, banks and hosts cost in the period."""
    wanted = REFUNDS | COSTS_OF_PAYMENT
    return _by_account(moves, columns, lambda account: account in wanted, 1)


def transfers(moves: Movements) -> tuple[Transfers, ...]:
    """Return what went into and out of funds of the same book, one line per currency."""
    into = moves.sum(lambda row: row.account in TRANSFERS_IN, lambda row: -row.period)
    out_of = moves.sum(lambda row: row.account in TRANSFERS_OUT, lambda row: row.period)
    return tuple(
        Transfers(unit, into.get(unit, 0), out_of.get(unit, 0))
        for unit in sorted(into.keys() | out_of.keys())
    )


def funds(moves: Movements, carried: Carried | None) -> tuple[FundActivity, ...]:
    """Return each fund's net assets from the start to the end of the period.

    ``carried`` is what the last edition carried forward; None where no edition ends on the day
    before: then the books' own opening stands as reported.
    """
    found: dict[tuple[str, str, str, str, str], dict[Part | None, int]] = {}
    for row in moves.rows:
        part = part_of(row.account)
        if row.layer != "FIN" or part is None:
            continue
        key = (row.book, row.fund, row.fund_name, CLASSES[row.fund_class], row.commodity)
        sums = found.setdefault(key, dict.fromkeys((None, *Part), 0))
        sums[None] -= row.opening
        sums[part] -= row.period
    result = []
    for key, sums in sorted(found.items()):
        if not any(sums.values()):
            continue
        own = sums[None] + sums[Part.OPENING]
        book, fund, _name, _class, unit = key
        reported = own if carried is None else carried.get((book, fund, unit), 0)
        restated = own + sums[Part.ADJUSTMENT]
        moved = [sums[part] for part in (Part.INCOME, Part.EXPENSE, Part.GAIN, Part.TRANSFER)]
        income, expense, gained, transferred = moved
        closing = restated + sum(moved)
        result.append(
            FundActivity(*key, reported, restated, income, -expense, gained, transferred, closing)
        )
    return tuple(result)


def fund_totals(
    funds: tuple[FundActivity, ...], moves: Movements, columns: Columns
) -> tuple[FundTotal, ...]:
    """Return what the funds of each currency come to, and without what passed inside."""
    result = []
    for unit in dict.fromkeys(row.commodity for row in sorted(funds, key=lambda r: r.commodity)):
        rows = [row for row in funds if row.commodity == unit]
        figures = (
            [row.reported for row in rows],
            [row.restated for row in rows],
            [row.income for row in rows],
            [row.expense for row in rows],
            [row.gains for row in rows],
            [row.transfers for row in rows],
            [row.closing for row in rows],
        )
        total = [sum(column) for column in figures]
        if not columns.is_combined:
            result.append(FundTotal("Total", unit, *total))
            continue
        inside = dict.fromkeys(Part, 0)
        before = 0
        for move in moves.rows:
            part = part_of(move.account)
            if move.commodity == unit and part is not None and columns.is_inside(move):
                inside[part] -= move.period
                before -= move.opening
        start = before + inside[Part.OPENING]
        off = [
            -start,
            -start - inside[Part.ADJUSTMENT],
            -inside[Part.INCOME],
            inside[Part.EXPENSE],
            -inside[Part.GAIN],
            -inside[Part.TRANSFER],
            -before - sum(inside.values()),
        ]
        result += [
            FundTotal("Sum of the books", unit, *total),
            FundTotal("Eliminations", unit, *off),
            FundTotal(
                "Combined", unit, *(both + less for both, less in zip(total, off, strict=True))
            ),
        ]
    return tuple(result)


def _by_account(
    moves: Movements, columns: Columns, wanted: Callable[[int], bool], sign: int
) -> tuple[Line, ...]:
    found: dict[tuple[str, int], list[Movement]] = {}
    for row in moves.rows:
        if wanted(row.account) and row.layer == "FIN":
            found.setdefault((row.commodity, row.account), []).append(row)
    return columns.lines(
        (f"{account} {rows[0].account_name}", account, unit, [(r, sign * r.period) for r in rows])
        for (unit, account), rows in sorted(found.items())
    )
