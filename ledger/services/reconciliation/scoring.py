"""Suggestions with reasons: what a line could be, how sure that is, and why.

Points add up, each with the phrase that explains it. From ``SHOWN`` an idea is shown, from
``CHOSEN`` and well ahead of the next it is filled in; nothing is booked by points alone. Must not
write anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from ledger.core.accounts import Acct
from ledger.core.line_history import history_key
from ledger.core.reference import find_references
from ledger.db import ReadSession
from ledger.models.bank_rules import BankRule
from ledger.models.statements import LineState, MatchRule
from ledger.queries.banking.candidates import (
    Decided,
    OpenPledge,
    decisions,
    givers_by_account,
    open_pledges,
)
from ledger.services.banking.items import Item
from ledger.services.banking.suggestions import Suggestion, suggestions_for
from ledger.services.reconciliation.meanings import HISTORY, Part
from ledger.services.reconciliation.rules import first_fitting, part_of, rules_of

SHOWN, CHOSEN, CERTAIN, AHEAD, KEPT = 40, 70, 95, 15, 5
# Of a sum of several pledges: how many one donor's are looked at, and how many add up at most.
MOST_ITEMS, MOST_CHOSEN, MOST_SUMS = 24, 8, 4_096
NEAR = timedelta(days=10)
# Pledges that are weighed for one item.
MOST_LOOKED_AT = 40
LIKE, VERY_LIKE = 0.75, 0.9
LAST = 3


class Why(StrEnum):
    """Why a line could be something; what each is called stands with the page."""

    NAMED = "named"
    EXACT = "exact"
    INSTALMENT = "instalment"
    SUM = "sum"
    ACCOUNT = "account"
    SHARED_ACCOUNT = "shared_account"
    OTHER_ACCOUNT = "other_account"
    VERY_LIKE = "very_like"
    LIKE = "like"
    DUE = "due"
    TOO_MUCH = "too_much"
    TWO_WAYS = "two_ways"
    SAME_TEXT = "same_text"
    LAST_SAME = "last_same"
    MOST_SAME = "most_same"
    RULE = "rule"


POINTS: Mapping[Why, int] = {
    Why.NAMED: 70,
    Why.EXACT: 25,
    Why.INSTALMENT: 25,
    Why.SUM: 20,
    Why.ACCOUNT: 25,
    Why.SHARED_ACCOUNT: 10,
    Why.OTHER_ACCOUNT: -30,
    Why.VERY_LIKE: 10,
    Why.LIKE: 5,
    Why.DUE: 5,
    Why.TOO_MUCH: -20,
    Why.TWO_WAYS: 0,
    Why.SAME_TEXT: 25,
    Why.LAST_SAME: 15,
    Why.MOST_SAME: 8,
    Why.RULE: 75,
}
# What the rules of ``services.banking`` come to.
RULES: Mapping[str, tuple[str, int]] = {
    MatchRule.PAYOUT: ("payout", 95),
    "M-02": ("payout", 45),
    MatchRule.BANK_CHARGE: ("charge", 50),
    MatchRule.RETURNED_CHEQUE: ("returned", 45),
    MatchRule.OWED_REFUND: ("repaid", 45),
    MatchRule.ENTRY: ("entry", 60),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, and what it is about: a reference, a name, an account."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """What an item could be: its parts, how many points speak for it, why, whose it is and how
    much of it is open; ``sentence``, ``about`` and the day are those of a rule."""

    parts: tuple[Part, ...]
    points: int
    reasons: tuple[Reason, ...] = ()
    who: str = ""
    open: int = 0
    sentence: str = ""
    about: str = ""
    on: date | None = None

    @property
    def meaning(self) -> str:
        """The meaning of its first part."""
        return self.parts[0].meaning

    @property
    def is_sure(self) -> bool:
        """Whether enough speaks for it to be filled in, were there no other."""
        return self.points >= CHOSEN


def ideas_for(
    session: ReadSession, items: Sequence[Item], *, thorough: bool = True
) -> dict[UUID, list[Idea]]:
    """Return what lines and payments of one book could be, the best five of each first.

    Asks the same few questions for any number of them. A list is not ``thorough``: pledges of which
    only the amount speaks, and what was done with the last like lines, stand on a line's own page.
    """
    waiting = [item for item in items if item.line.state == item.state == LineState.OPEN]
    found: dict[UUID, list[Idea]] = {item.id: [] for item in items}
    if not waiting:
        return found
    ruled = suggestions_for(session, waiting, with_pledges=False)
    ours = [item for item in waiting if item.account == Acct.BANK]
    pledged = _pledged(
        session,
        [item for item in ours if item.amount > 0 and not item.split],
        thorough=thorough,
    )
    alike = _alike(session, ours) if thorough else {}
    rules = rules_of(session, book_id=waiting[0].book_id)
    for item in waiting:
        ideas = [
            *pledged.get(item.id, ()),
            *(_ruled(item, row) for row in ruled[item.id] if row.rule in RULES),
            *alike.get(item.id, ()),
            *_by_rule(rules, item),
        ]
        shown = [idea for idea in ideas if idea.points >= SHOWN]
        found[item.id] = sorted(shown, key=lambda idea: -idea.points)[:KEPT]
    return found


def chosen(ideas: Sequence[Idea]) -> Idea | None:
    """Return the idea that is filled in: sure enough, and well ahead of the next."""
    if not ideas or ideas[0].points < CHOSEN:
        return None
    if len(ideas) > 1 and ideas[0].points - ideas[1].points < AHEAD:
        return None
    return ideas[0]


def _by_rule(rules: Sequence[BankRule], item: Item) -> list[Idea]:
    """Return what the first rule of the book that fits says of an item."""
    row = first_fitting(rules, item) if item.account == Acct.BANK and not item.split else None
    if row is None:
        return []
    reason = Reason(Why.RULE, row.words or row.counterparty_account)
    return [Idea((part_of(row, item),), POINTS[Why.RULE], (reason,))]


def _ruled(item: Item, row: Suggestion) -> Idea:
    meaning, points = RULES[row.rule]
    part = Part(meaning, abs(item.amount), target=row.target)
    return Idea((part,), points, open=row.amount, about=row.about, sentence=row.sentence, on=row.on)


def _pledged(
    session: ReadSession, items: Sequence[Item], *, thorough: bool
) -> dict[UUID, list[Idea]]:
    """Return which pledges incoming items could pay."""
    if not items:
        return {}
    named = {item.id: set(find_references(item.text)) for item in items}
    accounts = {one for item in items if (one := item.about.counterparty_account)}
    givers = givers_by_account(session, book_id=items[0].book_id, accounts=accounts)
    found: dict[UUID, list[Idea]] = {}
    for commodity in {item.commodity for item in items}:
        mine = [item for item in items if item.commodity == commodity]
        pledges = open_pledges(
            session,
            book_id=items[0].book_id,
            commodity=commodity,
            references={one for item in mine for one in named[item.id]},
            parties={party for known in givers.values() for party in known},
            amounts={item.amount for item in mine} if thorough else (),
        )
        for item in mine:
            known = givers.get(item.about.counterparty_account or "", set())
            found[item.id] = _of_item(item, pledges, named[item.id], known)
    return found


def _of_item(
    item: Item, pledges: Sequence[OpenPledge], named: set[str], known: set[UUID]
) -> list[Idea]:
    """Return the ideas of one item: each pledge by itself, and one donor's that add up to it."""
    ideas = []
    fitting = [
        pledge
        for pledge in pledges
        if pledge.reference in named
        or pledge.party_id in known
        or item.amount in (pledge.open, pledge.instalment)
    ]
    for pledge in fitting[:MOST_LOOKED_AT]:
        reasons = _reasons(item, pledge, named, known)
        points = sum(POINTS[reason.why] for reason in reasons)
        part = Part("pledge", min(item.amount, pledge.open), target=pledge.reference)
        ideas.append(Idea((part,), points, tuple(reasons), pledge.donor, pledge.open))
    donors = known | {pledge.party_id for pledge in pledges if pledge.reference in named}
    for party in donors:
        theirs = [pledge for pledge in pledges if pledge.party_id == party][:MOST_ITEMS]
        ways = _sums([pledge.open for pledge in theirs], item.amount)
        if not ways:
            continue
        some = [theirs[number] for number in ways[0]]
        reasons = [Reason(Why.SUM, str(len(some)))]
        reasons += [Reason(Why.NAMED, one.reference) for one in some if one.reference in named][:1]
        reasons += [
            reason
            for reason in _reasons(item, some[0], set(), known)
            if reason.why not in (Why.EXACT, Why.INSTALMENT, Why.TOO_MUCH)
        ]
        if len(ways) > 1:
            reasons.append(Reason(Why.TWO_WAYS))
        ideas.append(
            Idea(
                tuple(Part("pledge", one.open, target=one.reference) for one in some),
                sum(POINTS[reason.why] for reason in reasons),
                tuple(reasons),
                some[0].donor,
                item.amount,
            )
        )
    return ideas


