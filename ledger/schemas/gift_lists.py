"""What a person says of a list of gifts: its columns, what it is for, where the money is."""

from marshmallow import Schema, fields

from ledger.schemas.fields import Line, one_of
from ledger.schemas.tables import mapping

MEANINGS = ("", "day", "amount", "counterparty", "email", "currency_column", "texts")
ACCOUNTS = ("1010", "1030")


def gift_mapping(columns: int) -> Schema:
    """Return the shape of what is said of a list of gifts with so many columns."""

    class GiftMapping(type(mapping(columns, MEANINGS))):  # type: ignore[misc]
        """Also what the gifts are for: a fund or a campaign, as ``fund:GEN`` or ``campaign:roof``;
        where their money is; whether gifts without an address come in."""

        purpose = Line(required=True, longest=80)
        account = one_of(ACCOUNTS, "Choose where the money is.")
        without_email = fields.Boolean(
            load_default=False, error_messages={"invalid": "Tick it or leave it."}
        )

    made: Schema = GiftMapping()
    return made
