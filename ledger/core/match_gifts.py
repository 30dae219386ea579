"""What a sponsor adds to gifts: a factor, a cap for each gift and a cap for all, in whole units."""

from collections.abc import Sequence
from dataclasses import dataclass

ONE_FOR_ONE = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """``basis_points`` of each gift, at most ``per_gift`` (0: no such cap), at most ``up_to`` in
    all; amounts in minor units."""

    basis_points: int
    per_gift: int
    up_to: int


@dataclass(frozen=True, slots=True)
class Matched:
    """One gift and what the sponsor adds to it; minor units."""

    reference: str
    gift: int
    share: int


def match(terms: Terms, gifts: Sequence[tuple[str, int]], already: int = 0) -> list[Matched]:
    """Return what is added to each gift, in their order, until the cap for all is reached.

    Fractions of the smallest unit are dropped: a sponsor never adds more than was promised.
    """
    left = max(0, terms.up_to - already)
    found = []
    for reference, gift in gifts:
        share = gift * terms.basis_points // ONE_FOR_ONE
        if terms.per_gift:
            share = min(share, terms.per_gift)
        share = min(share, left)
        left -= share
        found.append(Matched(reference, gift, share))
    return found


def taken_back(matched: int, gift: int, refunded: int) -> int:
    """Return what of a match goes back when a part of its gift does: its share, rounded up, and
    all of it when all of the gift goes back."""
    if gift <= 0:
        return 0
    return min(matched, -(-matched * min(refunded, gift) // gift))
