"""Complete transactions as their file leaves them: amounts left out, exchanges, what is asserted.

A transaction that does not balance and an assertion that is false are refused by line. Nothing is
rounded. Must not know how a file writes any of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from ledger.errors import Invalid
from ledger.importers.history import Figure, Leg, Transaction


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an account is said to hold after a posting, or before a day.

    ``inclusive`` counts what stands below the account; ``sole`` says that nothing else is there.
    """

    figure: Figure
    inclusive: bool = False
    sole: bool = False


# Postings of this group stand for themselves: time that somebody worked has no other side.
ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Draft:
    """A posting as it is written. ``weight`` is what it counts when it is bought or sold.

    Those of one group balance together, but for the group ``ALONE``.
    """

    line: int
    account: str
    figure: Figure | None
    weight: Figure | None = None
    assertion: Assertion | None = None
    group: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    # The day it falls on, where that is another than its transaction's.
    on: date | None = None


@dataclass(slots=True)
class Written:
    """A transaction as it is written."""

    line: int
    on: date
    drafts: list[Draft] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


class Rules:
    """Where the programs differ.

    ``exchanges``: two units may be exchanged without a price. ``seen``: how many decimals amounts
    of a unit have; where prices have more, half of the last one may be left over.
    """

    def __init__(self, *, exchanges: bool = True) -> None:
        self.exchanges = exchanges
        self.seen: dict[str, int] = {}

    def see(self, written: Written) -> None:
        """Take note of how precise the amounts of a transaction are written."""
        for draft in written.drafts:
            if draft.figure is not None:
                unit, places = draft.figure.unit, _written_places(draft.figure.number)
                self.seen[unit] = max(places, self.seen.get(unit, 0))

    def is_nothing(self, number: Decimal, unit: str) -> bool:
        """Tell whether what is left of a unit is below what its amounts can say."""
        if unit not in self.seen:
            return not number
        return abs(number) <= Decimal(1).scaleb(-self.seen[unit]) / 2

    def filled(self, number: Decimal, unit: str) -> Decimal:  # noqa: ARG002
        """Return an amount that was left out, as the program fills it in."""
        return number


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
        return self.all_held(account, inclusive=inclusive).get(unit, Decimal(0))

    def all_held(self, account: str, *, inclusive: bool = False) -> dict[str, Decimal]:
        """Return all that an account holds by unit, with what stands below it if asked."""
        found = dict(self._held.get(account, {}))
        if inclusive:
            for name, held in self._held.items():
                if name.startswith(f"{account}:"):
                    for unit, number in held.items():
                        found[unit] = found.get(unit, Decimal(0)) + number
        return found

    def check(self, account: str, assertion: Assertion, place: str) -> None:
        """Refuse an assertion that is false. Raises Invalid."""
        asserted, unit = assertion.figure.number, assertion.figure.unit
        held = self.held(account, unit, inclusive=assertion.inclusive)
        if held != asserted:
            raise Invalid(
                "{account} is asserted to hold {asserted:f} {unit}, but holds {held:f} {unit}.",
                place=place,
                account=account,
                asserted=asserted,
                unit=unit,
                held=held,
            )
        if assertion.sole:
            held_by_unit = self.all_held(account, inclusive=assertion.inclusive)
            others = {one for one, number in held_by_unit.items() if number} - {unit}
            if others:
                raise Invalid(
                    "{account} is asserted to hold nothing but {unit}, but holds {others} as well.",
                    place=place,
                    account=account,
                    unit=unit,
                    others=min(others),
                )


def complete(written: Iterable[Written], rules: Rules, running: Running) -> list[Transaction]:
    """Complete transactions in the order in which the program looks at them. Raises Invalid."""
    done = []
    for one in written:
        rules.see(one)
        completed = complete_one(one, rules, running)
        if completed is not None:
            done.append(completed)
    return done


