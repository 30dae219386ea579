"""Say what accounts and commodities of another ledger are in ours; kept as a TOML file to edit.

Names are taken as the file of the other ledger writes them. Must not know the database: whether
an account exists, or has to be opened first, is decided by who uses the mapping.
"""

import json
import re
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.core.accounts import Acct
from ledger.core.amount import KINDS, decimals, is_currency, is_holding
from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid

# Thousands of the accounts that hold value; these a mapping can open.
OF_VALUE = range(1, 7)
_SKILL = re.compile(r"[A-Z0-9_-]{1,50}")
MAX_BYTES = 4 * 1024 * 1024
HOURS = "MIN."
# What clocked and dotted time is counted in; a mapping may say what an hour is instead.
MINUTES, AN_HOUR = "min", "h"
_ACCOUNT_KEYS = {"number", "things", "name", "fund", "counterparty", "function", "skill"}
_COMMODITY_KEYS = {"code", "times", "per", "worth"}


@dataclass(frozen=True, slots=True)
class AccountTarget:
    """Where legs of an account go: ``things`` for what is counted, ``number`` for the rest.

    ``name``: what the account is called when it has to be opened; None when it must be there.
    ``function``: what costs on it are for (programme, management, fundraising).
    ``skill``: which hours stand there, ``CARP`` for ``MIN.CARP``; else what the unit says.
    """

    number: int
    things: int | None = None
    name: str | None = None
    fund: str | None = None
    counterparty: str | None = None
    function: str | None = None
    skill: str | None = None


@dataclass(frozen=True, slots=True)
class BetweenDays:
    """Where the other side stands while the legs of one transaction fall on different days."""

    receivable: AccountTarget
    payable: AccountTarget


@dataclass(frozen=True, slots=True)
class CommodityTarget:
    """What a unit is: ``times`` of our smallest unit for each ``per`` of the file's, and on which
    account its cost stands."""

    code: str
    times: Decimal
    per: Decimal = Decimal(1)
    worth: int = Acct.INVENTORY


@dataclass(frozen=True, slots=True)
class Mapping:
    """What every name of a file is in our books; ``fund`` where nothing else names one."""

    fund: str
    accounts: Table[str, AccountTarget] = field(default_factory=dict)
    commodities: Table[str, CommodityTarget] = field(default_factory=dict)
    between_days: BetweenDays | None = None

    def opens(self) -> Iterable[tuple[str, AccountTarget]]:
        """Yield every account that the mapping names, with the key under which it stands."""
        for name, target in sorted(self.accounts.items()):
            yield f"accounts.{name}", target
        if self.between_days is not None:
            yield "between_days.receivable", self.between_days.receivable
            yield "between_days.payable", self.between_days.payable


def is_ours(unit: str) -> bool:
    """Tell whether a unit is written as the code of one of our commodities."""
    prefix, dot, tail = unit.partition(".")
    return unit in EXPONENTS or is_holding(unit) or bool(dot and tail and prefix in KINDS)


def target_of(code: str) -> CommodityTarget:
    """Return a commodity in which people write its whole units."""
    return CommodityTarget(code, Decimal(10) ** decimals(code))


