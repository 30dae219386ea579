"""Split a whole quantity exactly: one splitter, and rules that weigh (domain section 6).

The largest remainder serves every rule and every commodity: money, minutes and items alike. The
parts and what is kept always sum to the whole. Must not round, and must not know money from
minutes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isqrt
from typing import Any

from ledger.errors import Invalid

BASIS_POINTS = 10_000


class AllocationRule(StrEnum):
    """How a total is divided among the members of a pool."""

    EQUAL = "equal"
    WEIGHTS = "weights"
    PERCENT = "percent"
    FIXED = "fixed"
    NEED_CAPPED = "need_capped"
    QUADRATIC = "quadratic"


# What can follow fixed amounts: a rule for the rest that needs no figures but its weights.
RESTS = ("", "equal", "weights")
# Square roots are whole numbers of millionths; their squares are of this size.
MILLION = 1_000_000
SQUARE = MILLION * MILLION


@dataclass(frozen=True, slots=True)
class Share:
    """One line of a split; ``residue`` tells that the line received a left-over unit."""

    key: str
    quantity: int
    weight: int
    residue: bool


@dataclass(frozen=True, slots=True)
class Split:
    """The shares in the order that settles ties, and what stays in the pool."""

    shares: tuple[Share, ...]
    kept: int


@dataclass(frozen=True, slots=True)
class Rule:
    """How to split, with all its figures by member; whole numbers only.

    ``numbers`` are amounts for ``fixed``, basis points for ``percent``, else weights. ``caps`` are
    the most that ``need_capped`` gives a member. ``rest`` is the rule for what ``fixed`` leaves,
    with ``weights``; ``pro_rata`` lowers fixed amounts that are too much instead of refusing.
    ``gifts`` are, for ``quadratic``, the amounts that each party gave a member's project, with
    at most ``party_cap`` of one party counted and at most ``caps`` for a project.
    """

    kind: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    caps: Mapping[str, int] = field(default_factory=dict)
    rest: str = ""
    weights: Mapping[str, int] = field(default_factory=dict)
    pro_rata: bool = False
    gifts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    party_cap: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the rule as a JSON document; what is not used is left out."""
        document: dict[str, Any] = {"rule": self.kind}
        for name in ("numbers", "caps", "weights"):
            if given := getattr(self, name):
                document[name] = dict(sorted(given.items()))
        if self.gifts:
            # Sorted, so that the list tells nothing of who gave or in which order.
            document["gifts"] = {key: sorted(self.gifts[key]) for key in sorted(self.gifts)}
        for name in ("rest", "pro_rata", "party_cap"):
            if (value := getattr(self, name)) not in ("", False, None):
                document[name] = value
        return document

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "Rule":
        """Return the rule that a document states. Raises Invalid for one that is none."""
        names = {"numbers", "caps", "rest", "weights", "pro_rata", "gifts", "party_cap"}
        try:
            return cls(
                kind=document["rule"], **{name: document[name] for name in names & set(document)}
            )
        except KeyError as error:
            raise Invalid(
                "This document does not state an allocation rule.", place="rule"
            ) from error


