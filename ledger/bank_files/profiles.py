"""How the table of a bank is to be read: which column is what, how days and amounts are written.

A profile comes from a TOML file, from a person on the page of an account, or from the layouts of
banks that we know. Must not read any table.
"""

import tomllib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from ledger.bank_files.cells import MARKS, ORDERS
from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid

AUTO = "auto"
MAX_BYTES = 64 * 1024
MAX_VALUE = 200
MAX_LIST = 50
# A heading stands near the top of its table, also below what a bank writes above it.
MAX_HEADING_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of table. A column is named by its heading, or by its number, like ``#3``.

    ``heading_line`` is the line of the headings: 0 where there are none, None to look for it.
    ``day_format`` is a format of strptime, or only the order of a day: dmy, mdy or ymd; ``auto``
    takes the order in which all rows can be read, where there is one.
    ``decimal_mark`` is a point or a comma; empty, it is told by the amounts.

    Money is in ``amount``, or in ``paid_out`` and ``paid_in``. ``sign`` is a column that says
    which way it went, ``sign_out`` and ``sign_in`` what it says then. ``currency`` is a code, or
    empty where a column says it; ``currency_out`` is the column's name for what is paid out.

    A ``fee`` becomes a line of its own beside its amount, with ``net`` as the proof; with
    ``fee_with_payment`` it is part of the line of what is paid out. ``refunded`` is what was given
    back of a row's amount, ``payout`` the column that names the payout a row belongs to.

    ``status`` is the column that says whether a row is booked, ``booked`` what it says then.
    ``email`` is a giver's address, in lists of gifts.
    """

    name: str
    day: str
    day_format: str
    amount: str = ""
    paid_out: str = ""
    paid_in: str = ""
    balance: str = ""
    currency: str = ""
    currency_column: str = ""
    account_column: str = ""
    value_day: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    reference: str = ""
    end_to_end: str = ""
    code: str = ""
    texts: tuple[str, ...] = ()
    status: str = ""
    booked: tuple[str, ...] = ()
    decimal_mark: str = ""
    newest_first: bool = True
    heading_line: int | None = None
    encoding: str = ""
    sign: str = ""
    sign_out: tuple[str, ...] = ()
    sign_in: tuple[str, ...] = ()
    fee: str = ""
    net: str = ""
    fee_with_payment: bool = False
    refunded: str = ""
    payout: str = ""
    currency_out: str = ""
    counterparty_out: str = ""
    email: str = ""

    def columns(self) -> set[str]:
        """Return the columns without which the table is not of this kind."""
        money = (self.amount, self.paid_out, self.paid_in, self.balance, self.sign, self.fee)
        named = (self.day, self.status, self.reference, self.counterparty, self.net)
        more = (self.currency_column, self.account_column, self.refunded, self.payout, self.email)
        return {column for column in (*money, *named, *more, *self.texts) if column}

    def as_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults, as plain values that JSON and TOML can hold."""
        values = {one.name: (getattr(self, one.name), one.default) for one in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, (value, default) in values.items()
            if value != default
        }


LISTS = ("texts", "booked", "sign_out", "sign_in")
FLAGS = ("newest_first", "fee_with_payment")
KEYS = tuple(one.name for one in fields(Profile))


def read_profile(data: bytes) -> Profile:
    """Read a profile from TOML. Raises Invalid, naming the key."""
    if len(data) > MAX_BYTES:
        raise Invalid("The profile is larger than 64 kB.", place="file")
    try:
        document = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(
            "The profile is not valid TOML: {error}", place="file", error=error
        ) from error
    return profile_from(document)


def profile_from(document: dict[str, Any]) -> Profile:
    """Return the profile that plain values describe. Raises Invalid, naming the key."""
    for key in sorted(document.keys() - set(KEYS)):
        raise Invalid("{key!r:.40} is not a known setting.", place=key[:40], key=key)
    values = {"name": "csv", **{key: _value(key, value) for key, value in document.items()}}
    for key in ("day", "day_format"):
        if not values.get(key):
            raise Invalid("{key} is missing.", place=key, key=key)
    found = Profile(**values)
    _check_money(found)
    if found.currency and found.currency not in EXPONENTS:
        raise Invalid(
            "{currency!r} is not a currency.", place="currency", currency=found.currency[:10]
        )
    if found.decimal_mark not in ("", *MARKS):
        raise Invalid("A decimal mark must be . or ,", place="decimal_mark")
    if found.heading_line is not None and not 0 <= found.heading_line <= MAX_HEADING_LINE:
        raise Invalid(
            "This must be the number of a line, or 0 for no headings.", place="heading_line"
        )
    _check_day_format(found.day_format)
    return found


def _check_money(found: Profile) -> None:
    both = bool(found.paid_out and found.paid_in)
    if bool(found.amount) == both or bool(found.paid_out or found.paid_in) != both:
        raise Invalid("Set either amount, or paid_out and paid_in.", place="amount")
    if found.net and not found.fee:
        raise Invalid("To use net, also set the column of the fee.", place="net")


def _check_day_format(written: str) -> None:
    if written in (*ORDERS, AUTO):
        return
    try:
        a_day = datetime(2026, 12, 31).strftime(written)
        if datetime.strptime(a_day, written).date().isoformat() != "2026-12-31":
            raise ValueError
    except ValueError as error:
        raise Invalid("This must contain day, month and year.", place="day_format") from error


def _value(key: str, value: Any) -> Any:
    if key in FLAGS:
        if not isinstance(value, bool):
            raise Invalid("This must be true or false.", place=key)
        return value
    if key == "heading_line":
        if isinstance(value, bool) or not isinstance(value, int):
            raise Invalid("This must be the number of a line, or 0 for no headings.", place=key)
        return value
    if key in LISTS:
        listed = [value] if isinstance(value, str) and key == "booked" else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise Invalid("This must be a list of texts.", place=key)
        if len(listed) > MAX_LIST or any(len(one) > MAX_VALUE for one in listed):
            raise Invalid(
                "This must be a list of up to {max_list} short texts.", place=key, max_list=MAX_LIST
            )
        return tuple(listed)
    if not isinstance(value, str) or len(value) > MAX_VALUE:
        raise Invalid(
            "This must be text of up to {max_value} characters.", place=key, max_value=MAX_VALUE
        )
    return value
