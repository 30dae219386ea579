"""What a person says of a list of gifts: its columns, what it is for, where the money is."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema, fields

from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.tables import mapping

MEANINGS = ("", "day", "amount", "counterparty", "email", "currency_column", "texts")
ACCOUNT_NAMES = [("1010", later("In the bank account")), ("1030", later("In the cash box"))]
ACCOUNTS = ("1010", "1030")


def gift_mapping(columns: int) -> Schema:
    """Return the shape of what is said of a list of gifts with so many columns."""

    class GiftMapping(type(mapping(columns, MEANINGS))):  # type: ignore[misc]
        """Also what the gifts are for: a fund or a campaign, as ``fund:GEN`` or ``campaign:roof``;
        where their money is; whether gifts without an address come in."""

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

    made: Schema = GiftMapping()
    return made
