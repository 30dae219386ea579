"""An entry of the journal and its legs; an unbalanced entry cannot be constructed.

An entry belongs to one book and sums to zero for each fund, layer and commodity (invariants
I-01 to I-03 and I-10 of domain section 7). Books, funds and counterparties are codes here.
Must not know the database: ``services.books.journal`` stores what is built here.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ledger.core.accounts import BY_NUMBER, Layer, layer_of
from ledger.core.amount import has_value
from ledger.core.bounds import LARGEST_QUANTITY
from ledger.errors import Invalid

MAX_POSTINGS = 500
Item = TypeVar("Item")
COMMITMENT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg: ``quantity`` is signed, debit positive, in the commodity's smallest unit."""

    account: int
    fund: str
    commodity: str
    quantity: int
    counterparty: str | None = None
    pledge: str | None = None
    asset: str | None = None
    grant: str | None = None
    valuation: str | None = None
    payment: str | None = None
    function: str | None = None
    purpose: str | None = None
    campaign: str | None = None
    party: str | None = None

    @property
    def layer(self) -> Layer:
        """The layer of the leg's account."""
        return layer_of(self.account)

    def negated(self) -> "Posting":
        """Return the same leg with the opposite sign."""
        return replace(self, quantity=-self.quantity)


@dataclass(frozen=True, slots=True)
class Entry:
    """The balanced legs of one business event in one book. Raises Invalid when they are not."""

    book: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.postings) <= MAX_POSTINGS:
            raise Invalid(
                "A journal entry must have 2 to {max_postings} postings, not {count}.",
                place="postings",
                max_postings=MAX_POSTINGS,
                count=len(self.postings),
            )
        for line, posting in enumerate(self.postings, start=1):
            _check_posting(self.book, line, posting)
        for (fund, layer, commodity), total in sums(self.postings).items():
            if total:
                raise Invalid(
                    "The journal entry in book {book} does not balance: fund {fund}, layer "
                    "{layer}, {commodity} is off by {total}.",
                    place="postings",
                    book=self.book,
                    fund=fund,
                    layer=layer,
                    commodity=commodity,
                    total=total,
                )

    def with_labels(self, labels: Mapping[str, Mapping[str, str]]) -> "Entry":
        """Return the same entry whose legs also name party and campaign of the pledges they name.

        ``labels`` are those by the pledge's reference; a leg that has one of its own keeps it.
        """
        return Entry(
            self.book, tuple(_with(leg, labels.get(leg.pledge or "")) for leg in self.postings)
        )

    def about(self, labels: Mapping[str, str], accounts: Callable[[int], bool]) -> "Entry":
        """Return the same entry whose legs on some accounts have labels, where they have none of
        the kind and name no pledge, which has labels of its own."""
        legs = [
            _with(leg, labels) if leg.pledge is None and accounts(leg.account) else leg
            for leg in self.postings
        ]
        return Entry(self.book, tuple(legs))

    def tells_the_same(self, other: "Entry") -> bool:
        """Tell whether two entries mean the same event: a label of party or campaign that only one
        of them has is no difference, for it may have been given or erased since."""
        return (
            self.book == other.book
            and len(self.postings) == len(other.postings)
            and all(map(_alike, self.postings, other.postings))
        )

    def reversed(self) -> "Entry":
        """Return the exact negation of this entry (invariant I-07)."""
        return Entry(self.book, tuple(posting.negated() for posting in self.postings))


def _with(leg: Posting, labels: Mapping[str, str] | None) -> Posting:
    """Return a leg with labels where it has none of the kind."""
    party = leg.party or (labels or {}).get("party")
    campaign = leg.campaign or (labels or {}).get("campaign")
    if (party, campaign) == (leg.party, leg.campaign):
        return leg
    return replace(leg, party=party, campaign=campaign)


def _alike(one: Posting, other: Posting) -> bool:
    if one.campaign and other.campaign and one.campaign != other.campaign:
        return False
    return replace(one, party=None, campaign=None) == replace(other, party=None, campaign=None)


def sums(postings: Iterable[Posting]) -> dict[tuple[str, Layer, str], int]:
    """Add up quantities per fund, layer and commodity."""
    totals: defaultdict[tuple[str, Layer, str], int] = defaultdict(int)
    for posting in postings:
        layer = layer_of(posting.account)
        totals[posting.fund, layer, posting.commodity] += posting.quantity
    return totals


def entry(book: str, *postings: Posting | Sequence[Posting]) -> Entry:
    """Build an entry from legs and groups of legs, in order."""
    flat: list[Posting] = []
    for item in postings:
        flat.extend([item] if isinstance(item, Posting) else item)
    return Entry(book, tuple(flat))


def batches(items: Sequence[Item], postings_each: int) -> list[Sequence[Item]]:
    """Return items in runs whose postings fit into one entry each (invariant I-03).

    An event with more is booked as several entries of one transfer group: each balances by itself.
    """
    size = MAX_POSTINGS // postings_each
    return [items[start : start + size] for start in range(0, len(items), size)]


def _check_posting(book: str, line: int, posting: Posting) -> None:
    problem = _problem(book, posting)
    if problem:
        raise Invalid(
            "Posting {line} of the journal entry: {problem}",
            place=f"postings[{line - 1}]",
            line=line,
            problem=problem,
        )


def _problem(book: str, posting: Posting) -> str | None:
    if type(posting.quantity) is not int:
        return f"the quantity {posting.quantity!r} is not a whole number."
    if posting.quantity == 0:
        return "the quantity is zero."
    if abs(posting.quantity) > LARGEST_QUANTITY:
        return "the quantity is too large to be stored."
    layer = layer_of(posting.account)
    if layer is Layer.FIN and not has_value(posting.commodity):
        return f"account {posting.account} holds value, and {posting.commodity} is no currency."
    if layer is Layer.QTY and has_value(posting.commodity):
        return f"account {posting.account} counts things or time, not {posting.commodity}."
    account = BY_NUMBER.get(posting.account)
    if account is not None and account.inter_book and not posting.counterparty:
        return f"account {posting.account} needs a counterparty book."
    if posting.party is not None and not COMMITMENT.fullmatch(posting.party):
        # A name or an address here would be sealed for ever.
        return "a party is named by its commitment, 64 hexadecimal digits."
    if posting.counterparty == book:
        return "a book cannot be its own counterparty."
    return None
