"""The arithmetic of a reconciliation statement, and its document that is hashed.

Statement balance + books only − bank only = book balance, exactly, in the smallest unit. What is
left when that does not hold has three causes: balances that differed before the first statement,
statements that are missing, and matched lines of another amount than their entries.
Pure: no database, no clock.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stated:
    """A bank statement: its days and balances; None where the bank states none."""

    opens_on: date
    closes_on: date
    opening: int | None
    closing: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Days between two statements, and by how much the second opens higher than the first closed;
    0 where only days are missing, None where a balance is not stated."""

    after: date
    before: date
    amount: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bank or an entry of the books that the other side does not have by the day.

    ``reference`` is the id of the line or entry; ``amount`` is signed, money in positive.
    """

    on: date
    text: str
    reference: str
    amount: int

    def age(self, until: date) -> int:
        """Return how many days old it is."""
        return (until - self.on).days


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What bank and books say of one account on a day, and what explains the difference.

    ``first_on`` is the first day of the first statement; ``bank_before`` and ``books_before`` are
    what both said before it. ``reaches`` tells whether statements cover the day.
    """

    until: date
    commodity: str
    bank: int
    books: int
    books_only: tuple[Item, ...]
    bank_only: tuple[Item, ...]
    gaps: tuple[Gap, ...]
    first_on: date | None
    bank_before: int
    books_before: int
    reaches: bool
    is_stated: bool

    @property
    def only_books(self) -> int:
        """The sum of what only the books have."""
        return sum(item.amount for item in self.books_only)

    @property
    def only_bank(self) -> int:
        """The sum of what only the bank has."""
        return sum(item.amount for item in self.bank_only)

    @property
    def expected(self) -> int:
        """What the books should say: S + books only − bank only."""
        return self.bank + self.only_books - self.only_bank

    @property
    def unexplained(self) -> int:
        """What the books say beyond that; 0 when everything is explained."""
        return self.books - self.expected

    @property
    def missing(self) -> int:
        """The sum of what happened between statements that are not there."""
        return sum(gap.amount or 0 for gap in self.gaps)

    @property
    def differing(self) -> int:
        """What is left of the difference: matched lines of another amount than their entries."""
        return self.unexplained - (self.books_before - self.bank_before) + self.missing

    @property
    def is_clean(self) -> bool:
        """Whether two people can sign it as it is: nothing is unexplained, undecided or missing."""
        return (
            not self.unexplained
            and not self.bank_only
            and self.reaches
            and not any(gap.amount != 0 for gap in self.gaps)
        )

    def document(self) -> str:
        """Return it as canonical JSON, which is kept and hashed when it is signed."""
        return json.dumps(
            {
                "until": self.until.isoformat(),
                "commodity": self.commodity,
                "bank": self.bank,
                "books": self.books,
                "books_only": [_listed(item) for item in self.books_only],
                "bank_only": [_listed(item) for item in self.bank_only],
                "gaps": [
                    [gap.after.isoformat(), gap.before.isoformat(), gap.amount] for gap in self.gaps
                ],
                "bank_before": self.bank_before,
                "books_before": self.books_before,
                "reaches": self.reaches,
            },
            separators=(",", ":"),
        )

    def sha256(self) -> str:
        """Return the hash of the document. It names entries and lines by their ids, nobody."""
        return hashlib.sha256(self.document().encode()).hexdigest()


def gaps_between(statements: list[Stated], until: date) -> tuple[Gap, ...]:
    """Return the gaps between statements that follow each other, up to a day.

    Statements that overlap leave none between them. Without stated balances, missing days count.
    """
    found = []
    for last, following in pairwise(_chain(statements)):
        if following.opens_on > until:
            break
        days = following.opens_on > last.closes_on + ONE_DAY
        amount: int | None = None
        if last.closing is not None and following.opening is not None:
            amount = following.opening - last.closing
        if amount or days:
            found.append(Gap(last.closes_on, following.opens_on, amount))
    return tuple(found)


def reaches(statements: list[Stated], until: date) -> bool:
    """Tell whether statements cover a day: one ends then or later, or the next one after it opens
    with the balance with which the last one closed, so that nothing happened between."""
    chain = _chain(statements)
    if any(one.opens_on <= until <= one.closes_on for one in chain):
        return True
    for last, following in pairwise(chain):
        if last.closes_on < until < following.opens_on:
            return last.closing is not None and last.closing == following.opening
    return False


def _chain(statements: list[Stated]) -> list[Stated]:
    """Return statements in order, those that overlap as one with the last one's end."""
    chain: list[Stated] = []
    for one in sorted(statements, key=lambda row: (row.opens_on, row.closes_on)):
        last = chain[-1] if chain else None
        if last is None or one.opens_on > last.closes_on:
            chain.append(one)
        elif one.closes_on >= last.closes_on:
            # On one day, the later of two statements opens where the earlier one closed.
            closing = one.closing if one.closing is not None else last.closing
            chain[-1] = Stated(last.opens_on, one.closes_on, last.opening, closing)
    return chain


def _listed(item: Item) -> list[object]:
    return [item.on.isoformat(), item.reference, item.amount]
