"""Things received, what they are worth, and to whom they are lent."""

from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import Schema, fields, pre_load, validate

from ledger.schemas.fields import Count, Day, Line, Money, Text, asked, one_of
from ledger.services.equipment.disposals import WAYS

CONDITIONS = [
    ("A", later("A – as new")),
    ("B", later("B – good")),
    ("C", later("C – used, works")),
    ("D", later("D – needs repair")),
    ("E", later("E – for parts")),
]
METHODS = ("comparable_sales", "donor_invoice", "price_list", "expert_opinion")


class Intake(Schema):
    """A hand-over of things that somebody saw and counted."""

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


def valuation(exponent: int) -> Schema:
    """Return the shape of a valuation whose ``total`` is in a currency of so many decimals."""

    class Valuation(Schema):
        """What received things are worth together."""

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

    return Valuation()


class Loan(Schema):
    """To whom a thing is lent and until when."""

    borrower = Line(required=True, longest=32, metadata=asked(later("To"), widget="choice"))
    purpose = Line(required=True, metadata=asked(later("Purpose")))
    due_on = Day(required=True, metadata=asked(later("Return by")))


def letting_go(exponent: int) -> Schema:
    """Return the shape of a request to let a thing go; what is not sold has no price."""

    class LettingGo(Schema):
        """How a thing goes, for how much, and why."""

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

    return LettingGo()


class GivingOn(Schema):
    """To which community a thing goes for good."""

    receiver = Line(required=True, longest=32, metadata=asked(later("To"), widget="choice"))
    fund = Line(
        load_default="",
        longest=32,
        metadata=asked(
            later("Their fund"), hint=later("Code of the fund. If empty, their general fund.")
        ),
    )
    reason = Text(required=True, longest=1000, metadata=asked(later("Reason")))


class Wear(Schema):
    """Over how many months a thing wears."""

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


def damage(exponent: int) -> Schema:
    """Return the shape of a damaged return; both amounts in a currency of so many decimals."""

    class Damage(Schema):
        """What the harm comes to, and what the borrower pays for it."""

        impairment = Money(exponent, required=True, metadata=asked(later("Loss in value")))
        compensation = Money(
            exponent, load_default=0, metadata=asked(later("Compensation by the borrower"))
        )
        reason = Text(required=True, longest=1000, metadata=asked(later("Reason")))

        @pre_load
        def without_compensation(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
            """Leave an empty compensation out."""
            return {key: value for key, value in data.items() if key != "compensation" or value}

    return Damage()
