"""What a person says of a file of another ledger: how it is read, and what its accounts and units
are in the books."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, fields, validate

from ledger.importers import FORMATS, LEAVABLE
from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.forms import Form
from ledger.schemas.tables import ACTIONS

LEFT_OUT = {
    "automated": later("Automated transactions"),
    "periodic": later("Periodic transactions"),
    "virtual": later("Virtual postings"),
}
# What the fields begin with of which there is one for each part, account and unit.
LEAVE, ACCOUNT, UNIT = "leave_", "account-", "unit-"
NO_NUMBER = "Enter an account number."


@dataclass(frozen=True, slots=True)
class LedgerReading:
    """How a file is read: its format, the code of the fund for what names none, and whether each
    part that it can do without is left out."""

    format: str
    fund: str
    action: str
    leave_out: Mapping[str, bool]


class LedgerReadingForm(Form[LedgerReading]):
    """Asks how a file is read."""

    makes = LedgerReading
    gathers = MappingProxyType({LEAVE: "leave_out"})

    format = one_of(
        FORMATS, "Choose the program the file comes from.", metadata=asked(later("Program"))
    )
    fund = Line(
        required=True,
        longest=64,
        metadata=asked(later("Fund for everything without one"), widget="choice"),
    )
    action = one_of(ACTIONS, "Choose whether to preview or to import.")


def ledger_reading() -> Form[LedgerReading]:
    """Return the shape of how a file is read."""
    return LedgerReadingForm.with_fields(
        {
            f"{LEAVE}{part}": fields.Boolean(
                load_default=False,
                error_messages={"invalid": "Select it or leave it empty."},
                metadata=asked(LEFT_OUT[part]),
            )
            for part in LEAVABLE
        }
    )


@dataclass(frozen=True, slots=True)
class LedgerNames:
    """What accounts and units of a file are, by the keys of their fields: an account is a number of
    four digits, a unit the code of a commodity; empty where nothing was said."""

    accounts: Mapping[str, str]
    units: Mapping[str, str]


class LedgerNamesForm(Form[LedgerNames]):
    """Asks for each account and unit; those of another reading of the file are passed over."""

    class Meta:
        unknown = EXCLUDE

    makes = LedgerNames
    gathers = MappingProxyType({ACCOUNT: "accounts", UNIT: "units"})


def ledger_names(accounts: Iterable[str], units: Iterable[str]) -> Form[LedgerNames]:
    """Return the shape of what accounts and units are, by the keys of their fields."""
    return LedgerNamesForm.with_fields(
        {f"{ACCOUNT}{key}": _number() for key in accounts}
        | {f"{UNIT}{key}": Line(load_default="", longest=64) for key in units}
    )


def _number() -> fields.Field[str]:
    four_digits = validate.Regexp("[1-9][0-9]{3}$|$", error=NO_NUMBER)
    return Line(load_default="", longest=4, validate=four_digits)
