"""Things received, what they are worth, and to whom they are lent."""

from marshmallow import Schema, fields

from ledger.schemas.fields import A_DATE, Count, Line, Money, Text, one_of

METHODS = ("comparable_sales", "donor_invoice", "price_list", "expert_opinion")


class Intake(Schema):
    """A hand-over of things that somebody saw and counted."""

    book = Line(required=True, longest=32)
    fund = Line(load_default="", longest=32)
    commodity = Line(load_default="", longest=64)
    quantity = Count(required=True)
    description = Line(required=True)
    condition = one_of("ABCDE", "Choose a condition.")
    received_on = fields.Date(required=True, error_messages=A_DATE)
    pledge = Line(load_default="", longest=32)


def valuation(exponent: int) -> Schema:
    """Return the shape of a valuation whose ``total`` is in a currency of so many decimals."""

    class Valuation(Schema):
        """What received things are worth together."""

        total = Money(exponent, required=True)
        method = one_of(METHODS, "Choose how the value was found.")
        evidence = Text(required=True, longest=1000)
        capitalise = fields.Boolean(
            load_default=False, error_messages={"invalid": "Tick the box or leave it."}
        )

    return Valuation()


class Loan(Schema):
    """To whom a thing is lent and until when."""

    borrower = Line(required=True, longest=32)
    purpose = Line(required=True)
    due_on = fields.Date(required=True, error_messages=A_DATE)
