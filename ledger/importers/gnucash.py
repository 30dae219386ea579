"""Turn what a GnuCash file holds into a History, whichever way the file is kept.

Every account holds one commodity, and quantities are whole numbers over a power of ten, so that
what comes out is exact. Must not need GnuCash, nor trust that a file was written by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.history import Figure, History, Leg, Transaction, exactly

KINDS = {
    "ASSET": "asset",
    "BANK": "asset",
    "CASH": "asset",
    "CHECKING": "asset",
    "MONEYMRKT": "asset",
    "MUTUAL": "asset",
    "RECEIVABLE": "asset",
    "SAVINGS": "asset",
    "STOCK": "asset",
    "CREDIT": "liability",
    "CREDITLINE": "liability",
    "LIABILITY": "liability",
    "PAYABLE": "liability",
    "EQUITY": "equity",
    "INCOME": "income",
    "EXPENSE": "expense",
    "TRADING": "trading",
}
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as the file states it; ``space`` and ``unit`` name its commodity."""

    name: object
    kind: str
    parent: str | None
    space: str
    unit: str


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One leg: its account's id, and quantity and value as numerator and denominator."""

    account: str
    quantity: tuple[object, object]
    value: tuple[object, object]


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction by its number in the file; ``formerly_on`` as for History's transactions."""

    number: int
    on: date
    splits: tuple[SplitRow, ...]
    formerly_on: date | None = None


def history_of(
    accounts: Mapping[str, AccountRow],
    transactions: Iterable[TransactionRow],
    warnings: Iterable[str] = (),
) -> History:
    """Return the history of a book. Raises Invalid, naming the transaction."""
    names, units = _names(accounts), _units(accounts)
    done = [_transaction(row, names, units) for row in transactions]
    done.sort(key=lambda one: one.on)
    kinds = {name: KINDS.get(accounts[guid].kind, "") for guid, name in names.items()}
    return History(
        "gnucash",
        tuple(one for one in done if one.legs),
        tuple(warnings),
        kinds,
        "transaction",
    )


def day_of_digits(text: object, place: str) -> date:
    """Return the day that ``2014-12-24 10:59:00`` or ``20141224`` begins with. Raises Invalid."""
    digits = str(text).replace("-", "")[:8]
    try:
        if not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
            raise ValueError(digits)
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise Invalid("{value!r} is not a date.", place=place, value=str(text)[:20]) from error


def _names(accounts: Mapping[str, AccountRow]) -> dict[str, str]:
    """Return the full name of each account but the root, by its id."""
    names: dict[str, str] = {}
    for guid, account in accounts.items():
        if account.kind == "ROOT":
            continue
        parts = [_text(account.name)]
        above = accounts.get(account.parent or "")
        while above is not None and above.kind != "ROOT":
            parts.append(_text(above.name))
            if len(parts) > MAX_DEPTH:
                raise Invalid("An account is its own parent.", place="accounts")
            above = accounts.get(above.parent or "")
        names[guid] = ":".join(reversed(parts))
    if len(set(names.values())) != len(names):
        raise Invalid("Two accounts have the same name.", place="accounts")
    return names


def _units(accounts: Mapping[str, AccountRow]) -> dict[str, str]:
    """Return each account's unit; a share that is called like another commodity says whose."""
    spaces: defaultdict[str, set[str]] = defaultdict(set)
    for account in accounts.values():
        spaces[account.unit].add(account.space)
    return {
        guid: account.unit
        if account.space in _CURRENCIES or len(spaces[account.unit]) == 1
        else f"{account.space} {account.unit}"
        for guid, account in accounts.items()
        if account.unit
    }


_CURRENCIES = {"CURRENCY", "ISO4217"}


def _transaction(
    row: TransactionRow, names: Mapping[str, str], units: Mapping[str, str]
) -> Transaction:
    place = f"transaction {row.number} of {row.on.isoformat()}"
    legs: list[Leg] = []
    worth = Decimal(0)
    with exactly(place):
        for split in row.splits:
            if split.account not in names or split.account not in units:
                raise Invalid("A posting names an account that does not exist.", place=place)
            quantity = _decimal(*split.quantity, place)
            worth += _decimal(*split.value, place)
            if quantity:
                figure = Figure(quantity, units[split.account])
                legs.append(Leg(row.number, names[split.account], figure))
    if worth:
        raise Invalid(
            "The transaction does not balance: off by {worth:f}.", place=place, worth=worth
        )
    return Transaction(row.number, row.on, tuple(legs), formerly_on=row.formerly_on)


def _decimal(number: object, over: object, place: str) -> Decimal:
    if type(number) is not int or type(over) is not int or over <= 0:
        raise Invalid("A quantity must be a whole number divided by a whole number.", place=place)
    return Decimal(number) / Decimal(over)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Invalid("An account has an empty or unprintable name.", place="accounts")
    return value.strip()