def largest_remainder(total: int, weights: Iterable[tuple[str, int]]) -> list[Share]:
    """Split ``total`` by integer weights given in the order that settles ties.

    Each share is the floor or the ceiling of its quota; left-over units go to the largest
    remainders, ties to the earliest. Raises Invalid for a negative total or weight, or when all
    weights are zero. A larger total can lower a share by one unit.
    """
    lines = list(weights)
    if total < 0:
        raise Invalid("The amount to split cannot be negative.", place="quantity")
    if any(weight < 0 for _, weight in lines):
        raise Invalid("A weight cannot be negative.", place="weights")
    whole = sum(weight for _, weight in lines)
    if whole == 0:
        raise Invalid("At least one weight must be above zero.", place="weights")
    bases = [total * weight // whole for _, weight in lines]
    remainders = [total * weight % whole for _, weight in lines]
    order = sorted(range(len(lines)), key=lambda i: (-remainders[i], i))
    lucky = set(order[: total - sum(bases)])
    return [
        Share(key, bases[i] + (i in lucky), weight, i in lucky)
        for i, (key, weight) in enumerate(lines)
    ]


def split(rule: Rule, total: int, members: Mapping[str, int]) -> Split:
    """Split by a rule over members, given with their place in line; the same whatever order they
    are listed in. What the rule leaves stays in the pool. Raises Invalid, naming the member.
    """
    if not members:
        raise Invalid("An allocation needs at least one member.", place="members")
    if total < 0:
        raise Invalid("The amount to split cannot be negative.", place="quantity")
    for given in (rule.numbers, rule.caps, rule.weights, rule.gifts):
        for member in given:
            if member not in members:
                raise Invalid("{member} is not a member of this pool.", place=member, member=member)
    for given in (rule.numbers, rule.caps, rule.weights):
        for member, number in given.items():
            if number < 0:
                raise Invalid("Enter zero or more.", place=member)
    line = sorted(members, key=lambda member: (members[member], member))
    match rule.kind:
        case "equal":
            return Split(tuple(largest_remainder(total, [(member, 1) for member in line])), 0)
        case "weights":
            return Split(tuple(largest_remainder(total, _in_line(line, rule.numbers))), 0)
        case "percent":
            return _by_percent(total, _in_line(line, rule.numbers))
        case "fixed":
            return _by_amounts(rule, total, line)
        case "need_capped":
            weights = _in_line(line, rule.numbers or dict.fromkeys(line, 1))
            return _capped(total, weights, {key: rule.caps.get(key, 0) for key in line})
        case "quadratic":
            return _quadratic(rule, total, line)
    raise Invalid("There is no allocation rule named {kind}.", place="rule", kind=rule.kind)


def recomputed(inputs: Mapping[str, Any]) -> Split:
    """Split again from the stored inputs of an allocation, of today's form or of the first one,
    which listed members in line and called the figures parameters. Raises Invalid."""
    try:
        members = inputs["members"]
        if "parameters" in inputs:
            rule = Rule(inputs["rule"], inputs["parameters"])
            members = {member: place for place, member in enumerate(members)}
        else:
            rule = Rule.of_document(inputs)
        return split(rule, inputs["amount"], members)
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid("These are not valid inputs for an allocation.", place="inputs") from error


def match_weight(gifts: Iterable[int]) -> int:
    """Return what quadratic matching would ideally add to gifts of so many parties: the square of
    the sum of their roots less their sum, in millionths of millionths of a unit; never below zero.

    The match, not the square, is the weight: the square would reward single large gifts.
    """
    given = list(gifts)
    roots = sum(isqrt(amount * SQUARE) for amount in given)
    return max(0, roots * roots - sum(given) * SQUARE)


def _in_line(line: Sequence[str], numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(member, numbers.get(member, 0)) for member in line]


def _by_percent(total: int, points: list[tuple[str, int]]) -> Split:
    given = sum(number for _, number in points)
    if given > BASIS_POINTS:
        raise Invalid("The percentages add up to more than 100%.", place="weights")
    # The part nobody gets is a line like any other, last in the tie order.
    shares = largest_remainder(total, [*points, ("", BASIS_POINTS - given)])
    return Split(tuple(shares[:-1]), shares[-1].quantity)


def _by_amounts(rule: Rule, total: int, line: Sequence[str]) -> Split:
    amounts = _in_line(line, rule.numbers)
    wanted = sum(amount for _, amount in amounts)
    if wanted > total:
        if not rule.pro_rata:
            raise Invalid(
                "The fixed amounts add up to more than the amount available.", place="amount"
            )
        return Split(tuple(largest_remainder(total, amounts)), 0)
    shares = [Share(member, amount, amount, residue=False) for member, amount in amounts]
    if rule.rest not in RESTS:
        raise Invalid("{rest} is not a valid rule for the remainder.", place="rest", rest=rule.rest)
    if not rule.rest:
        return Split(tuple(shares), total - wanted)
    then = Rule(rule.rest, rule.weights)
    rest = split(then, total - wanted, {member: place for place, member in enumerate(line)})
    return Split(
        tuple(
            Share(fixed.key, fixed.quantity + more.quantity, fixed.weight, more.residue)
            for fixed, more in zip(shares, rest.shares, strict=True)
        ),
        rest.kept,
    )


def _capped(total: int, weights: list[tuple[str, int]], caps: Mapping[str, int]) -> Split:
    """Fill whoever would get more than their cap up to it, split the excess again, and repeat.

    Gives the lesser of the total and the caps of all with a weight above zero (invariant I-42).
    """
    if not any(weight for _, weight in weights):
        raise Invalid("At least one weight must be above zero.", place="weights")
    open_lines = [(key, weight) for key, weight in weights if weight]
    full: dict[str, int] = {}
    left = total
    while open_lines:
        whole = sum(weight for _, weight in open_lines)
        over = [key for key, weight in open_lines if left * weight > caps[key] * whole]
        if not over:
            break
        for key in over:
            full[key] = caps[key]
        left -= sum(caps[key] for key in over)
        open_lines = [(key, weight) for key, weight in open_lines if key not in full]
    # Nobody left is above their cap, and a whole number cannot lie between a quota and its ceiling.
    rest = largest_remainder(left, open_lines) if open_lines else []
    got = {share.key: share for share in rest}
    shares = [
        Share(
            key,
            got[key].quantity if key in got else full.get(key, 0),
            weight,
            key in got and got[key].residue,
        )
        for key, weight in weights
    ]
    return Split(tuple(shares), total - sum(share.quantity for share in shares))


def _quadratic(rule: Rule, total: int, line: Sequence[str]) -> Split:
    cap = rule.party_cap
    counted = {
        member: [gift if cap is None else min(gift, cap) for gift in rule.gifts.get(member, ())]
        for member in line
    }
    if any(gift <= 0 for gifts in counted.values() for gift in gifts):
        raise Invalid("A contribution must be above zero.", place="gifts")
    weights = [(member, match_weight(counted[member])) for member in line]
    ideal = sum(weight for _, weight in weights) // SQUARE
    # Where the pool has more than the ideal match, the rest is kept.
    given = min(total, ideal)
    if not given:
        shares = [Share(member, 0, weight, residue=False) for member, weight in weights]
        return Split(tuple(shares), total)
    highest = {member: rule.caps.get(member, given) for member in line}
    result = _capped(given, weights, highest)
    return Split(result.shares, total - given + result.kept)
