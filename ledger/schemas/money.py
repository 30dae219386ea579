"""Money that a treasurer writes down: cash, transfers, refunds, contributions, allocations."""

from typing import Any

from marshmallow import Schema, fields, validate

from ledger.core.allocation import RULES
from ledger.schemas.fields import Line, Money, Text

A_DATE: dict[str, Any] = {"invalid": "Enter a date like 2026-12-31."}


def cash(exponent: int) -> Schema:
    """Return the shape of cash counted; ``amount`` in a currency of so many decimals."""

    class Cash(Schema):
        """Cash that was counted, for a fund or a pledge."""

        amount = Money(exponent, required=True)
        fund = Line(required=True, longest=32)
        received_on = fields.Date(required=True, error_messages=A_DATE)
        pledge = Line(load_default="", longest=32)

    return Cash()


def transfer(exponent: int) -> Schema:
    """Return the shape of a grant to another book, or a contribution to a pool."""

    class Transfer(Schema):
        """Money that one book promises another."""

        amount = Money(exponent, required=True)
        fund = Line(required=True, longest=32)
        receiver = Line(required=True, longest=32)
        receiver_fund = Line(load_default="", longest=32)
        reason = Text(required=True, longest=1000)

    return Transfer()


def allocation(exponent: int) -> Schema:
    """Return the shape of an allocation run over a pool's members."""

    class Allocation(Schema):
        """How much of a pool is handed out, by which rule and for what."""

        amount = Money(exponent, required=True)
        rule = fields.String(required=True, validate=validate.OneOf(RULES, error="Choose a rule."))
        purpose = Line(required=True)

    return Allocation()


def refund(exponent: int) -> Schema:
    """Return the shape of a refund that a treasurer asks for."""

    class Refund(Schema):
        """How much of a payment goes back, and why."""

        amount = Money(exponent, required=True)
        reason = Text(required=True, longest=500)

    return Refund()


class Decision(Schema):
    """Yes or no to a proposal, with a word about it."""

    answer = fields.String(
        required=True, validate=validate.OneOf(("approve", "reject"), error="Choose yes or no.")
    )
    note = Text(load_default="", longest=500)


class Correction(Schema):
    """Which fund an entry belongs to instead, and why."""

    from_fund = Line(required=True, longest=32)
    to_fund = Line(required=True, longest=32)
    reason = Text(required=True, longest=1000)


MEANINGS = ("payout", "pledge", "charge", "gift", "unidentified", "identify", "entry")


class Meaning(Schema):
    """What a bank line means; ``target`` is a payout, reference, fund or entry."""

    meaning = fields.String(
        required=True, validate=validate.OneOf(MEANINGS, error="Choose what this line means.")
    )
    target = Line(required=True, longest=64)
