"""Read the figures of plain-text ledgers exactly: ``$ -1,000.00``, ``10 "Old coins"``.

Reads what hledger, ledger and beancount have in common. A number that can be read in two ways is
refused, never guessed. Must not know transactions or accounts.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.history import Figure, exactly

# A unit in quotes, or what stands without: neither digits nor the signs that mean something.
_UNIT = r"""\"[^\"]*\"|[^\s0-9.,;:?!+\-*/^&|=<>\[\](){}@"'~\\#]+"""
_SPACED = r"[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]*)?(?![0-9])"
_NUMBER = rf"{_SPACED}|[0-9][0-9.,'\u2019]*|[.,][0-9]+"
_FIGURE = re.compile(
    rf"\s*(?P<sign>[+-]?)\s*(?:(?P<before>{_UNIT})\s*(?P<inner>[+-]?)\s*(?P<number>{_NUMBER})"
    rf"|(?P<alone>{_NUMBER})[ \t]*(?P<after>{_UNIT})?)"
)
_GROUPS = re.compile(
    r"[1-9][0-9]{0,2}(?P<mark>[ ,.'\u2019\u00a0\u202f])[0-9]{3}(?:(?P=mark)[0-9]{3})*"
    r"|[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}"
)
# Prices that ledger works out itself have 34 digits and more.
MAX_DIGITS = 64
MAX_DEPTH = 20
# ledger knows these without being told.
TIMES = {"h": ("m", Decimal(60)), "m": ("s", Decimal(60))}


@dataclass(slots=True)
class Numbers:
    """How a file writes numbers: its decimal mark where it says so, and the units it converts.

    ``commas_group``: a comma before the three last digits groups them, as ledger reads it.
    """

    decimal_mark: str | None = None
    # What counts where neither the file nor the unit has a mark of its own.
    default_mark: str | None = None
    # The mark of amounts of a unit that could be read in one way only.
    seen_marks: dict[str, str] = field(default_factory=dict)
    commas_group: bool = False
    spaces_group: bool = True
    # The unit of amounts that name none.
    default_unit: str = ""
    unit_marks: dict[str, str] = field(default_factory=dict)
    # unit → (smaller unit, how many of it)
    conversions: dict[str, tuple[str, Decimal]] = field(default_factory=dict)

    def figure(self, text: str, place: str, start: int = 0) -> tuple[Figure, int]:
        """Read the figure at ``start`` and return it with where it ends. Raises Invalid."""
        found = _FIGURE.match(text, start)
        if found is None:
            raise Invalid(
                "{value!r} is not an amount.", place=place, value=text[start:].strip()[:40]
            )
        named = found["before"] or found["after"]
        unit = unit_name(named, place) if named else self.default_unit
        number = self.number(found["number"] or found["alone"], unit, place)
        if (found["sign"] == "-") != (found["inner"] == "-"):
            number = -number
        return Figure(number, unit), found.end()

    def value(self, text: str, place: str, start: int = 0) -> tuple[Figure, int]:
        """Read a figure, or arithmetic in brackets like ``(9 EUR * 6)``. Raises Invalid."""
        sign = re.compile(r"\s*(-?)\s*(?=\()").match(text, start)
        if sign is None:
            return self.figure(text, place, start)
        with exactly(place):
            found, end = Arithmetic(self, text, place).bracket(sign.end(), 0)
        return (Figure(-found.number, found.unit) if sign[1] else found), end

    def smallest(self, figure: Figure) -> Figure:
        """Return the figure in the smallest unit that the file converts it to."""
        number, unit = figure.number, figure.unit
        while unit in self.conversions:
            unit, times = self.conversions[unit]
            number *= times
        return Figure(number, unit)

    def convert(self, larger: Figure, smaller: Figure, place: str) -> None:
        """Take note that so much of one unit is so much of another. Raises Invalid."""
        if not larger.number or self.smallest(smaller).unit == larger.unit:
            raise Invalid(
                "These units cannot be converted into each other in this way.", place=place
            )
        if larger.unit in self.conversions and larger.unit not in TIMES:
            raise Invalid("The unit {unit} is converted twice.", place=place, unit=larger.unit)
        with exactly(place):
            self.conversions[larger.unit] = (smaller.unit, smaller.number / larger.number)

    def number(self, text: str, unit: str, place: str) -> Decimal:
        """Read digits with their marks. Raises Invalid for what can be read in two ways."""
        plain = text.strip()
        if len(plain) > MAX_DIGITS:
            raise Invalid("{plain}… has too many digits.", place=place, plain=plain[:20])
        if not self.spaces_group and re.search(r"\s", plain):
            raise Invalid("{plain!r} is not a number.", place=place, plain=plain)
        mark = self.decimal_mark or self.unit_marks.get(unit) or self.default_mark
        mark = mark or self._mark_of(plain, unit, place)
        whole, _, fraction = plain.rpartition(mark) if mark in plain else (plain, "", "")
        grouped = whole and not whole.isdigit()
        if (fraction and not fraction.isdigit()) or (grouped and not _GROUPS.fullmatch(whole)):
            raise Invalid("{plain!r} is not a number.", place=place, plain=plain)
        digits = re.sub(r"[^0-9]", "", whole)
        return Decimal(f"{digits or '0'}.{fraction}" if fraction else digits)

    def _mark_of(self, plain: str, unit: str, place: str) -> str:
        """Return which mark ends the whole part, when nothing but the numbers themselves tell."""
        seen = self.seen_marks.get(unit)
        if self.commas_group and seen == ",":
            return seen
        mark, certain = self._mark_in(plain, place)
        if seen is not None and seen != mark and re.search(r"[.,]", plain):
            raise Invalid(
                "{plain} is written differently from the amounts above it. Declare how "
                "numbers are written in the file, with a line like `decimal-mark .`",
                place=place,
                plain=plain,
            )
        if certain:
            self.seen_marks[unit] = mark
        return mark

    def _mark_in(self, plain: str, place: str) -> tuple[str, bool]:
        """Return the mark that a number has by itself, and whether there is no doubt about it."""
        dots, commas = plain.count("."), plain.count(",")
        if dots and commas:
            return max(",.", key=plain.rindex), True
        if commas > 1 or dots > 1:
            return ("." if commas else ","), True
        if commas and re.fullmatch(r"[0-9]{1,3},[0-9]{3}", plain):
            if self.commas_group:
                return ".", False
            raise Invalid(
                "{plain} is ambiguous. Declare how numbers are written in the file, with a "
                "line like `decimal-mark .`",
                place=place,
                plain=plain,
            )
        return ("," if commas else "."), bool(commas)


