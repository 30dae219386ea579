"""Complete transactions as their file leaves them: amounts left out, exchanges, what is asserted.

A transaction that does not balance and an assertion that is false are refused by line. Nothing is
rounded. Must not know how a file writes any of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, Inexact, localcontext

from ledger.errors import Invalid
from ledger.histories.history import Figure, Leg, Transaction


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an account is said to hold after a posting, or before a day.

    ``inclusive`` counts what stands below the account; ``sole`` says that nothing else is there.
    """

    figure: Figure
    inclusive: bool = False
    sole: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A posting as it is written. ``weight`` is what it counts when it is bought or sold."""

    line: int
    account: str
    figure: Figure | None
    weight: Figure | None = None
    assertion: Assertion | None = None
    group: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Written:
    """A transaction as it is written."""

    line: int
    on: date
    drafts: list[Draft] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Rules:
    """Where the programs differ.

    ``exchanges``: two units may be exchanged without a price. ``seen``: how many decimals amounts
    of a unit have; where prices have more, half of the last one may be left over, as all three
    programs have it. ``by_transaction``: only the amounts of the same transaction count, the
    coarsest of them, and an amount that is left out is rounded to it (beancount).
    """

    exchanges: bool = True
    by_transaction: bool = False
    seen: dict[str, int] = field(default_factory=dict)

    def see(self, written: Written) -> None:
        """Take note of how precise the amounts of a transaction are written."""
        if self.by_transaction:
            self.seen = {}
        for draft in written.drafts:
            if draft.figure is None:
                continue
            unit, places = draft.figure.unit, _written_places(draft.figure.number)
            if not self.by_transaction:
                self.seen[unit] = max(places, self.seen.get(unit, 0))
            elif places:
                self.seen[unit] = min(places, self.seen.get(unit, places))

    def is_nothing(self, number: Decimal, unit: str) -> bool:
        """Tell whether what is left of a unit is below what its amounts can say."""
        if unit not in self.seen:
            return not number
        return abs(number) <= Decimal(1).scaleb(-self.seen[unit]) / 2

    def filled(self, number: Decimal, unit: str) -> Decimal:
        """Return an amount that was left out, as the program fills it in."""
        if not self.by_transaction or unit not in self.seen:
            return number
        # Rounding is what beancount does here, and where the trap for it is lifted.
        with localcontext() as context:
            context.traps[Inexact] = False
            return number.quantize(Decimal(1).scaleb(-self.seen[unit]))


def _written_places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


class Running:
    """What each account of the file holds so far."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Decimal]] = {}

    def add(self, account: str, figure: Figure) -> None:
        """Add one posting."""
        held = self._held.setdefault(account, {})
        held[figure.unit] = held.get(figure.unit, Decimal(0)) + figure.number

    def held(self, account: str, unit: str, *, inclusive: bool = False) -> Decimal:
        """Return what an account holds of a unit, with what stands below it if asked."""
        own = self._held.get(account, {}).get(unit, Decimal(0))
        if not inclusive:
            return own
        return own + sum(
            (
                held.get(unit, Decimal(0))
                for name, held in self._held.items()
                if name.startswith(f"{account}:")
            ),
            Decimal(0),
        )

    def check(self, account: str, assertion: Assertion, place: str) -> None:
        """Refuse an assertion that is false. Raises Invalid."""
        asserted, unit = assertion.figure.number, assertion.figure.unit
        held = self.held(account, unit, inclusive=assertion.inclusive)
        if held != asserted:
            raise Invalid(
                f"{account} is asserted to hold {asserted:f} {unit}, but holds {held:f} {unit}.",
                place=place,
            )
        if assertion.sole:
            others = self._units(account, inclusive=assertion.inclusive) - {unit}
            if others:
                raise Invalid(
                    f"{account} is asserted to hold nothing but {unit}, but holds "
                    f"{min(others)} as well.",
                    place=place,
                )

    def _units(self, account: str, *, inclusive: bool) -> set[str]:
        return {
            unit
            for name, held in self._held.items()
            if name == account or (inclusive and name.startswith(f"{account}:"))
            for unit, number in held.items()
            if number
        }


