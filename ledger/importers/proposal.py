"""Propose a mapping for a file: a number for every account, a code for every unit.

Every account of the file gets one of its own, called as it is there, so that balances can be
compared one by one. What cannot be told is left open, never guessed.
"""

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass
from decimal import Decimal

from ledger.core.accounts import Acct
from ledger.core.amount import MAX_DECIMALS
from ledger.importers.history import History
from ledger.importers.mapping import (
    HOURS,
    MINUTES,
    AccountTarget,
    BetweenDays,
    CommodityTarget,
    Mapping,
    is_ours,
    target_of,
)
from ledger.importers.ours import own_account

# Numbers that the chart leaves free, by kind.
FREE = {
    "asset": (*range(1600, 1900),),
    "liability": (*range(2700, 3000),),
    "equity": (*range(3100, 4000),),
    "income": (*range(4600, 4900),),
    "expense": (*range(5700, 5900), *range(6700, 7000)),
}
_ROOTS = {
    "asset": re.compile(r"assets?", re.IGNORECASE),
    "liability": re.compile(r"liabilit(?:y|ies)|debts?", re.IGNORECASE),
    "equity": re.compile(r"equity", re.IGNORECASE),
    "income": re.compile(r"income|revenues?", re.IGNORECASE),
    "expense": re.compile(r"expenses?", re.IGNORECASE),
}
BETWEEN_DAYS = (
    ("Receivable between two dates", "asset"),
    ("Payable between two dates", "liability"),
)
SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₴": "UAH"}
DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN")
MAX_TAIL = 50


@dataclass(frozen=True, slots=True)
class Chart:
    """What a book has already: its currency, accounts by number with name, and all commodities."""

    currency: str
    accounts: Table[int, str]
    commodities: frozenset[str]


def propose(history: History, chart: Chart, fund: str) -> Mapping:
    """Return a mapping for a file; number 0 and code ``""`` where a person must decide."""
    numbers = {name: number for number, name in chart.accounts.items()}
    taken = set(chart.accounts)
    accounts: dict[str, AccountTarget] = {}
    of_time, of_more = _accounts_of_time(history)
    for name in sorted(history.accounts()):
        if own_account(name) is not None:
            continue
        if name in of_time - of_more:
            accounts[name] = AccountTarget(Acct.TIME_APPLIED)
            continue
        kind = kind_of_account(name, history.kinds)
        if kind == "trading":
            accounts[name] = AccountTarget(Acct.CURRENCY_CONVERSION)
            continue
        number = numbers.get(name) or next(
            (free for free in FREE.get(kind, ()) if free not in taken), 0
        )
        taken.add(number)
        things = Acct.TIME_APPLIED if name in of_time else None
        accounts[name] = AccountTarget(number, things, name if number else None)
    units: dict[str, CommodityTarget] = {}
    for unit, places in sorted(history.places().items()):
        units[unit] = _commodity(unit, places, chart, {found.code for found in units.values()})
    if history.format == "csv" and "" in units:
        # Such exports are in the currency of their books, which they seldom name.
        units[""] = target_of(chart.currency)
    between = _between_days(numbers, taken) if history.spans_days() else None
    return Mapping(fund, accounts, units, between)


def _accounts_of_time(history: History) -> tuple[set[str], set[str]]:
    """Return the accounts on which clocked time stands, and those on which anything else does."""
    of_time: set[str] = set()
    of_more: set[str] = set()
    for transaction in history.transactions:
        for leg in transaction.legs:
            (of_time if leg.figure.unit == MINUTES else of_more).add(leg.account)
    return of_time, of_more


def _between_days(numbers: Table[str, int], taken: set[int]) -> BetweenDays:
    """Return the accounts between two days, found again by name; from the end of what is free."""
    found = []
    for name, kind in BETWEEN_DAYS:
        free = (number for number in reversed(FREE[kind]) if number not in taken)
        number = numbers.get(name) or next(free, 0)
        found.append(AccountTarget(number, name=name if number else None))
    return BetweenDays(*found)


def kind_of_account(name: str, declared: Table[str, str]) -> str:
    """Return what the file declares of an account or one above it, or what its root says."""
    parts = name.split(":")
    for end in range(len(parts), 0, -1):
        found = declared.get(":".join(parts[:end]))
        if found:
            return found
    for kind, pattern in _ROOTS.items():
        if pattern.fullmatch(parts[0]):
            return kind
    return ""


def _commodity(unit: str, places: int, chart: Chart, taken: set[str]) -> CommodityTarget:
    if not unit:
        return CommodityTarget("", target_of("UNT0.X").times)
    if unit == MINUTES:
        return CommodityTarget(f"{HOURS}GEN", Decimal(1))
    if is_ours(unit):
        return target_of(unit)
    if unit == "$":
        return target_of(chart.currency if chart.currency in DOLLARS else "USD")
    if unit in SIGNS:
        return target_of(SIGNS[unit])
    tail = _tail(unit)
    known = {
        code
        for code in chart.commodities
        if re.fullmatch(rf"UNT[{min(places, MAX_DECIMALS)}-{MAX_DECIMALS}]\.{tail}", code)
    }
    # A file that grows must not count the same thing in two ways.
    code = min(known - taken, default=f"UNT{min(places, MAX_DECIMALS)}.{tail}")
    number = 1
    while code in taken:
        number += 1
        code = f"UNT{min(places, MAX_DECIMALS)}.{tail}_{number}"
    return target_of(code)


def _tail(unit: str) -> str:
    """Return a name in capitals for a unit; signs of other scripts by their number."""
    plain = unicodedata.normalize("NFKD", unit).encode("ascii", "ignore").decode().upper()
    tail = re.sub(r"[^A-Z0-9]+", "_", plain).strip("_")
    if not tail:
        tail = "U" + "_".join(f"{ord(sign):X}" for sign in unit)
    return tail[:MAX_TAIL].strip("_")


def left_open(mapping: Mapping) -> Iterable[str]:
    """Yield what a person must decide before the mapping can be used."""
    for key, account in mapping.opens():
        if not account.number:
            yield f"account {key.removeprefix('accounts.')}"
    for unit, commodity in mapping.commodities.items():
        if not commodity.code:
            yield f"commodity {unit or 'of amounts without one'}"
