"""Payment files: for which day, and in which format."""

from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as later
from marshmallow import fields

from ledger.schemas.fields import Day, asked, one_of
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class FileWanted:
    """On which day the bank is to pay, as which file, and whether it refused an earlier one."""

    pay_on: date
    file_format: str
    again: bool


class FileWantedForm(Form[FileWanted]):
    """Asks for a payment file; what it pays is ticked beside."""

    makes = FileWanted

    pay_on = Day(required=True, metadata=asked(later("To be paid on")))
    file_format = one_of(
        ("xml", "csv"),
        "Choose a format.",
        metadata=asked(
            later("Format"),
            options=(("xml", later("SEPA (pain.001)")), ("csv", later("CSV"))),
        ),
    )
    again = fields.Boolean(
        load_default=False, error_messages={"invalid": "Select it or leave it empty."}
    )
