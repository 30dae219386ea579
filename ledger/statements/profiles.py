"""How the tables of banks look: which column is what, and how dates and amounts are written.

A bank's table is known by its headings. Other tables can be read with a profile in a TOML file that
says the same. Must not read any table.
"""

import tomllib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from ledger.core.currencies import EXPONENTS
from ledger.errors import Invalid

MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of table; columns by their headings, ``day_format`` as strptime has it.

    ``paid_out`` and ``paid_in`` are two columns of positive amounts, instead of ``amount``.
    ``currency`` is a code, or empty where a column says it.
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
    booked: str = ""
    decimal_mark: str = "."
    newest_first: bool = True

    def columns(self) -> set[str]:
        """Return the headings without which the table is not of this kind."""
        named = (self.day, self.amount, self.paid_out, self.paid_in, self.balance, self.status)
        more = (self.currency_column, self.account_column, self.reference, self.counterparty)
        return {column for column in (*named, *more, *self.texts) if column}


PROFILES = (
    Profile(
        name="schwab",
        day="Date",
        day_format="%m/%d/%Y",
        paid_out="Withdrawal",
        paid_in="Deposit",
        balance="RunningBalance",
        currency="USD",
        code="Type",
        reference="CheckNumber",
        texts=("Description",),
        status="Status",
        booked="Posted",
    ),
    Profile(
        name="ubs-fr",
        day="Date de valeur",
        day_format="%d.%m.%Y",
        paid_out="Débit",
        paid_in="Crédit",
        balance="Solde",
        currency_column="Monn.",
        account_column="Produit",
        reference="N° de transaction",
        texts=("Description 1", "Description 2", "Description 3"),
        newest_first=False,
    ),
    Profile(
        name="n26",
        day="Booking Date",
        day_format="%Y-%m-%d",
        value_day="Value Date",
        amount="Amount (EUR)",
        currency="EUR",
        account_column="Account Name",
        counterparty="Partner Name",
        counterparty_account="Partner Iban",
        code="Type",
        texts=("Payment Reference",),
        newest_first=False,
    ),
    Profile(
        name="outbank",
        day="Date",
        day_format="%m/%d/%y",
        value_day="Value Date",
        amount="Amount",
        currency_column="Currency",
        account_column="Account",
        counterparty="Name",
        counterparty_account="Number",
        reference="SEPA Reference",
        end_to_end="Client Reference",
        code="Posting Text",
        texts=("Reason",),
        decimal_mark=",",
    ),
)


def profile_of(headings: set[str]) -> Profile | None:
    """Return the profile whose columns are all there; None when no bank we know writes so."""
    return next((one for one in PROFILES if one.columns() <= headings), None)


def read_profile(data: bytes) -> Profile:
    """Read a profile from TOML. Raises Invalid, naming the key."""
    if len(data) > MAX_BYTES:
        raise Invalid("The profile is larger than 64 kB.", place="file")
    try:
        document = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(f"The profile is no TOML that can be read: {error}", place="file") from error
    known = {one.name for one in fields(Profile)}
    for key in sorted(document.keys() - known):
        raise Invalid(f"{key!r:.40} is not known here.", place=key[:40])
    values = {"name": "csv", **{key: _value(key, value) for key, value in document.items()}}
    for key in ("day", "day_format"):
        if not values.get(key):
            raise Invalid(f"{key} is missing.", place=key)
    found = Profile(**values)
    if bool(found.amount) == bool(found.paid_out and found.paid_in):
        raise Invalid("Say amount, or paid_out and paid_in.", place="amount")
    if not found.currency_column and found.currency not in EXPONENTS:
        raise Invalid("Say currency, or currency_column.", place="currency")
    if found.decimal_mark not in (".", ","):
        raise Invalid("A decimal mark is . or ,", place="decimal_mark")
    try:
        a_day = datetime(2026, 12, 31).strftime(found.day_format)
        if datetime.strptime(a_day, found.day_format).date().isoformat() != "2026-12-31":
            raise ValueError
    except ValueError as error:
        raise Invalid("This does not say day, month and year.", place="day_format") from error
    return found


def _value(key: str, value: Any) -> Any:
    if key == "newest_first":
        if not isinstance(value, bool):
            raise Invalid("This is true or false.", place=key)
        return value
    if key == "texts":
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise Invalid("This is a list of headings.", place=key)
        return tuple(value)
    if not isinstance(value, str) or len(value) > 200:
        raise Invalid("This is a text of up to 200 characters.", place=key)
    return value