def complete_by_day(
    written: Sequence[Written], rules: Rules, running: Running
) -> list[Transaction]:
    """Complete transactions by the days of their postings, as hledger does. Raises Invalid.

    Amounts of the whole file tell how precise they are written. An assertion counts what falls
    on its day or before, whatever the file's order; a balance that is set is set on its
    transaction's day.
    """
    for one in written:
        rules.see(one)
    legs: dict[int, list[list[Leg]]] = {}
    steps: list[tuple[date, int, int | None]] = []
    for index, one in enumerate(written):
        if any(_assigns(draft) for draft in one.drafts):
            steps.append((one.on, index, None))
            continue
        legs[index] = _legs(one, one.drafts, rules)
        steps += [(draft.on or one.on, index, at) for at, draft in enumerate(one.drafts)]
    done: dict[int, Transaction | None] = {}
    for _day, index, at in sorted(steps, key=lambda step: step[0]):
        one = written[index]
        if at is None:
            done[index] = complete_one(one, rules, running)
        else:
            _run(one.drafts[at], legs[index][at], running)
    for index, found in legs.items():
        done[index] = _transaction(written[index], [leg for some in found for leg in some])
    ordered = (done[index] for index in range(len(written)))
    return [transaction for transaction in ordered if transaction is not None]


def complete_one(written: Written, rules: Rules, running: Running) -> Transaction | None:
    """Complete one transaction; None when nothing moves in it."""
    drafts: list[Draft] = []
    for draft in written.drafts:
        drafts += _assigned(draft, drafts, running) if _assigns(draft) else [draft]
    legs = _legs(written, drafts, rules)
    for draft, found in zip(drafts, legs, strict=True):
        _run(draft, found, running)
    return _transaction(written, [leg for some in legs for leg in some])


def _assigns(draft: Draft) -> bool:
    return draft.figure is None and draft.assertion is not None


def _run(draft: Draft, legs: Sequence[Leg], running: Running) -> None:
    """Add what a posting moves to what accounts hold, and check what it asserts."""
    for leg in legs:
        running.add(leg.account, leg.figure)
    if draft.assertion is not None:
        running.check(draft.account, draft.assertion, f"line {draft.line}")


def _transaction(written: Written, legs: Iterable[Leg]) -> Transaction | None:
    moved = tuple(leg for leg in legs if leg.figure.number)
    return Transaction(written.line, written.on, moved, written.tags) if moved else None


def _assigned(draft: Draft, before: Sequence[Draft], running: Running) -> list[Draft]:
    """Return a posting that sets a balance with the amounts that do so, one for each unit."""
    assert draft.assertion is not None
    if draft.on is not None:
        raise Invalid(
            "A posting with its own date cannot set a balance. Write the amount.",
            place=f"line {draft.line}",
        )
    goal, inclusive = draft.assertion.figure, draft.assertion.inclusive
    held = running.all_held(draft.account, inclusive=inclusive)
    for other in before:
        below = inclusive and other.account.startswith(f"{draft.account}:")
        if other.account == draft.account or below:
            if other.figure is None:
                raise Invalid(
                    "The amounts of this account depend on each other. Write one of them.",
                    place=f"line {draft.line}",
                )
            unit = other.figure.unit
            held[unit] = held.get(unit, Decimal(0)) + other.figure.number
    moved = [Figure(goal.number - held.pop(goal.unit, Decimal(0)), goal.unit)]
    if draft.assertion.sole:
        moved += [Figure(-number, unit) for unit, number in held.items() if number]
    last = len(moved) - 1
    return [
        replace(draft, figure=figure, assertion=draft.assertion if at == last else None)
        for at, figure in enumerate(moved)
    ]


def _legs(written: Written, drafts: Sequence[Draft], rules: Rules) -> list[list[Leg]]:
    """Return the legs of each posting; those that balance together do. Raises Invalid."""
    legs: dict[int, list[Leg]] = {}
    for group in dict.fromkeys(draft.group for draft in drafts):
        members = {at: draft for at, draft in enumerate(drafts) if draft.group == group}
        legs |= _balanced(written, members, rules)
    for at, draft in enumerate(drafts):
        if draft.on is not None and draft.on != written.on:
            legs[at] = [replace(leg, on=draft.on) for leg in legs[at]]
    return [legs[at] for at in range(len(drafts))]


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
        raise Invalid(
            "The transaction leaves out more than one amount.",
            place=f"line {members[open_at[1]].line}",
        )
    filled: list[Figure] = []
    if open_at:
        filled = [
            Figure(rules.filled(-number, unit), unit) for unit, number in left.items() if number
        ]
    elif any(draft.group != ALONE for draft in members.values()):
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
    raise Invalid(
        "The transaction does not balance: off by {told}.", place=f"line {written.line}", told=told
    )
