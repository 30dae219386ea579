"""What a person says of a list of gifts: its columns, what it is for, where the money is."""

from dataclasses import dataclass
from types import MappingProxyType

from flask_babel import lazy_gettext as later
from marshmallow import fields

from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.forms import Form
from ledger.schemas.tables import COLUMN, Table, TableFields, columns_of

MEANINGS = ("", "day", "amount", "counterparty", "email", "currency_column", "texts")
ACCOUNT_NAMES = [("1010", later("In the bank account")), ("1030", later("In the cash box"))]
ACCOUNTS = ("1010", "1030")


@dataclass(frozen=True, slots=True)
class GiftTable(Table):
    """A list of gifts: also what they are for, a fund or a campaign, as ``fund:GEN`` or
    ``campaign:roof``; the account where their money is; whether gifts without an address come in.
    """

    purpose: str
    account: str
    without_email: bool


class GiftTableForm(TableFields, Form[GiftTable]):
    """Asks for what only a list of gifts has."""

    makes = GiftTable
    gathers = MappingProxyType({COLUMN: "columns"})

    purpose = Line(
        required=True, longest=80, metadata=asked(later("Fund or campaign"), widget="choice")
    )
    account = one_of(
        ACCOUNTS,
        "Choose where the money is.",
        metadata=asked(
            later("Where the money is"),
            hint=later("Each contribution is booked there on its date"),
            options=ACCOUNT_NAMES,
        ),
    )
    without_email = fields.Boolean(
        load_default=False,
        error_messages={"invalid": "Select it or leave it empty."},
        metadata=asked(
            later("Import contributions without an e-mail address as unidentified receipts")
        ),
    )


def gift_table(columns: int) -> Form[GiftTable]:
    """Return the shape of what is said of a list of gifts with so many columns."""
    return GiftTableForm.with_fields(columns_of(columns, MEANINGS))
