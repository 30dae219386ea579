"""What every file of another ledger becomes: transactions with exact figures, by line of the file.

Figures are decimals in the units the file writes; units that the file itself converts into one
another are already in the smallest of them. Must not know any file format, our chart of accounts
or the database.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext

from ledger.errors import Invalid

# Long enough for products of what files may write; whatever would be rounded is refused.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])


@dataclass(frozen=True, slots=True)
class Figure:
    """A signed decimal of one unit, as the file names the unit; ``""`` where it names none."""

    number: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One posting: where it stands, the account's name in the file, and what moved there."""

    line: int
    account: str
    figure: Figure
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transaction:
    """The legs of one event; for each unit they add up to zero, or are exchanged for another.

    Payees and notes are left where they are: they may name persons, and the journal keeps none.
    """

    line: int
    on: date
    legs: tuple[Leg, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    def sums(self) -> dict[str, Decimal]:
        """Return what is left of each unit, zeroes dropped."""
        totals: dict[str, Decimal] = {}
        for leg in self.legs:
            unit = leg.figure.unit
            totals[unit] = totals.get(unit, Decimal(0)) + leg.figure.number
        return {unit: total for unit, total in totals.items() if total}


@dataclass(frozen=True, slots=True)
class History:
    """A file of another ledger: its format, its transactions by date, and what was left out.

    ``kinds`` tells what an account is where its name cannot: asset, liability, equity, income,
    expense or trading.
    """

    format: str
    transactions: tuple[Transaction, ...]
    warnings: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    # What the numbers of legs and transactions count; files of databases have no lines.
    counts: str = "line"

    def accounts(self) -> dict[str, int]:
        """Return every account that is posted to, with the line where it is first used."""
        found: dict[str, int] = {}
        for transaction in self.transactions:
            for leg in transaction.legs:
                found[leg.account] = min(leg.line, found.get(leg.account, leg.line))
        return found

    def places(self) -> dict[str, int]:
        """Return every unit with the most decimals that any of its figures needs."""
        found: dict[str, int] = {}
        for transaction in self.transactions:
            for leg in transaction.legs:
                unit = leg.figure.unit
                found[unit] = max(found.get(unit, 0), places_of(leg.figure.number))
        return found


def places_of(number: Decimal) -> int:
    """Return how many decimals a number needs; ``1.50`` needs one."""
    _sign, digits, exponent = number.as_tuple()
    places = -exponent if isinstance(exponent, int) and number else 0
    for digit in reversed(digits):
        if places <= 0 or digit:
            break
        places -= 1
    return max(0, places)


@contextmanager
def exactly(place: str) -> Iterator[None]:
    """Compute with decimals that are never rounded. Raises Invalid where they would have to be."""
    try:
        with localcontext(_EXACT):
            yield
    except ArithmeticError as error:
        raise Invalid("A figure here cannot be computed exactly.", place=place) from error
