"""What a person says of a table: how it is written, and what each of its columns is."""

from typing import Any

from marshmallow import Schema, fields

from ledger.schemas.fields import Line, one_of

# What a column of a bank's table can be; a table has several of texts only.
MEANINGS = (
    "", "day", "value_day", "amount", "paid_out", "paid_in", "sign", "balance", "currency_column",
    "counterparty", "counterparty_account", "texts", "reference", "end_to_end", "code", "status",
    "account_column", "fee", "net", "refunded", "payout",
)  # fmt: skip
DAY_FORMATS = ("auto", "dmy", "mdy", "ymd")
MARKS = ("", ".", ",")
ENCODINGS = ("", "utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "cp850", "mac_roman")
DEEDS = ("preview", "import", "drop")


def mapping(columns: int, meanings: tuple[str, ...] = MEANINGS) -> Schema:
    """Return the shape of what is said of a table with so many columns."""
    shape: dict[str, Any] = {
        "heading_line": fields.Integer(
            required=True,
            error_messages=dict.fromkeys(
                ("required", "null", "invalid"), "Choose the line of the headings."
            ),
        ),
        "day_format": one_of(DAY_FORMATS, "Choose how days are written."),
        "decimal_mark": one_of(MARKS, "Choose a point or a comma."),
        "encoding": one_of(ENCODINGS, "Choose how letters are written."),
        "currency": Line(load_default="", longest=3),
        "deed": one_of(DEEDS, "Say whether to preview or to import."),
    }
    for number in range(1, columns + 1):
        shape[f"column-{number}"] = one_of(meanings, "Choose what this column is.")
    return Schema.from_dict(shape, name="Mapping")()


def bank_mapping(columns: int) -> Schema:
    """Return the shape of what is said of a bank's table with so many columns."""

    class BankMapping(type(mapping(columns))):  # type: ignore[misc]
        """Also what only a bank's table has: balances, rows that are not booked, and which bank
        account of the books it is of."""

        opening = Line(load_default="", longest=40)
        money_out = Line(load_default="")
        booked = Line(load_default="")
        bank_account = Line(load_default="")
        known_as = Line(load_default="")

    made: Schema = BankMapping()
    return made
