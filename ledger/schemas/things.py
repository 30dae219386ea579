"""Things received, what they are worth, and to whom they are lent."""

from typing import Any

from marshmallow import Schema, fields, pre_load, validate

from ledger.schemas.fields import Count, Day, Line, Money, Text, one_of
from ledger.services.equipment.disposals import WAYS

METHODS = ("comparable_sales", "donor_invoice", "price_list", "expert_opinion")


class Intake(Schema):
    """A hand-over of things that somebody saw and counted."""

    book = Line(required=True, longest=32)
    fund = Line(load_default="", longest=32)
    commodity = Line(load_default="", longest=64)
    quantity = Count(required=True)
    description = Line(required=True)
    condition = one_of("ABCDE", "Choose a condition.")
    received_on = Day(required=True)
    pledge = Line(load_default="", longest=32)


def valuation(exponent: int) -> Schema:
    """Return the shape of a valuation whose ``total`` is in a currency of so many decimals."""

    class Valuation(Schema):
        """What received things are worth together."""

        total = Money(exponent, required=True)
        method = one_of(METHODS, "Choose how the value was found.")
        evidence = Text(required=True, longest=1000)

    return Valuation()


class Loan(Schema):
    """To whom a thing is lent and until when."""

    borrower = Line(required=True, longest=32)
    purpose = Line(required=True)
    due_on = Day(required=True)


def letting_go(exponent: int) -> Schema:
    """Return the shape of a request to let a thing go; what is not sold has no price."""

    class LettingGo(Schema):
        """How a thing goes, for how much, and why."""

        way = one_of(tuple(WAYS), "Choose how it goes.")
        price = Money(exponent, load_default=0)
        reason = Text(required=True, longest=1000)

        @pre_load
        def without_price(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
            """Leave an empty price out."""
            return {key: value for key, value in data.items() if key != "price" or value}

    return LettingGo()


class GivingOn(Schema):
    """To which community a thing goes for good."""

    receiver = Line(required=True, longest=32)
    fund = Line(load_default="", longest=32)
    reason = Text(required=True, longest=1000)


class Wear(Schema):
    """Over how many months a thing wears."""

    months = Count(required=True)
    # Of several that were valued together: this one, or all that have no plan of their own.
    scope = fields.String(
        load_default="one", validate=validate.OneOf(("one", "all"), error="Choose which of them.")
    )


def damage(exponent: int) -> Schema:
    """Return the shape of a damaged return; both amounts in a currency of so many decimals."""

    class Damage(Schema):
        """What the harm comes to, and what the borrower pays for it."""

        impairment = Money(exponent, required=True)
        compensation = Money(exponent, load_default=0)
        reason = Text(required=True, longest=1000)

        @pre_load
        def without_compensation(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
            """Leave an empty compensation out."""
            return {key: value for key, value in data.items() if key != "compensation" or value}

    return Damage()
