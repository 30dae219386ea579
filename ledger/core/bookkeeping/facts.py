"""What several events are told together: a charge, hours, a thing, what a pledge had open.

Amounts in minor units, minutes. Must not know what an event does with them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """What is given to a pledge: how much of it was an open intention (``released``), and how much
    was owed (``receivable``). Without a pledge there is neither."""

    pledge: str | None = None
    released: int = 0
    receivable: int = 0


NO_PLEDGE = Fulfilled()


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as Stripe settled it; ``payment`` is Stripe's id of what caused it."""

    currency: str
    amount: int
    fee: int
    payment: str | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of a skill that somebody worked, and what they are worth by a valuation."""

    commodity: str
    minutes: int
    currency: str
    value: int
    valuation: str


@dataclass(frozen=True, slots=True)
class Item:
    """A thing as the books carry it: its tag, what it cost, and what of that is gone by wear and by
    harm."""

    commodity: str
    asset: str
    currency: str
    cost: int
    depreciated: int
    impaired: int = 0


@dataclass(frozen=True, slots=True)
class Damage:
    """What a lent thing lost in value, and what its borrower pays for that."""

    currency: str
    impairment: int
    compensation: int
