"""What somebody says a bank line is: a row for each part, and what is to be done with them."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, Text, WholeNumber, asked, one_of
from ledger.schemas.forms import Form
from ledger.schemas.manual_entries import OptionalMoney
from ledger.services.reconciliation.meanings import MEANINGS

MOST_ACCOUNT = 9999


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """One part of a line; the amount in minor units, None for what the other parts leave."""

    meaning: str
    amount: int | None
    target: str
    fund: str
    account: int | None
    note: str


def part(exponent: int) -> Form[PartAnswer]:
    """Return the shape of one part; ``amount`` in a currency of so many decimals."""

    class PartForm(Form[PartAnswer]):
        """Asks what a part of a line is."""

        makes = PartAnswer
        meaning = one_of(
            tuple(MEANINGS),
            "Choose what this part is.",
            metadata=asked(later("What is it?"), widget="choice"),
        )
        amount = OptionalMoney(
            exponent,
            load_default=None,
            allow_none=True,
            metadata=asked(later("Amount"), hint=later("Empty: the rest of the line")),
        )
        target = Line(
            load_default="",
            longest=64,
            metadata=asked(later("Which one"), hint=later("Reference of the pledge or agreement")),
        )
        fund = Line(load_default="", longest=32, metadata=asked(later("Fund"), widget="choice"))
        account = WholeNumber(
            most=MOST_ACCOUNT,
            load_default=None,
            allow_none=True,
            metadata=asked(later("Account of the cost"), widget="choice"),
        )
        note = Text(
            load_default="",
            longest=1000,
            metadata=asked(later("Note"), hint=later("What it was for"), widget="line"),
        )

    return PartForm()


@dataclass(frozen=True, slots=True)
class Step:
    """Whether the parts are looked at, booked, or one more is asked for."""

    step: str


class StepForm(Form[Step]):
    """Asks which button was pressed."""

    makes = Step
    step = one_of(("preview", "book", "more"), "Choose whether to preview or to book.")
