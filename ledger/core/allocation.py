"""Split a whole quantity by weights, exactly (domain section 6).

One splitter, largest remainder, serves every rule and every commodity: the parts always sum
to the whole. Must not round, and must not know money from minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import Invalid

BASIS_POINTS = 10_000
RULES = ("equal", "percent", "weights")


@dataclass(frozen=True, slots=True)
class Share:
    """One line of a split; ``residue`` tells that the line received a left-over unit."""

    key: str
    quantity: int
    weight: int
    residue: bool


def largest_remainder(total: int, weights: Sequence[tuple[str, int]]) -> list[Share]:
    """Split ``total`` by integer weights given in member order.

    Each share is the floor or the ceiling of its quota; left-over units go to the largest
    remainders, ties to the earliest member. Raises Invalid for a negative total or weight, or
    when all weights are zero.
    """
    if total < 0:
        raise Invalid("The amount to split cannot be negative.", place="quantity")
    if any(weight < 0 for _, weight in weights):
        raise Invalid("A weight cannot be negative.", place="weights")
    whole = sum(weight for _, weight in weights)
    if whole == 0:
        raise Invalid("At least one weight must be above zero.", place="weights")
    bases = [total * weight // whole for _, weight in weights]
    remainders = [total * weight % whole for _, weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    lucky = set(order[: total - sum(bases)])
    return [
        Share(key, bases[i] + (i in lucky), weight, i in lucky)
        for i, (key, weight) in enumerate(weights)
    ]


def split(
    rule: str, total: int, members: Sequence[str], parameters: Mapping[str, int]
) -> tuple[list[Share], int]:
    """Split by a named rule; return the shares in member order and what stays in the pool.

    ``equal`` ignores the parameters; ``percent`` reads basis points (what is missing to 10,000
    stays in the pool); ``weights`` reads integer weights. Raises Invalid, naming the member.
    """
    if not members:
        raise Invalid("An allocation needs at least one member.", place="members")
    for member in parameters:
        if member not in members:
            raise Invalid(f"{member} is not a member of this pool.", place=member)
    if rule == "equal":
        return largest_remainder(total, [(member, 1) for member in members]), 0
    weights = [(member, parameters.get(member, 0)) for member in members]
    if rule == "weights":
        return largest_remainder(total, weights), 0
    if rule == "percent":
        return _by_percent(total, weights)
    raise Invalid(f"There is no rule named {rule}.", place="rule")


def _by_percent(total: int, weights: list[tuple[str, int]]) -> tuple[list[Share], int]:
    given = sum(weight for _, weight in weights)
    if given > BASIS_POINTS:
        raise Invalid("The percentages add up to more than 100 %.", place="weights")
    # The part nobody gets is a line like any other, last in the tie order.
    shares = largest_remainder(total, [*weights, ("", BASIS_POINTS - given)])
    return shares[:-1], shares[-1].quantity
