"""Find the lots that a beancount posting sells from: ``-5 ACME {}`` takes what they cost.

Rules of beancount's manual, "How Inventories Work": an amount against what an account holds is a
reduction and has to match lots of it; any other is an augmentation and makes a lot. Methods STRICT,
STRICT_WITH_SIZE, FIFO, LIFO, HIFO and NONE.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, Inexact, localcontext

from ledger.errors import Invalid
from ledger.importers.history import Figure

# What beancount divides with, where a cost of one does not come out even.
_DIGITS = 28


@dataclass(frozen=True, slots=True)
class Spec:
    """What stands in ``{…}``: the cost of one, a total on top of it, the day, and a label."""

    per: Decimal | None = None
    total: Decimal | None = None
    unit: str | None = None
    on: date | None = None
    label: str | None = None

    def cost_of_one(self, units: Decimal) -> Decimal | None:
        """Return the cost of one; None where the file leaves it to the lots."""
        if self.total is None:
            return self.per
        if not units:
            return None
        return divided((self.per or Decimal(0)) * abs(units) + self.total, abs(units))


@dataclass(frozen=True, slots=True)
class Lot:
    """So many of a unit that were bought together; ``cost`` is of one."""

    units: Figure
    cost: Figure
    on: date
    label: str | None


def divided(number: Decimal, by: Decimal) -> Decimal:
    """Divide as beancount does: to 28 digits."""
    with localcontext() as context:
        context.prec = _DIGITS
        context.traps[Inexact] = False
        return number / by


_Key = tuple[str, Figure, date, str | None]


class Lots:
    """What each account holds in lots, and what of each unit it holds without a cost."""

    def __init__(self) -> None:
        self._lots: defaultdict[str, dict[_Key, Lot]] = defaultdict(dict)
        self._plain: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def add_plain(self, account: str, figure: Figure) -> None:
        """Add an amount that has no cost."""
        self._plain[account, figure.unit] += figure.number

    def add(self, account: str, lot: Lot) -> None:
        """Add to the lot of the same cost, day and label, or begin one."""
        held, unit = self._lots[account], lot.units.unit
        key = (unit, lot.cost, lot.on, lot.label)
        before = held[key].units.number if key in held else Decimal(0)
        number = before + lot.units.number
        if number:
            held[key] = replace(lot, units=Figure(number, unit))
        else:
            held.pop(key, None)

    def reduces(self, account: str, figure: Figure) -> bool:
        """Tell whether an amount goes against anything that the account holds of its unit."""
        if not figure.number:
            return False
        below = figure.number < 0
        plain = self._plain[account, figure.unit]
        return (plain != 0 and (plain < 0) != below) or any(
            lot.units.unit == figure.unit and (lot.units.number < 0) != below
            for lot in self._lots[account].values()
        )

    def reduced(
        self, account: str, figure: Figure, spec: Spec, method: str, place: str
    ) -> list[Lot]:
        """Return what is taken of which lots. Raises Invalid where that cannot be told."""
        cost = spec.cost_of_one(figure.number)
        matches = [
            lot
            for lot in self._lots[account].values()
            if lot.units.unit == figure.unit
            and cost in (None, lot.cost.number)
            and spec.unit in (None, lot.cost.unit)
            and spec.on in (None, lot.on)
            and spec.label in (None, lot.label)
        ]
        if not matches:
            raise Invalid(
                "{account} holds no such lot of {unit}.",
                place=place,
                account=account,
                unit=figure.unit,
            )
        if method in ("FIFO", "LIFO", "HIFO"):
            return _in_order(matches, figure, method, place)
        return _strictly(matches, figure, method, place)


def _strictly(matches: list[Lot], figure: Figure, method: str, place: str) -> list[Lot]:
    if len(matches) > 1 and sum(lot.units.number for lot in matches) != -figure.number:
        same = [lot for lot in matches if lot.units.number == -figure.number]
        if method != "STRICT_WITH_SIZE" or not same:
            raise Invalid(
                "Several lots of {unit} match. Choose one by its cost, date or label.",
                place=place,
                unit=figure.unit,
            )
        matches = [min(same, key=lambda lot: lot.on)]
    if len(matches) > 1:
        return [replace(lot, units=Figure(-lot.units.number, figure.unit)) for lot in matches]
    (lot,) = matches
    if abs(lot.units.number) < abs(figure.number):
        raise _too_few(figure, place)
    return [replace(lot, units=figure)]


def _in_order(matches: list[Lot], figure: Figure, method: str, place: str) -> list[Lot]:
    """Take from the oldest, the youngest or the dearest lot first."""
    left = abs(figure.number)
    sign = -1 if figure.number < 0 else 1
    taken: list[Lot] = []
    ordered = (
        sorted(matches, key=lambda lot: lot.cost.number, reverse=True)
        if method == "HIFO"
        else sorted(matches, key=lambda lot: lot.on, reverse=method == "LIFO")
    )
    for lot in ordered:
        if left <= 0:
            break
        if lot.units.number * sign > 0:
            continue
        size = min(abs(lot.units.number), left)
        taken.append(replace(lot, units=Figure(size * sign, figure.unit)))
        left -= size
    if left > 0:
        raise _too_few(figure, place)
    return taken


def _too_few(figure: Figure, place: str) -> Invalid:
    return Invalid(
        "The lots hold less than {number:f} {unit}.",
        place=place,
        number=abs(figure.number),
        unit=figure.unit,
    )
