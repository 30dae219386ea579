"""What every file of another ledger becomes: transactions with exact figures, by line of the file.

Figures are decimals in the units the file writes; units that the file itself converts into one
another are already in the smallest of them. Must not know any file format, our chart of accounts
or the database.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext

from ledger.errors import Invalid

# More lines than any file has that is read.
SPAN = 10**9
# Long enough for products of what files may write; whatever would be rounded is refused.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])


@dataclass(frozen=True, slots=True)
class Figure:
    """A signed decimal of one unit, as the file names the unit; ``""`` where it names none."""

    number: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One posting: where it stands, the account's name in the file, and what moved there.

    ``on``: the day of this leg where the file gives it another than its transaction's.
    """

    line: int
    account: str
    figure: Figure
    tags: Mapping[str, str] = field(default_factory=dict)
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """The legs of one event; for each unit they add up to zero, or are exchanged for another.

    Payees and notes are left where they are: they may name persons, and the journal keeps none.
    ``formerly_on``: the day that earlier versions of this program took it for, if another.
    """

    line: int
    on: date
    legs: tuple[Leg, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    formerly_on: date | None = None

    def days(self) -> list[date]:
        """Return the days on which its legs fall, the earliest first."""
        return sorted({leg.on or self.on for leg in self.legs})


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
    # Files that the file includes; their lines are numbered from multiples of SPAN.
    includes: tuple[str, ...] = ()

    def place(self, number: int) -> str:
        """Say where a leg or transaction is: ``line 4``, or ``line 4 of other.journal``."""
        return place_in(self.includes, number, self.counts)

    def accounts(self) -> dict[str, int]:
        """Return every account that is posted to, with the line where it is first used."""
        found: dict[str, int] = {}
        for transaction in self.transactions:
            for leg in transaction.legs:
                found[leg.account] = min(leg.line, found.get(leg.account, leg.line))
        return found

    def spans_days(self) -> bool:
        """Tell whether any transaction has legs that fall on different days."""
        return any(len(transaction.days()) > 1 for transaction in self.transactions)

    def places(self) -> dict[str, int]:
        """Return every unit with the most decimals that any of its figures needs."""
        found: dict[str, int] = {}
        for transaction in self.transactions:
            for leg in transaction.legs:
                unit = leg.figure.unit
                found[unit] = max(found.get(unit, 0), places_of(leg.figure.number))
        return found


def place_in(includes: Sequence[str], number: int, counts: str = "line") -> str:
    """Say which line of which file a number stands for, as ``History.place`` does."""
    file, line = divmod(number, SPAN)
    return f"{counts} {line} of {includes[file - 1]}" if file else f"{counts} {line}"


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
        raise Invalid("An amount here cannot be calculated exactly.", place=place) from error