def _reasons(item: Item, pledge: OpenPledge, named: set[str], known: set[UUID]) -> list[Reason]:
    """Return what speaks for and against an item being the payment of a pledge."""
    reasons = []
    if pledge.reference in named:
        reasons.append(Reason(Why.NAMED, pledge.reference))
    if item.amount == pledge.open:
        reasons.append(Reason(Why.EXACT))
    elif item.amount == pledge.instalment:
        reasons.append(Reason(Why.INSTALMENT))
    elif item.amount > pledge.open:
        reasons.append(Reason(Why.TOO_MUCH))
    if pledge.party_id in known:
        reasons.append(Reason(Why.ACCOUNT if len(known) == 1 else Why.SHARED_ACCOUNT))
    elif known:
        reasons.append(Reason(Why.OTHER_ACCOUNT))
    likeness = _likeness(item.about.counterparty_name or "", pledge.donor or "")
    if likeness >= LIKE:
        why = Why.VERY_LIKE if likeness >= VERY_LIKE else Why.LIKE
        reasons.append(Reason(why, pledge.donor))
    if pledge.due_on is not None and abs(pledge.due_on - item.booked_on) <= NEAR:
        reasons.append(Reason(Why.DUE))
    return reasons


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are, whatever the order and case of their words."""
    first, second = (" ".join(sorted(name.casefold().split())) for name in (one, other))
    return SequenceMatcher(None, first, second).ratio() if first and second else 0.0


def _sums(amounts: Sequence[int], wanted: int) -> list[tuple[int, ...]]:
    """Return at most two ways in which two to eight amounts add up, the first ones preferred.

    Meets in the middle: sums of the first half and of the second are made once each.
    """
    half = len(amounts) // 2
    left = _subsets(range(half))
    right: dict[int, list[tuple[int, ...]]] = {}
    for subset in _subsets(range(half, len(amounts))):
        right.setdefault(sum(amounts[number] for number in subset), []).append(subset)
    ways: list[tuple[int, ...]] = []
    for subset in left:
        rest = wanted - sum(amounts[number] for number in subset)
        for other in right.get(rest, ()):
            if 2 <= len(subset) + len(other) <= MOST_CHOSEN:
                ways.append((*subset, *other))
                if len(ways) > 1:
                    return ways
    return ways


def _subsets(numbers: range) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for size in range(min(len(numbers), MOST_CHOSEN) + 1):
        for subset in combinations(numbers, size):
            found.append(subset)
            if len(found) >= MOST_SUMS:
                return found
    return found


def _alike(session: ReadSession, items: Sequence[Item]) -> dict[UUID, list[Idea]]:
    """Return what was done with the last lines like each item."""
    keys = {item.id: key_of(item) for item in items if item.part is None}
    known = (
        decisions(session, book_id=items[0].book_id, keys={key for key in keys.values() if key})
        if items
        else {}
    )
    found = {}
    for item in items:
        last = known.get(keys.get(item.id, ""), [])[:LAST]
        idea = _again(item, last)
        if idea is not None:
            found[item.id] = [idea]
    return found


def key_of(item: Item) -> str:
    """Return by which key lines like an item are known."""
    about = item.about
    return history_key(
        item.amount, about.remittance, about.counterparty_account, about.counterparty_name
    )


def _again(item: Item, last: Sequence[Decided]) -> Idea | None:
    """Return what was done with two or three of the last like lines, as an idea for the next."""
    if len(last) < LAST - 1 or last[0].rule not in HISTORY:
        return None
    same = [one for one in last if (one.rule, one.account) == (last[0].rule, last[0].account)]
    if len(same) < LAST - 1:
        return None
    reasons = [Reason(Why.SAME_TEXT)]
    if len(same) == LAST:
        reasons.append(Reason(Why.LAST_SAME, str(last[0].account)))
    else:
        reasons.append(Reason(Why.MOST_SAME, str(last[0].account)))
    if item.about.counterparty_account:
        reasons.append(Reason(Why.ACCOUNT))
    part = Part(HISTORY[last[0].rule], abs(item.amount), fund=last[0].fund, account=last[0].account)
    return Idea((part,), sum(POINTS[reason.why] for reason in reasons), tuple(reasons))
