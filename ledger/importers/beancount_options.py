"""Keep the options of a beancount file that change what it comes to: precision, lots, roots.

``inferred_tolerance_default``, ``tolerance_multiplier``, ``infer_tolerance_from_cost`` and
``use_precise_interpolation`` decide what may be left over in a transaction and how an amount that
is left out is rounded; rules of beancount's manual, "Precision & Tolerances". Other options
change only how things are shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from decimal import Inexact as _Inexact

from ledger.errors import Invalid
from ledger.importers.balancing import Rules
from ledger.importers.history import Figure

ROOTS = {
    "name_assets": ("Assets", "asset"),
    "name_liabilities": ("Liabilities", "liability"),
    "name_equity": ("Equity", "equity"),
    "name_income": ("Income", "income"),
    "name_expenses": ("Expenses", "expense"),
}
METHODS = ("STRICT", "STRICT_WITH_SIZE", "FIFO", "LIFO", "HIFO", "NONE")
# Plugins that only check, or add prices: the amounts of a file are the same without them.
HARMLESS = frozenset(
    f"beancount.plugins.{name}"
    for name in (
        *("check_average_cost", "check_closing", "check_commodity", "check_drained"),
        *("close_tree", "coherent_cost", "commodity_attr", "implicit_prices", "leafonly"),
        *("noduplicates", "nounused", "onecommodity", "pedantic", "sellgains", "unique_prices"),
    )
) | {"fava.plugins.link_documents", "fava.plugins.tag_discovered_documents"}
OPENING = frozenset({"beancount.plugins.auto_accounts", "beancount.plugins.auto"})
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_TOLERANCE = re.compile(r"(\*|[A-Z][A-Z0-9'._-]*):(.+)")
_MAX_FROM_COST = Decimal("0.5")
# Numbers with more digits are taken for inferred ones and are not rounded to.
_MAX_DIGITS = 5


@dataclass(slots=True)
class Options:
    """What the file says."""

    roots: dict[str, str] = field(default_factory=lambda: dict(ROOTS.values()))
    multiplier: Decimal = Decimal("0.5")
    tolerances: dict[str, Decimal] = field(default_factory=dict)
    from_cost: bool = False
    precise: bool = False
    method: str = "STRICT"
    opens_accounts: bool = False

    def take(self, name: str, value: str, place: str) -> None:
        """Take note of an option. Raises Invalid for a value that is none."""
        if name in ROOTS:
            default, kind = ROOTS[name]
            self.roots.pop(default, None)
            self.roots[value] = kind
        elif name == "inferred_tolerance_default":
            found = _TOLERANCE.fullmatch(value)
            if found is None:
                raise Invalid("Write a tolerance like EUR:0.005.", place=place)
            self.tolerances[found[1]] = _number(found[2], place)
        elif name in ("tolerance_multiplier", "inferred_tolerance_multiplier"):
            self.multiplier = _number(value, place)
        elif name == "infer_tolerance_from_cost":
            self.from_cost = value.lower() in ("true", "1", "on", "yes")
        elif name == "use_precise_interpolation":
            self.precise = value.lower() in ("true", "1", "on", "yes")
        elif name == "booking_method":
            self.method = method_of(value, place)
        elif name == "plugin":
            self.plugin(value.partition(":")[0], place)
        elif name == "plugin_processing_mode" and value != "default":
            raise Invalid(
                "Only files with the default plugin processing mode are supported.", place=place
            )

    def plugin(self, name: str, place: str) -> None:
        """Take note of a plugin. Raises Invalid for one that may change amounts."""
        if name in OPENING:
            self.opens_accounts = True
        elif name not in HARMLESS:
            raise Invalid(
                "The plugin {name} is not run. Write the entries it creates into the file, "
                "or leave it out if it only checks.",
                place=place,
                name=name[:60],
            )

    def of_balance(self, number: Decimal) -> Decimal:
        """Return by how much a balance may be off that states no tolerance of its own."""
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or exponent >= 0:
            return Decimal(0)
        return Decimal(1).scaleb(exponent) * self.multiplier * 2


def method_of(name: str, place: str) -> str:
    """Return how lots are chosen. Raises Invalid for a method that is not read."""
    if name not in METHODS:
        raise Invalid("The booking method {name!r} is not supported.", place=place, name=name[:20])
    return name


@dataclass(frozen=True, slots=True)
class Seen:
    """An amount that is written, with the cost and price of one that count for tolerances."""

    units: Figure
    rates: tuple[Figure, ...] = ()


class Tolerances(Rules):
    """What may be left over in one transaction, by the amounts that are written in it."""

    def __init__(self, options: Options, seen: Iterable[Seen], units: Iterable[str]) -> None:
        super().__init__(exchanges=False)
        self._options = options
        seen, known = list(seen), set(units)
        self._loose = self._inferred(seen, known, finest=False)
        self._tight = self._inferred(seen, known, finest=True) if options.precise else self._loose

    def is_nothing(self, number: Decimal, unit: str) -> bool:
        """Tell whether what is left of a unit is within its tolerance."""
        return abs(number) <= _of(self._loose, unit)

    def filled(self, number: Decimal, unit: str) -> Decimal:
        """Return an amount that was left out, rounded as the program does."""
        quantum = (_of(self._tight, unit) * 2).normalize()
        if not quantum or len(quantum.as_tuple().digits) >= _MAX_DIGITS:
            return number
        # Rounding is what beancount does here, and where the trap for it is lifted.
        with localcontext() as context:
            context.traps[_Inexact] = False
            return number.quantize(quantum)

    def _inferred(
        self, seen: Iterable[Seen], units: set[str], *, finest: bool
    ) -> dict[str, Decimal]:
        choose = min if finest else max
        found = {
            unit: tolerance
            for unit, tolerance in self._options.tolerances.items()
            if unit == "*" or unit in units
        }
        by_cost: dict[str, Decimal] = {}
        for one in seen:
            exponent = one.units.number.as_tuple().exponent
            if not isinstance(exponent, int) or exponent >= 0:
                continue
            tolerance = Decimal(1).scaleb(exponent) * self._options.multiplier
            unit = one.units.unit
            found[unit] = choose(tolerance, found.get(unit, tolerance))
            for rate in one.rates if self._options.from_cost else ():
                more = min(tolerance * rate.number, _MAX_FROM_COST)
                by_cost[rate.unit] = by_cost.get(rate.unit, Decimal(0)) + more
        for unit, tolerance in by_cost.items():
            found[unit] = choose(tolerance, found.get(unit, tolerance))
        return found


def _of(tolerances: Mapping[str, Decimal], unit: str) -> Decimal:
    return tolerances.get(unit, tolerances.get("*", Decimal(0)))


def _number(text: str, place: str) -> Decimal:
    if not _NUMBER.fullmatch(text.strip()):
        raise Invalid("{value!r} is not a number.", place=place, value=text[:20])
    return Decimal(text.strip())
