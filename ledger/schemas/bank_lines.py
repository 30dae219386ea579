"""What somebody says a bank line is: a row for each part, and what is to be done with them."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, Text, WholeNumber, asked, one_of
from ledger.schemas.forms import Form
from ledger.schemas.manual_entries import OptionalMoney
from ledger.services.reconciliation.meanings import MEANINGS
from ledger.services.reconciliation.rules import SAYABLE

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
            metadata=asked(
                later("Which one"),
                hint=later("Only for a pledge, bill, claim, grant or entry: its reference"),
            ),
        )
        fund = Line(load_default="", longest=32, metadata=asked(later("Fund"), widget="choice"))
        account = WholeNumber(
            most=MOST_ACCOUNT,
            load_default=None,
            allow_none=True,
            metadata=asked(
                later("Account of the cost"),
                widget="choice",
                hint=later("Only for a payment without a bill, or a supplier’s refund"),
            ),
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


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """A rule for bank lines, and whether it is only tried; amounts in minor units."""

    direction: str
    words: str
    counterparty_account: str
    least: int | None
    most: int | None
    meaning: str
    fund: str
    account: int | None
    note: str
    step: str


def _bound(exponent: int, label: Any, hint: Any = "") -> OptionalMoney:
    return OptionalMoney(
        exponent, load_default=None, allow_none=True, metadata=asked(label, hint, widget="money")
    )


def rule(exponent: int) -> Form[RuleAnswer]:
    """Return the shape of a rule; amounts in a currency of so many decimals."""

    class RuleForm(Form[RuleAnswer]):
        """Asks when a rule fits, and what a line is then."""

        makes = RuleAnswer
        direction = one_of(
            ("in", "out"),
            "Choose whether money comes in or goes out.",
            metadata=asked(
                later("Money"),
                widget="choice",
                options=(("in", later("comes in")), ("out", later("goes out"))),
            ),
        )
        words = Line(
            load_default="",
            longest=120,
            metadata=asked(
                later("Words"), hint=later("All of them are in the text or the name of the line")
            ),
        )
        counterparty_account = Line(
            load_default="",
            longest=64,
            metadata=asked(
                later("Bank account of the other side"), hint=later("IBAN, as the bank writes it")
            ),
        )
        least = _bound(exponent, later("Smallest amount"))
        most = _bound(
            exponent, later("Largest amount"), later("Needed before a rule can book by itself")
        )
        meaning = one_of(
            SAYABLE,
            "Choose what such a line is.",
            metadata=asked(later("Then it is"), widget="choice"),
        )
        fund = Line(required=True, longest=32, metadata=asked(later("Fund"), widget="choice"))
        account = WholeNumber(
            most=MOST_ACCOUNT,
            load_default=None,
            allow_none=True,
            metadata=asked(later("Account of the cost"), widget="choice"),
        )
        note = Line(load_default="", longest=200, metadata=asked(later("Note")))
        step = one_of(("try", "keep"), "Choose whether to try or to keep the rule.")

    return RuleForm()


@dataclass(frozen=True, slots=True)
class RuleStep:
    """What is done with a rule: an approver is asked, or it is withdrawn; ``why`` what it booked
    is undone, empty to leave that."""

    step: str
    why: str


class RuleStepForm(Form[RuleStep]):
    """Asks what to do with a rule."""

    makes = RuleStep
    step = one_of(("ask", "withdraw"), "Choose whether to ask an approver or to withdraw.")
    why = Text(
        load_default="",
        longest=500,
        metadata=asked(
            later("Undo what it booked, because"),
            hint=later("Empty: what it booked stays as it is"),
            widget="line",
        ),
    )


@dataclass(frozen=True, slots=True)
class Many:
    """What is done with many lines: all that are certain, or the selected ones as one thing."""

    what: str
    meaning: str
    fund: str
    step: str


class ManyForm(Form[Many]):
    """Asks what to do with many lines; which ones stands beside."""

    makes = Many
    what = one_of(("certain", "same"), "Choose what to do with these lines.")
    meaning = Line(load_default="", longest=32)
    fund = Line(load_default="", longest=32)
    step = one_of(("preview", "book"), "Choose whether to preview or to book.")
