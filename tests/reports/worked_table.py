"""The worked end state (domain section 8.5) as a table: what every statement must say.

Each row: account, then books A, B, C and P, their sum, eliminations and what is combined; dollars,
debit positive.
"""

from collections import defaultdict
from decimal import Decimal

from reports.model import Line, Position, Report

TEXT = """
1010 8582.54 2843.33 1808.33 0 13234.20 0 13234.20
1110 281.71 0 0 0 281.71 0 281.71
1210 3000.00 0 0 0 3000.00 0 3000.00
1215 -140.59 0 0 0 -140.59 0 -140.59
1220 700.00 0 0 0 700.00 0 700.00
1300 144.80 -130.00 -310.00 295.20 0 0 0
1510 1800.00 0 600.00 0 2400.00 0 2400.00
1518 -250.00 0 0 0 -250.00 0 -250.00
1519 -16.67 0 0 0 -16.67 0 -16.67
1520 350.00 0 0 0 350.00 0 350.00
1990 43.80 0 0 0 43.80 0 43.80
2110 -1400.00 0 0 0 -1400.00 0 -1400.00
2130 0 0 -125.00 0 -125.00 0 -125.00
2140 -25.00 0 0 0 -25.00 0 -25.00
4010 -1775.92 -60.00 0 -500.00 -2335.92 0 -2335.92
4020 -20.00 0 0 0 -20.00 0 -20.00
4030 -3399.41 0 0 0 -3399.41 0 -3399.41
4090 140.00 0 0 0 140.00 0 140.00
4091 450.00 0 0 0 450.00 0 450.00
4092 90.00 0 0 500.00 590.00 0 590.00
4095 25.00 0 0 0 25.00 0 25.00
4110 -929.00 0 0 0 -929.00 0 -929.00
4120 -662.00 0 0 -192.00 -854.00 0 -854.00
4130 0 -45.00 0 0 -45.00 45.00 0
4210 -2200.00 0 0 0 -2200.00 0 -2200.00
4310 -40.00 0 0 0 -40.00 0 -40.00
4510 -25.00 0 0 0 -25.00 25.00 0
4520 0 -500.00 -600.00 0 -1100.00 1100.00 0
4530 0 0 0 -1600.00 -1600.00 1600.00 0
4540 -525.34 -283.33 -633.33 0 -1442.00 1442.00 0
4550 -140.00 0 0 0 -140.00 140.00 0
4920 -1.00 0 0 0 -1.00 0 -1.00
5110 553.50 0 0 0 553.50 0 553.50
5120 9.00 0 0 0 9.00 0 9.00
5210 504.00 0 0 0 504.00 0 504.00
5220 0 45.00 0 0 45.00 -45.00 0
5310 120.00 0 0 0 120.00 0 120.00
5410 16.67 0 0 0 16.67 0 16.67
5420 250.00 0 0 0 250.00 0 250.00
5440 400.00 0 0 0 400.00 0 400.00
5510 1100.00 0 0 0 1100.00 -1100.00 0
5530 600.00 1000.00 0 0 1600.00 -1600.00 0
5540 0 0 0 1442.00 1442.00 -1442.00 0
5550 0 130.00 10.00 0 140.00 -140.00 0
5610 0 0 250.00 0 250.00 0 250.00
6510 41.91 0 0 14.80 56.71 0 56.71
6520 34.00 0 0 15.00 49.00 0 49.00
6530 0 0 0 25.00 25.00 -25.00 0
6540 18.00 0 0 0 18.00 0 18.00
6610 95.00 0 0 0 95.00 0 95.00
"""
# Carried forward by book and fund, in cents.
FUNDS = {
    ("A", "GEN"): 562001,
    ("A", "SOLAR"): 510058,
    ("A", "REPAIR"): 15000,
    ("A", "GRANT"): 220000,
    ("B", "GEN"): 183500,
    ("B", "ROOF"): 87833,
    ("C", "GEN"): 159000,
    ("C", "GARDEN"): 38333,
    ("P", "JOINT"): 29520,
}
NET_ASSETS = 1805245
BROUGHT_FORWARD = 1180000
SURPLUS = 625245
LENT_USE = (4130, 5220)


def worked_rows() -> dict[int, tuple[int, ...]]:
    """Return each account's cells in cents."""
    found = {}
    for line in TEXT.split("\n"):
        if line:
            account, *cells = line.split()
            found[int(account)] = tuple(int(Decimal(cell) * 100) for cell in cells)
    return found


def in_dollars(lines: tuple[Line, ...]) -> list[Line]:
    return [line for line in lines if line.commodity == "USD"]


def position_in(report: Report, unit: str) -> Position:
    (found,) = [row for row in report.positions if row.commodity == unit]
    return found


def check_worked(report: Report, *, lent_use: bool) -> None:
    """Compare a combined report with the worked end state, cell by cell.

    ``lent_use`` tells whether the use of lent things is booked as income and cost (EQP-06 b), which
    the table has and the events leave to a policy.
    """
    worked = worked_rows()
    if not lent_use:
        worked = {account: row for account, row in worked.items() if account not in LENT_USE}
    assert [code for code, _name in report.columns] == ["A", "B", "C", "D", "P"]
    stated: dict[int, tuple[int, ...]] = {}
    for lines, sign in ((report.sources, -1), (report.uses, 1), (report.gains, -1)):
        for line in in_dollars(lines):
            a, b, c, d, p = line.columns
            assert d == 0
            cells = (a, b, c, p, line.total, line.eliminated, line.combined)
            stated[line.account] = tuple(sign * cell for cell in cells)
    assert stated == {account: row for account, row in worked.items() if account >= 4000}
    sides: defaultdict[int, list[int]] = defaultdict(lambda: [0] * 7)
    dollars = position_in(report, "USD")
    for lines, sign in ((dollars.assets, 1), (dollars.liabilities, -1)):
        for line in lines:
            a, b, c, _d, p = line.columns
            cells = (a, b, c, p, line.total, line.eliminated, line.combined)
            for n, cell in enumerate(cells):
                sides[line.account][n] += sign * cell
    assert {account: tuple(cells) for account, cells in sides.items()} == {
        account: row for account, row in worked.items() if account < 3000
    }
    assert dollars.total_assets == NET_ASSETS + 155000
    assert dollars.total_liabilities == 155000
    assert dollars.total_net_assets == NET_ASSETS
    held = {(row.book, row.fund): row.closing for row in report.funds if row.commodity == "USD"}
    assert {key: closing for key, closing in held.items() if closing} == FUNDS
    last = [row for row in report.fund_totals if row.commodity == "USD"][-1]
    assert (last.label, last.reported, last.restated) == ("Combined", *[BROUGHT_FORWARD] * 2)
    assert last.income - last.expense + last.gains == SURPLUS
    assert (last.transfers, last.closing) == (0, NET_ASSETS)
