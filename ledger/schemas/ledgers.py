"""What a person says of a file of another ledger: how it is read, and what its accounts and units
are in the books."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, Schema, fields, validate

from ledger.importers import FORMATS, LEAVABLE
from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.tables import ACTIONS

LEFT_OUT = {
    "automated": later("Automated transactions"),
    "periodic": later("Periodic transactions"),
    "virtual": later("Virtual postings"),
}
NO_NUMBER = "Enter an account number."


def ledger_reading() -> Schema:
    """Return the shape of how a file is read: its format, its fund, what is left out of it."""
    shape: dict[str, Any] = {
        "format": one_of(
            FORMATS, "Choose the program the file comes from.", metadata=asked(later("Program"))
        ),
        "fund": Line(
            required=True,
            longest=64,
            metadata=asked(later("Fund for everything without one"), widget="choice"),
        ),
        "action": one_of(ACTIONS, "Choose whether to preview or to import."),
    }
    for part in LEAVABLE:
        shape[f"leave_{part}"] = fields.Boolean(
            load_default=False,
            error_messages={"invalid": "Select it or leave it empty."},
            metadata=asked(LEFT_OUT[part]),
        )
    return Schema.from_dict(shape, name="Ledger")()


def ledger_mapping(accounts: Iterable[str], units: Iterable[str]) -> Schema:
    """Return the shape of what accounts and units are, by the names of their fields.

    An account is a number of four digits, a unit the code of a commodity; none where nothing was
    said. Names that another reading of the file had are passed over.
    """
    shape: dict[str, Any] = {name: _number() for name in accounts}
    shape |= {name: Line(load_default="", longest=64) for name in units}
    return Schema.from_dict(shape, name="LedgerMapping")(unknown=EXCLUDE)


def _number() -> fields.Field[str]:
    four_digits = validate.Regexp("[1-9][0-9]{3}$|$", error=NO_NUMBER)
    return Line(load_default="", longest=4, validate=four_digits)
