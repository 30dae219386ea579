"""Instalments, and what a donor adds to cover the fee: integers in, integers out, nothing lost."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger.core.vocabulary import Interval
from ledger.errors import Invalid

MOST_PARTS = 60
EVERY = {Interval.MONTH: 1, Interval.YEAR: 12}
WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment: the day it is due and its amount in minor units."""

    due_on: date
    quantity: int


@dataclass(frozen=True, slots=True)
class FeeEstimate:
    """What a payment is thought to cost: basis points of it, and minor units for each.

    Only ever shown to donors; what is booked is what Stripe says (domain decision D7).
    """

    basis_points: int
    fixed: int

    def fee_on(self, amount: int) -> int:
        """Return the estimated fee on an amount, halves rounded up."""
        return (2 * amount * self.basis_points + WHOLE) // (2 * WHOLE) + self.fixed

    def cover_for(self, amount: int) -> int:
        """Return the least that must be added so that the amount is left after the fee."""
        # Two below what exact arithmetic gives: rounding moves the answer by one at most.
        exact = (amount + self.fixed) * WHOLE // (WHOLE - self.basis_points) - amount
        cover = max(0, exact - 2)
        while cover < self.fee_on(amount + cover):
            cover += 1
        return cover


def instalments(
    total: int, parts: int, first_on: date, every: Interval = Interval.MONTH
) -> list[Part]:
    """Split a sum into equal parts; the rest that does not divide is on the last one.

    Always counted from the first day, so that the 31st comes back after a short month. Raises
    Invalid for fewer than two parts, more than 60, or less than one minor unit each.
    """
    if not 2 <= parts <= MOST_PARTS:
        raise Invalid(
            "Choose between 2 and {most_parts} instalments.", place="parts", most_parts=MOST_PARTS
        )
    if total < parts:
        raise Invalid("This amount is too small for that many instalments.", place="parts")
    each, rest = divmod(total, parts)
    return [
        Part(later(first_on, n, every), each + (rest if n == parts - 1 else 0))
        for n in range(parts)
    ]


def later(day: date, times: int, every: Interval = Interval.MONTH) -> date:
    """Return a day some months or years later, at the month's end where there is no such day."""
    months = day.year * 12 + day.month - 1 + times * EVERY[every]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def due_by(parts: Sequence[Part], on: date, paid: int) -> int:
    """Return what is due and not paid on a day; payments fill the oldest parts first (PAY-04)."""
    return max(0, sum(part.quantity for part in parts if part.due_on <= on) - paid)


def next_due(parts: Sequence[Part], paid: int) -> date | None:
    """Return the day of the oldest part that payments have not filled; None when all are."""
    total = 0
    for part in parts:
        total += part.quantity
        if total > paid:
            return part.due_on
    return None
