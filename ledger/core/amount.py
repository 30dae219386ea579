"""Exact quantities: an integer and the commodity it counts.

Units: currencies in ISO 4217 minor units, time in minutes, items in units, bulk in grams or
millilitres (domain section 3.1); holdings that are worth something and no currency (shares,
local money) under a code that names its decimals, ``UNT4.GOLD``. Must never hold a float and
never add across commodities.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ledger.core.currencies import EXPONENTS, exponent


@dataclass(frozen=True, slots=True)
class Amount:
    """A signed whole number of one commodity's smallest unit."""

    quantity: int
    commodity: str

    def __post_init__(self) -> None:
        # bool is an int to Python, but True euros is a mistake.
        if type(self.quantity) is not int:
            raise TypeError(f"a quantity is a whole number, not {self.quantity!r}")

    def __neg__(self) -> "Amount":
        return Amount(-self.quantity, self.commodity)

    def __add__(self, other: "Amount") -> "Amount":
        if other.commodity != self.commodity:
            raise TypeError(f"{self.commodity} and {other.commodity} cannot be added")
        return Amount(self.quantity + other.quantity, self.commodity)

    def __sub__(self, other: "Amount") -> "Amount":
        return self + -other


class Balance:
    """Quantities by commodity, added up; commodities at zero are dropped."""

    __slots__ = ("_quantities",)

    def __init__(self, amounts: Iterable[Amount] = ()) -> None:
        self._quantities: dict[str, int] = {}
        for amount in amounts:
            self.add(amount)

    def add(self, amount: Amount) -> None:
        """Add one amount in place."""
        total = self._quantities.get(amount.commodity, 0) + amount.quantity
        if total:
            self._quantities[amount.commodity] = total
        else:
            self._quantities.pop(amount.commodity, None)

    def __getitem__(self, commodity: str) -> int:
        return self._quantities.get(commodity, 0)

    def __iter__(self) -> Iterator[Amount]:
        for commodity in sorted(self._quantities):
            yield Amount(self._quantities[commodity], commodity)

    def __bool__(self) -> bool:
        return bool(self._quantities)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Balance) and other._quantities == self._quantities

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Balance({dict(sorted(self._quantities.items()))!r})"


def is_currency(commodity: str) -> bool:
    """Tell whether a commodity code is a currency: three capitals, no class prefix."""
    return len(commodity) == 3 and commodity.isalpha() and commodity.isupper()


UNKNOWN = "unknown"
KINDS = {"MIN": "hours", "EQP": "things", "GRM": "things", "MLT": "things"}
MAX_DECIMALS = 6
_HOLDING = re.compile(rf"UNT([0-{MAX_DECIMALS}])\.[A-Z0-9_-]+")


def is_holding(commodity: str) -> bool:
    """Tell whether a code is a holding: worth something as money is, with decimals of its own."""
    return _HOLDING.fullmatch(commodity) is not None


def has_value(commodity: str) -> bool:
    """Tell whether a commodity may stand on accounts of value: currencies and holdings."""
    return is_currency(commodity) or is_holding(commodity)


def decimals(commodity: str) -> int:
    """Return how many decimals the smallest unit of a commodity is below what people write.

    Raises Invalid for a currency that ISO 4217 does not know.
    """
    if is_currency(commodity):
        return exponent(commodity)
    found = _HOLDING.fullmatch(commodity)
    return int(found[1]) if found else 0


def kind_of(commodity: str) -> str:
    """Return ``money``, ``holdings``, ``things`` or ``hours``; ``unknown`` for any other code.

    Nothing of an unknown kind is ever posted (``services.books.books.ensure_commodity``), but
    payment providers name what ISO 4217 does not, like ``USDC``, and pages have to show it.
    """
    if is_holding(commodity):
        return "holdings"
    if is_currency(commodity):
        return "money" if commodity in EXPONENTS else UNKNOWN
    prefix, dot, _rest = commodity.partition(".")
    return KINDS.get(prefix, UNKNOWN) if dot else UNKNOWN


def plain_text(quantity: int, commodity: str) -> str:
    """Write a quantity for a plain text or a program: 60.00 USD, 6 h 30 min, 3 laptop.

    Of an unknown code it is in the smallest unit, as whoever named the code counts it.
    """
    if kind_of(commodity) == UNKNOWN:
        return f"{quantity:,} {commodity}"
    sign, size = "-" if quantity < 0 else "", abs(quantity)
    if commodity.startswith("MIN."):
        hours, minutes = divmod(size, 60)
        written = [f"{hours:,} h"] if hours or not minutes else []
        return sign + " ".join(written + ([f"{minutes} min"] if minutes else []))
    figure = f"{Decimal(size).scaleb(-decimals(commodity)):,f}"
    if is_currency(commodity):
        return f"{sign}{figure} {commodity}"
    return f"{sign}{figure} {commodity.partition('.')[2].replace('_', ' ').lower()}"