def read_mapping(data: bytes) -> Mapping:
    """Read a mapping file. Raises Invalid, naming the key, for what does not belong there."""
    if len(data) > MAX_BYTES:
        raise Invalid("The mapping is larger than 4 MB.", place="file")
    try:
        # A number with a fraction is read as it is written, not as a float.
        document = tomllib.loads(data.decode(), parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(
            "The mapping is not valid TOML: {error}", place="file", error=error
        ) from error
    _check_keys(document, {"fund", "accounts", "commodities", "between_days"}, "mapping")
    accounts = _table(document.get("accounts", {}), "accounts")
    commodities = _table(document.get("commodities", {}), "commodities")
    return Mapping(
        fund=_text(document.get("fund"), "fund"),
        accounts={
            name: _account(value, f"accounts.{name[:80]}") for name, value in accounts.items()
        },
        commodities={
            name: _commodity(value, f"commodities.{name[:80]}")
            for name, value in commodities.items()
        },
        between_days=_between_days(document.get("between_days")),
    )


def write_mapping(mapping: Mapping) -> str:
    """Write a mapping as a file to edit; what is left open there has to be filled in."""
    lines = [
        "# What the accounts and commodities of another ledger are in these books.",
        "# An account with a name is opened where the book has none of that number. Its name is",
        "# sealed in the book's log for good: it must not name a person.",
        f"fund = {_quoted(mapping.fund)}",
        "",
        "[accounts]",
    ]
    for name, account in sorted(mapping.accounts.items()):
        note = "" if account.number else "  # which number is this?"
        lines.append(f"{_quoted(name)} = {_shown(account)}{note}")
    lines += ["", "[commodities]"]
    for unit, commodity in sorted(mapping.commodities.items()):
        note = "" if commodity.code else "  # which commodity is this?"
        written = _quoted(commodity.code)
        if commodity.code and commodity != target_of(commodity.code):
            times = commodity.times / 10 ** decimals(commodity.code)
            written = f"{{ code = {written}, times = {times:f} }}"
        lines.append(f"{_quoted(unit)} = {written}{note}")
    if mapping.between_days is not None:
        lines += [
            "",
            "# Where the other side stands while postings of one transaction fall on several days.",
            "[between_days]",
            f"receivable = {_shown(mapping.between_days.receivable)}",
            f"payable = {_shown(mapping.between_days.payable)}",
        ]
    return "\n".join(lines) + "\n"


def _shown(account: AccountTarget) -> str:
    if account.name is None and account.things is None:
        return str(account.number)
    parts = [f"number = {account.number}"]
    if account.things is not None:
        parts.append(f"things = {account.things}")
    if account.name is not None:
        parts.append(f"name = {_quoted(account.name)}")
    return f"{{ {', '.join(parts)} }}"


def _between_days(value: Any) -> BetweenDays | None:
    if value is None:
        return None
    table = _table(value, "between_days")
    _check_keys(table, {"receivable", "payable"}, "between_days")
    found = [
        _account(table.get(side), f"between_days.{side}") for side in ("receivable", "payable")
    ]
    for account, side, first in zip(found, ("receivable", "payable"), (1, 2), strict=True):
        if account.number // 1000 != first:
            raise Invalid(
                "This must be an account from {first}000 to {first}999.",
                place=f"between_days.{side}",
                first=first,
            )
    return BetweenDays(*found)


def _account(value: Any, place: str) -> AccountTarget:
    table = {"number": value} if isinstance(value, int) else _table(value, place)
    _check_keys(table, _ACCOUNT_KEYS, place)
    things = None if "things" not in table else _number(table["things"], f"{place}.things")
    number = _number(table.get("number", things), f"{place}.number")
    if things is not None and things // 1000 != 8:
        raise Invalid("Equipment must be counted on accounts from 8000.", place=f"{place}.things")
    name = table.get("name")
    if name is not None and number // 1000 not in OF_VALUE:
        raise Invalid("Only accounts from 1000 to 6999 can be opened.", place=place)
    if not _SKILL.fullmatch(str(table.get("skill", "GEN"))):
        raise Invalid("Write a skill in capital letters, like CARP.", place=f"{place}.skill")
    return AccountTarget(
        number,
        things,
        *(
            None if table.get(key) is None else _text(table[key], f"{place}.{key}")
            for key in ("name", "fund", "counterparty", "function", "skill")
        ),
    )


def _commodity(value: Any, place: str) -> CommodityTarget:
    table = {"code": value} if isinstance(value, str) else _table(value, place)
    _check_keys(table, _COMMODITY_KEYS, place)
    code = _text(table.get("code"), f"{place}.code")
    if is_currency(code) and code not in EXPONENTS:
        raise Invalid("{code} is not an ISO 4217 currency.", place=place, code=code)
    if not is_ours(code):
        raise Invalid("{code!r:.40} is not a valid commodity code.", place=place, code=code)
    times, per = (_ratio(table.get(key, 1), f"{place}.{key}") for key in ("times", "per"))
    worth = table.get("worth", Acct.INVENTORY)
    if type(worth) is not int or worth // 1000 not in OF_VALUE:
        raise Invalid("This must be an account that holds value.", place=f"{place}.worth")
    return CommodityTarget(code, times * 10 ** decimals(code), per, worth)


def _ratio(value: Any, place: str) -> Decimal:
    whole = isinstance(value, int) and not isinstance(value, bool)
    finite = isinstance(value, Decimal) and value.is_finite()
    if not (whole or finite) or not 0 < value <= 10**9:
        raise Invalid("This must be a number above zero.", place=place)
    return Decimal(value)


def _number(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1000 <= value <= 9999:
        raise Invalid("An account number must be from 1000 to 9999.", place=place)
    return value


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid("This must be a table.", place=place)
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise Invalid("This must be text of 1 to 200 characters.", place=place)
    if not value.isprintable():
        raise Invalid("This text contains invisible characters.", place=place)
    return value


def _check_keys(found: Table[str, Any], known: set[str], place: str) -> None:
    unknown = sorted(found.keys() - known)
    if unknown:
        raise Invalid("{unknown!r:.40} is not a known field.", place=place, unknown=unknown[0])


def _quoted(text: str) -> str:
    """Return a TOML text: JSON's escapes are among TOML's, but not its halves of characters."""
    return re.sub("\x7f", r"\\u007F", json.dumps(text, ensure_ascii=False))
