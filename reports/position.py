"""Position at the end of the period: what is there, what is owed, and what is left, by currency.

What is owed is never netted against what is owned: each balance with another book stands on its
side by counterparty and fund, and an account that is overdrawn is a liability (domain section 4).
"""

from collections.abc import Mapping, Sequence

from ledger.core.accounts import Acct
from ledger.models.books import Book
from reports.activities import CLASSES, part_of
from reports.columns import Columns
from reports.model import Line, Position
from reports.movements import Movement, Movements

BETWEEN_BOOKS = frozenset((Acct.INTEREST_IN_POOL, Acct.REFUNDABLE_CONTRIBUTIONS))
CASH = range(1010, 1131)
# What is deducted from an account stands beside it, on whichever side the account is.
DEDUCTED_FROM = {
    Acct.OUTGOING_PAYMENTS: Acct.BANK,
    Acct.PLEDGE_DISCOUNT: Acct.PLEDGES_RECEIVABLE,
    Acct.PLEDGE_ALLOWANCE: Acct.PLEDGES_RECEIVABLE,
    Acct.ACCUMULATED_IMPAIRMENT: Acct.EQUIPMENT,
    Acct.ACCUMULATED_DEPRECIATION: Acct.EQUIPMENT,
}
Figures = list[tuple[Movement, int]]
# Account, place among the lines of an account, label.
Key = tuple[int, str, str]


def positions(
    moves: Movements, books: Sequence[Book], columns: Columns, names: Mapping[str, str]
) -> tuple[Position, ...]:
    """Return assets, liabilities and net assets at the end, one statement per currency.

    ``names`` names every book by its code.
    """
    own = {book.code: book.commodity for book in books}
    units = sorted({row.commodity for row in moves.rows if row.layer == "FIN"})
    found = []
    for unit in units:
        rows = [row for row in moves.rows if row.commodity == unit and row.layer == "FIN"]
        assets, liabilities = _sides(rows, own, names)
        position = Position(
            unit,
            _lines(columns, unit, assets),
            _lines(columns, unit, liabilities),
            _lines(columns, unit, _net_assets(rows, own), eliminates=False),
        )
        if position.assets or position.liabilities or position.net_assets:
            found.append(position)
    return tuple(found)


def _sides(
    rows: Sequence[Movement], own: Mapping[str, str], names: Mapping[str, str]
) -> tuple[dict[Key, Figures], dict[Key, Figures]]:
    """Put every balance on its side; a balance with the other sign goes to the other side."""
    groups: dict[tuple[object, ...], list[Movement]] = {}
    for row in rows:
        if row.account < 3000 and not _is_equity(row, own):
            groups.setdefault(_group(row), []).append(row)
    sides: tuple[dict[Key, Figures], dict[Key, Figures]] = ({}, {})
    for group in groups.values():
        balance = sum(row.closing for row in group)
        if not any(row.closing for row in group):
            continue
        # An account whose funds balance each other stays on the side that its number says.
        owed = balance < 0 or (balance == 0 and group[0].account >= 2000)
        sign = -1 if owed else 1
        for row in group:
            key = _label(row, own, names, owed=owed)
            sides[owed].setdefault(key, []).append((row, sign * row.closing))
    return sides


def _group(row: Movement) -> tuple[object, ...]:
    """Return what is netted: an account of a book, and one fund's dealings with one other book."""
    if row.account == Acct.INTER_COMMUNITY:
        return row.book, row.account, row.fund, row.counterparty
    if row.account in BETWEEN_BOOKS:
        return row.book, row.account, row.counterparty
    return row.book, DEDUCTED_FROM.get(row.account, row.account)


def _label(row: Movement, own: Mapping[str, str], names: Mapping[str, str], *, owed: bool) -> Key:
    other = row.counterparty or ""
    if row.account == Acct.INTER_COMMUNITY:
        side = "Due to" if owed else "Due from"
        return row.account, other, f"{row.account} {side} {names.get(other, 'others')}"
    if row.account == Acct.CURRENCY_CONVERSION:
        kind = "owed" if owed else "held"
        return row.account, "", f"Foreign currency {kind}, in {own[row.book]}"
    label = f"{row.account} {row.account_name}"
    if owed and row.account in CASH:
        return row.account, other, f"Overdrawn: {label}"
    if owed != (row.account >= 2000):
        return row.account, other, f"{label}, {'overpaid' if owed else 'paid ahead'}"
    return row.account, other, label


def _net_assets(rows: Sequence[Movement], own: Mapping[str, str]) -> dict[Key, Figures]:
    order = list(CLASSES)
    found: dict[Key, Figures] = {}
    for row in rows:
        if _is_equity(row, own):
            label = f"Held in {row.commodity}, shown in {own[row.book]} as well"
            key: Key = (Acct.CURRENCY_CONVERSION, own[row.book], label)
        elif part_of(row.account) is not None:
            key = (0, f"{order.index(row.fund_class):02d}", CLASSES[row.fund_class])
        else:
            continue
        found.setdefault(key, []).append((row, -row.closing))
    return found


def _is_equity(row: Movement, own: Mapping[str, str]) -> bool:
    """Tell whether a leg of the conversion account is what backs money in a foreign currency.

    In the book's own currency the account is what the foreign money is worth (domain section 5.16).
    """
    return row.account == Acct.CURRENCY_CONVERSION and row.commodity != own[row.book]


def _lines(
    columns: Columns, unit: str, found: dict[Key, Figures], *, eliminates: bool = True
) -> tuple[Line, ...]:
    drawn = sorted(found.items(), key=lambda item: item[0])
    return columns.lines(
        ((label, account, unit, figures) for (account, _place, label), figures in drawn),
        eliminates=eliminates,
    )
