"""Money that a treasurer writes down: cash, transfers, refunds, contributions."""

from marshmallow import Schema

from ledger.schemas.fields import Count, Day, Line, Money, Text, one_of
from ledger.services.banking.match_actions import MEANINGS


def cash(exponent: int) -> Schema:
    """Return the shape of cash counted; ``amount`` in a currency of so many decimals."""

    class Cash(Schema):
        """Cash that was counted, for a fund or a pledge; which counts were banked stands beside."""

        amount = Money(exponent, required=True)
        fund = Line(required=True, longest=32)
        received_on = Day(required=True)
        pledge = Line(load_default="", longest=32)
        # The form's own key: sent twice, it is booked once.
        key = Line(required=True, longest=64)
        deed = one_of(("count", "bank"), "Say whether it was counted or taken to the bank.")

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


def shared_cost(exponent: int) -> Schema:
    """Return the shape of a cost that several communities share; the measures stand beside it."""

    class SharedCost(Schema):
        """A cost that one community pays, and why others bear a part."""

        title = Line(required=True)
        amount = Money(exponent, required=True)
        fund = Line(required=True, longest=32)
        reason = Text(required=True, longest=1000)

    return SharedCost()


def refund(exponent: int) -> Schema:
    """Return the shape of a refund that a treasurer asks for."""

    class Refund(Schema):
        """How much of a payment goes back, and why."""

        amount = Money(exponent, required=True)
        reason = Text(required=True, longest=500)

    return Refund()


class Decision(Schema):
    """Yes or no to a proposal, with a word about it."""

    answer = one_of(("approve", "reject"), "Choose yes or no.")
    note = Text(load_default="", longest=500)


class Correction(Schema):
    """Which fund an entry belongs to instead, and why."""

    from_fund = Line(required=True, longest=32)
    to_fund = Line(required=True, longest=32)
    reason = Text(required=True, longest=1000)


class Reason(Schema):
    """Why something is asked for."""

    why = Text(required=True, longest=1000)


class Named(Schema):
    """Which fund a payment was for that named none."""

    fund = Line(required=True, longest=32)


class Meaning(Schema):
    """What a bank line means; ``target`` is a payout, reference, fund or entry."""

    meaning = one_of(tuple(MEANINGS), "Choose what this line means.")
    target = Line(required=True, longest=64)


def sponsor(exponent: int) -> Schema:
    """Return the shape of a sponsor's matching terms; amounts in a currency of so many decimals."""

    class Sponsor(Schema):
        """Who matches gifts to a campaign, how, and up to what."""

        name = Line(required=True, longest=120)
        email = Line(required=True, longest=320)
        campaign = Line(required=True, longest=64)
        percent = Count(required=True)
        up_to = Money(exponent, required=True)
        per_gift = Money(exponent, load_default=0)
        reason = Text(required=True, longest=1000)
        deed = one_of(("try", "propose"), "Say whether to try it or to propose it.")

    return Sponsor()
