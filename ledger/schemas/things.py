"""Things received, what they are worth, and to whom they are lent."""

from typing import Any

from marshmallow import Schema, fields, validate

from ledger.schemas.fields import Count, Line, Money, Text

METHODS = ("comparable_sales", "donor_invoice", "price_list", "expert_opinion")
A_DATE: dict[str, Any] = {"invalid": "Enter a date like 2026-12-31."}


class Intake(Schema):
    """A hand-over of things that somebody saw and counted."""

    book = Line(required=True, longest=32)
    fund = Line(load_default="", longest=32)
    commodity = Line(load_default="", longest=64)
    quantity = Count(required=True)
    description = Line(required=True)
    condition = fields.String(
        required=True, validate=validate.OneOf("ABCDE", error="Choose a condition.")
    )
    received_on = fields.Date(required=True, error_messages=A_DATE)
    pledge = Line(load_default="", longest=32)


def valuation(exponent: int) -> Schema:
    """Return the shape of a valuation whose ``total`` is in a currency of so many decimals."""

    class Valuation(Schema):
        """What received things are worth together."""

        total = Money(exponent, required=True)
        method = fields.String(
            required=True,
            validate=validate.OneOf(METHODS, error="Choose how the value was found."),
        )
        evidence = Text(required=True, longest=1000)
        capitalise = fields.Boolean(load_default=False)

    return Valuation()


class Loan(Schema):
    """To whom a thing is lent and until when."""

    borrower = Line(required=True, longest=32)
    purpose = Line(required=True)
    due_on = fields.Date(required=True, error_messages=A_DATE)