def complete(written: Iterable[Written], rules: Rules, running: Running) -> list[Transaction]:
    """Complete transactions in the order in which the program looks at them. Raises Invalid."""
    return [done for one in written if (done := complete_one(one, rules, running)) is not None]


def complete_one(written: Written, rules: Rules, running: Running) -> Transaction | None:
    """Complete one transaction; None when nothing moves in it."""
    rules.see(written)
    drafts = list(written.drafts)
    for index, draft in enumerate(drafts):
        if draft.figure is None and draft.assertion is not None:
            drafts[index] = _assigned(draft, drafts[:index], running)
    legs: dict[int, list[Leg]] = {}
    for group in dict.fromkeys(draft.group for draft in drafts):
        members = {i: draft for i, draft in enumerate(drafts) if draft.group == group}
        legs |= _balanced(written, members, rules)
    ordered: list[Leg] = []
    for index, draft in enumerate(drafts):
        for leg in legs[index]:
            running.add(leg.account, leg.figure)
            if leg.figure.number:
                ordered.append(leg)
        if draft.assertion is not None:
            running.check(draft.account, draft.assertion, f"line {draft.line}")
    return Transaction(written.line, written.on, tuple(ordered), written.tags) if ordered else None


def _assigned(draft: Draft, before: Sequence[Draft], running: Running) -> Draft:
    """Return a posting that sets a balance with the amount that does so."""
    assert draft.assertion is not None
    goal = draft.assertion.figure
    inclusive = draft.assertion.inclusive
    held = running.held(draft.account, goal.unit, inclusive=inclusive)
    for other in before:
        below = inclusive and other.account.startswith(f"{draft.account}:")
        if other.account == draft.account or below:
            if other.figure is None:
                raise Invalid(
                    "The amounts of this account depend on each other; write one of them.",
                    place=f"line {draft.line}",
                )
            if other.figure.unit == goal.unit:
                held += other.figure.number
    return Draft(
        line=draft.line,
        account=draft.account,
        figure=Figure(goal.number - held, goal.unit),
        assertion=draft.assertion,
        group=draft.group,
        tags=draft.tags,
    )


def _balanced(written: Written, members: Mapping[int, Draft], rules: Rules) -> dict[int, list[Leg]]:
    """Return the legs of postings that must balance together, by place in the transaction."""
    left: dict[str, Decimal] = {}
    open_at: list[int] = []
    for index, draft in members.items():
        weight = draft.weight or draft.figure
        if weight is None:
            open_at.append(index)
        else:
            left[weight.unit] = left.get(weight.unit, Decimal(0)) + weight.number
    if len(open_at) > 1:
        raise Invalid("More than one amount is left out.", place=f"line {members[open_at[1]].line}")
    filled: list[Figure] = []
    if open_at:
        filled = [
            Figure(rules.filled(-number, unit), unit) for unit, number in left.items() if number
        ]
    else:
        _check(written, left, members, rules)
    return {
        index: [
            Leg(draft.line, draft.account, figure, draft.tags)
            for figure in ([draft.figure] if draft.figure is not None else filled)
        ]
        for index, draft in members.items()
    }


def _check(
    written: Written, left: Mapping[str, Decimal], members: Mapping[int, Draft], rules: Rules
) -> None:
    over = {unit: number for unit, number in left.items() if not rules.is_nothing(number, unit)}
    if not over:
        return
    priced = any(draft.weight is not None for draft in members.values())
    first, *others = over.values()
    if rules.exchanges and not priced and len(others) == 1 and (first < 0) != (others[0] < 0):
        return
    told = ", ".join(f"{number:f} {unit}".strip() for unit, number in over.items())
    raise Invalid(f"The transaction does not balance: off by {told}.", place=f"line {written.line}")
