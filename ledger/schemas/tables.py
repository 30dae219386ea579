"""What a person says of a table: how it is written, and what each of its columns is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import Schema, fields

from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.forms import Form

# What a column of a bank's table can be; a table has several of texts only.
MEANINGS = (
    "", "day", "value_day", "amount", "paid_out", "paid_in", "sign", "balance", "currency_column",
    "counterparty", "counterparty_account", "texts", "reference", "end_to_end", "code", "status",
    "account_column", "fee", "net", "refunded", "payout",
)  # fmt: skip
DAY_FORMATS = ("auto", "dmy", "mdy", "ymd")
MARKS = ("", ".", ",")
ENCODINGS = ("", "utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "cp850", "mac_roman")
DAY_FORMAT_NAMES = [
    ("auto", later("Detect automatically")),
    ("dmy", later("Day, month, year (31/12/2026)")),
    ("mdy", later("Month, day, year (12/31/2026)")),
    ("ymd", later("Year, month, day (2026-12-31)")),
]
MARK_NAMES = [
    ("", later("Detect automatically")),
    (".", later("a point (1,234.56)")),
    (",", later("a comma (1.234,56)")),
]
ENCODING_NAMES = [
    ("", later("Detect automatically")),
    ("utf-8", "UTF-8"),
    ("utf-16", "UTF-16"),
    ("cp1252", "Windows-1252"),
    ("cp1250", later("Windows-1250 (central Europe)")),
    ("cp1251", later("Windows-1251 (Cyrillic)")),
    ("cp850", "CP850 (DOS)"),
    ("mac_roman", "Mac Roman"),
]
ACTIONS = ("preview", "import", "drop")


COLUMN = "column-"


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is written; what is empty is found by looking at it.

    ``columns`` are what its columns mean, by their numbers from 1 on; ``heading_line`` is the line
    of the file with the headings, 0 for none.
    """

    heading_line: int
    day_format: str
    decimal_mark: str
    encoding: str
    currency: str
    action: str
    columns: Mapping[str, str]


class TableFields(Schema):
    """What is asked of every table."""

    heading_line = fields.Integer(
        required=True,
        error_messages=dict.fromkeys(
            ("required", "null", "invalid"), "Choose the line with the headings."
        ),
        metadata=asked(later("Line of the headings"), widget="choice"),
    )
    day_format = one_of(
        DAY_FORMATS,
        "Choose a date format.",
        metadata=asked(later("Date format"), options=DAY_FORMAT_NAMES),
    )
    decimal_mark = one_of(
        MARKS,
        "Choose a point or a comma.",
        metadata=asked(later("Decimal mark"), options=MARK_NAMES),
    )
    encoding = one_of(
        ENCODINGS,
        "Choose a character encoding.",
        metadata=asked(later("Character encoding"), options=ENCODING_NAMES),
    )
    currency = Line(
        load_default="",
        longest=3,
        metadata=asked(later("Currency, if there is no column for it")),
    )
    action = one_of(ACTIONS, "Choose whether to preview or to import.")


def columns_of(number: int, meanings: Sequence[str] = MEANINGS) -> dict[str, fields.Field[Any]]:
    """Return the fields of a table with so many columns, each of which can mean these."""
    return {
        f"{COLUMN}{column}": one_of(meanings, "Choose the content of this column.")
        for column in range(1, number + 1)
    }


@dataclass(frozen=True, slots=True)
class BankTable(Table):
    """A bank's table: also its balance before the first row, words for money out and for booked
    rows, and which bank account of the books it is of."""

    opening: str
    money_out: str
    booked: str
    bank_account: str
    known_as: str


class BankTableForm(TableFields, Form[BankTable]):
    """Asks for what only a bank's table has."""

    makes = BankTable
    gathers = MappingProxyType({COLUMN: "columns"})

    opening = Line(
        load_default="",
        longest=40,
        metadata=asked(
            later("Balance before the first row, if there is no column for it"),
            widget="decimal",
        ),
    )
    money_out = Line(
        load_default="",
        metadata=asked(
            later("Words for money out"),
            hint=later(
                "Values in the direction column, separated by commas. Leave empty for the usual "
                "ones"
            ),
        ),
    )
    booked = Line(
        load_default="",
        metadata=asked(
            later("Words for booked rows"),
            hint=later("Values in the status column. Other rows are left out"),
        ),
    )
    bank_account = Line(
        load_default="", metadata=asked(later("Bank account in the file"), widget="choice")
    )
    known_as = Line(
        load_default="", metadata=asked(later("In these books, it is"), widget="choice")
    )


def bank_table(columns: int) -> Form[BankTable]:
    """Return the shape of what is said of a bank's table with so many columns."""
    return BankTableForm.with_fields(columns_of(columns))
