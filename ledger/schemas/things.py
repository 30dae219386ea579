"""Things received, what they are worth, and to whom they are lent."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import fields, pre_load, validate

from ledger.schemas.fields import Count, Day, Line, Money, Text, asked, one_of
from ledger.schemas.forms import Form
from ledger.services.equipment.disposals import WAYS

CONDITIONS = [
    ("A", later("A – as new")),
    ("B", later("B – good")),
    ("C", later("C – used, works")),
    ("D", later("D – needs repair")),
    ("E", later("E – for parts")),
]
METHODS = ("comparable_sales", "donor_invoice", "price_list", "expert_opinion")


@dataclass(frozen=True, slots=True)
class HandOver:
    """Things that somebody saw and counted: for a pledge, or of a kind and for a fund; codes, and
    the pledge's reference."""

    book: str
    fund: str
    commodity: str
    quantity: int
    description: str
    condition: str
    received_on: date
    pledge: str


class HandOverForm(Form[HandOver]):
    """Asks what was received."""

    makes = HandOver
    book = Line(required=True, longest=32, metadata=asked(later("Community"), widget="choice"))
    fund = Line(
        load_default="",
        longest=32,
        metadata=asked(later("Fund, without a pledge"), widget="choice"),
    )
    commodity = Line(
        load_default="",
        longest=64,
        metadata=asked(later("Equipment, without a pledge"), widget="choice"),
    )
    quantity = Count(required=True, metadata=asked(later("Number")))
    description = Line(
        required=True,
        metadata=asked(later("Description"), hint=later("Maker, model, serial number")),
    )
    condition = one_of(
        "ABCDE", "Choose a condition.", metadata=asked(later("Condition"), options=CONDITIONS)
    )
    received_on = Day(required=True, metadata=asked(later("Day")))
    pledge = Line(
        load_default="",
        longest=32,
        metadata=asked(
            later("Pledge"),
            hint=later("Pledge reference. If there is no pledge, describe the equipment below."),
        ),
    )


@dataclass(frozen=True, slots=True)
class Valuation:
    """What received things are worth together, in minor units, and how that is known."""

    total: int
    method: str
    evidence: str


def valuation(exponent: int) -> Form[Valuation]:
    """Return the shape of a valuation whose ``total`` is in a currency of so many decimals."""

    class ValuationForm(Form[Valuation]):
        """Asks for a value."""

        makes = Valuation
        total = Money(exponent, required=True, metadata=asked(later("Total value")))
        method = one_of(
            METHODS,
            "Choose how the value was determined.",
            metadata=asked(later("How the value was determined")),
        )
        evidence = Text(
            required=True,
            longest=1000,
            metadata=asked(
                later("Evidence"),
                hint=later(
                    "Comparison of offers, invoice or expert opinion. The donor's own "
                    "estimate is only evidence."
                ),
            ),
        )

    return ValuationForm()


@dataclass(frozen=True, slots=True)
class Loan:
    """To which community a thing is lent, for what and until when."""

    borrower: str
    purpose: str
    due_on: date


class LoanForm(Form[Loan]):
    """Asks to whom a thing goes."""

    makes = Loan
    borrower = Line(required=True, longest=32, metadata=asked(later("To"), widget="choice"))
    purpose = Line(required=True, metadata=asked(later("Purpose")))
    due_on = Day(required=True, metadata=asked(later("Return by")))


@dataclass(frozen=True, slots=True)
class LettingGo:
    """How a thing goes, for how much in minor units, and why."""

    way: str
    price: int
    reason: str


def letting_go(exponent: int) -> Form[LettingGo]:
    """Return the shape of a request to let a thing go; what is not sold has no price."""

    class LettingGoForm(Form[LettingGo]):
        """Asks how a thing goes."""

        makes = LettingGo
        way = one_of(
            tuple(WAYS), "Choose how the equipment was disposed of.", metadata=asked(later("How"))
        )
        price = Money(
            exponent,
            load_default=0,
            metadata=asked(later("Price"), hint=later("Only if it was sold.")),
        )
        reason = Text(required=True, longest=1000, metadata=asked(later("Reason")))

        @pre_load
        def without_price(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
            """Leave an empty price out."""
            return {key: value for key, value in data.items() if key != "price" or value}

    return LettingGoForm()


@dataclass(frozen=True, slots=True)
class GivingOn:
    """To which community a thing goes for good, and to which of its funds; empty for the general
    one."""

    receiver: str
    fund: str
    reason: str


class GivingOnForm(Form[GivingOn]):
    """Asks who receives a thing."""

    makes = GivingOn
    receiver = Line(required=True, longest=32, metadata=asked(later("To"), widget="choice"))
    fund = Line(
        load_default="",
        longest=32,
        metadata=asked(
            later("Their fund"), hint=later("Code of the fund. If empty, their general fund.")
        ),
    )
    reason = Text(required=True, longest=1000, metadata=asked(later("Reason")))


@dataclass(frozen=True, slots=True)
class Wear:
    """Over how many months a thing wears: ``one``, or ``all`` that were valued with it."""

    months: int
    scope: str


class WearForm(Form[Wear]):
    """Asks for a useful life."""

    makes = Wear
    months = Count(
        required=True,
        metadata=asked(
            later("Useful life in months"),
            hint=later("The value is depreciated in equal parts over these months."),
        ),
    )
    # Of several that were valued together: this one, or all that have no plan of their own.
    scope = fields.String(
        load_default="one",
        validate=validate.OneOf(("one", "all"), error="Choose one of these."),
        metadata=asked(later("Which"), widget="choice", needed=True),
    )


@dataclass(frozen=True, slots=True)
class Damage:
    """What the harm comes to, and what the borrower pays for it, in minor units."""

    impairment: int
    compensation: int
    reason: str


def damage(exponent: int) -> Form[Damage]:
    """Return the shape of a damaged return; both amounts in a currency of so many decimals."""

    class DamageForm(Form[Damage]):
        """Asks for the harm."""

        makes = Damage
        impairment = Money(exponent, required=True, metadata=asked(later("Loss in value")))
        compensation = Money(
            exponent, load_default=0, metadata=asked(later("Compensation by the borrower"))
        )
        reason = Text(required=True, longest=1000, metadata=asked(later("Reason")))

        @pre_load
        def without_compensation(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
            """Leave an empty compensation out."""
            return {key: value for key, value in data.items() if key != "compensation" or value}

    return DamageForm()
