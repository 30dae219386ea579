"""Read GnuCash books that are kept as SQLite files. The file is only read, never changed.

Every account holds one commodity, and quantities are whole numbers over a power of ten, so that
what comes out is exact. Must not need GnuCash, nor trust a file's tables to be GnuCash's.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

from ledger.errors import Invalid
from ledger.histories.history import Figure, History, Leg, Transaction

KINDS = {
    "ASSET": "asset",
    "BANK": "asset",
    "CASH": "asset",
    "STOCK": "asset",
    "MUTUAL": "asset",
    "RECEIVABLE": "asset",
    "LIABILITY": "liability",
    "CREDIT": "liability",
    "PAYABLE": "liability",
    "EQUITY": "equity",
    "INCOME": "income",
    "EXPENSE": "expense",
    "TRADING": "trading",
}
MAGIC = b"SQLite format 3\x00"
MAX_DEPTH = 50
_ACCOUNTS = """
select a.guid, a.name, a.account_type, a.parent_guid, c.mnemonic
from accounts a left join commodities c on c.guid = a.commodity_guid
"""
_SPLITS = """
select t.guid, t.post_date, s.account_guid, s.quantity_num, s.quantity_denom,
       s.value_num, s.value_denom
from transactions t join splits s on s.tx_guid = t.guid
order by t.post_date, t.enter_date, t.guid, s.guid
"""


def read(path: Path) -> History:
    """Read a file. Raises Invalid, naming the transaction, for what is no book of GnuCash."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            names, kinds, units = _chart(connection)
            transactions = tuple(_transactions(connection, names, units))
    except sqlite3.Error as error:
        raise Invalid(f"This is no GnuCash book that can be read: {error}", place="file") from error
    told = {names[guid]: kind for guid, kind in kinds.items() if guid in names}
    return History("gnucash", transactions, (), told, "transaction")


def _chart(
    connection: sqlite3.Connection,
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return full name, kind and unit of each account by its id."""
    rows = {row[0]: row for row in connection.execute(_ACCOUNTS)}
    names: dict[str, str] = {}
    for guid, (_, name, kind, _parent, _unit) in rows.items():
        if kind == "ROOT":
            continue
        parts = [_text(name, "accounts")]
        above = rows.get(rows[guid][3])
        while above is not None and above[2] != "ROOT":
            parts.append(_text(above[1], "accounts"))
            if len(parts) > MAX_DEPTH:
                raise Invalid("An account stands below itself.", place="accounts")
            above = rows.get(above[3])
        names[guid] = ":".join(reversed(parts))
    if len(set(names.values())) != len(names):
        raise Invalid("Two accounts have one name.", place="accounts")
    kinds = {guid: KINDS.get(row[2], "") for guid, row in rows.items()}
    return names, kinds, {guid: row[4] for guid, row in rows.items() if row[4]}


def _transactions(
    connection: sqlite3.Connection, names: dict[str, str], units: dict[str, str]
) -> Iterator[Transaction]:
    legs: list[Leg] = []
    worth = Decimal(0)
    current, day = None, date.min
    number = 0
    for guid, posted, account, *figures in connection.execute(_SPLITS):
        if guid != current:
            if legs:
                yield _checked(number, day, legs, worth)
            number, current, legs, worth = number + 1, guid, [], Decimal(0)
            day = _day(posted, f"transaction {number}")
        place = f"transaction {number} of {day.isoformat()}"
        if account not in names or account not in units:
            raise Invalid("A posting stands on an account that is not there.", place=place)
        quantity = _decimal(figures[0], figures[1], place)
        worth += _decimal(figures[2], figures[3], place)
        if quantity:
            legs.append(Leg(number, names[account], Figure(quantity, units[account])))
    if legs:
        yield _checked(number, day, legs, worth)


def _checked(number: int, day: date, legs: list[Leg], worth: Decimal) -> Transaction:
    if worth:
        raise Invalid(
            f"The transaction does not balance: off by {worth:f}.",
            place=f"transaction {number} of {day.isoformat()}",
        )
    return Transaction(number, day, tuple(legs))


def _decimal(number: object, over: object, place: str) -> Decimal:
    if not isinstance(number, int) or not isinstance(over, int) or over <= 0:
        raise Invalid("A quantity is no whole number over a whole number.", place=place)
    return Decimal(number) / Decimal(over)


def _day(text: object, place: str) -> date:
    """Return the day of ``2014-12-24 10:59:00``: the time only keeps zones from moving it."""
    try:
        digits = str(text).replace("-", "")[:8]
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise Invalid(f"{str(text)[:20]!r} is not a date.", place=place) from error


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Invalid("An account has no name that can be shown.", place=place)
    return value.strip()