class Arithmetic:
    """Sums and products of figures in brackets. Must round nothing."""

    def __init__(self, numbers: Numbers, text: str, place: str) -> None:
        self._numbers, self._text, self._place = numbers, text, place

    def bracket(self, start: int, depth: int) -> tuple[Figure, int]:
        """Read from an opening bracket to the one that closes it."""
        if depth > MAX_DEPTH:
            raise self._wrong()
        found, end = self.sum(start + 1, depth + 1)
        if self._sign(end) != ")":
            raise self._wrong()
        return found, self._after(end)

    def sum(self, start: int, depth: int) -> tuple[Figure, int]:
        """Read terms that are added and subtracted."""
        total, end = self._product(start, depth)
        while (sign := self._sign(end)) in ("+", "-"):
            other, end = self._product(self._after(end), depth)
            total = self._numbers.smallest(total)
            other = self._numbers.smallest(other)
            if other.unit != total.unit:
                raise Invalid("Only amounts in the same unit can be added.", place=self._place)
            number = total.number + (other.number if sign == "+" else -other.number)
            total = Figure(number, total.unit)
        return total, end

    def _product(self, start: int, depth: int) -> tuple[Figure, int]:
        total, end = self._factor(start, depth)
        while (sign := self._sign(end)) in ("*", "/"):
            other, end = self._factor(self._after(end), depth)
            if other.unit and (total.unit or sign == "/"):
                raise self._wrong()
            number = total.number * other.number if sign == "*" else total.number / other.number
            total = Figure(number, total.unit or other.unit)
        return total, end

    def _factor(self, start: int, depth: int) -> tuple[Figure, int]:
        if self._sign(start) == "-" and depth <= MAX_DEPTH:
            found, end = self._factor(self._after(start), depth + 1)
            return Figure(-found.number, found.unit), end
        if self._sign(start) == "(":
            return self.bracket(self._after(start) - 1, depth)
        return self._numbers.figure(self._text, self._place, start)

    def _sign(self, start: int) -> str:
        return self._text[start:].lstrip()[:1]

    def _after(self, start: int) -> int:
        rest = self._text[start:]
        return start + len(rest) - len(rest.lstrip()) + 1

    def _wrong(self) -> Invalid:
        return Invalid("This expression is not supported. Write the amount.", place=self._place)


def unit_name(text: str, place: str) -> str:
    """Return a unit without its quotes. Raises Invalid when it holds what cannot be seen."""
    name = text[1:-1] if text.startswith('"') else text
    if not name.isprintable():
        raise Invalid("The name of a commodity contains invisible characters.", place=place)
    return name
