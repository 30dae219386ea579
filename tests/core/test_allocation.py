"""Splitting: the table of domain section 6, and what holds for every split."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.allocation import (
    BASIS_POINTS,
    SQUARE,
    Rule,
    Split,
    largest_remainder,
    match_weight,
    split,
)
from ledger.errors import Invalid

A_B_C = {"A": 1, "B": 2, "C": 3}
T = 100_000

EXAMPLES: dict[str, tuple[Rule, int, list[int], int]] = {
    "fixed, the rest stays": (
        Rule("fixed", {"A": 50_000, "B": 30_000}),
        T,
        [50_000, 30_000, 0],
        20_000,
    ),
    "fixed, then equal": (
        Rule("fixed", {"A": 50_000, "B": 30_000}, rest="equal"),
        T,
        [56_667, 36_667, 6_666],
        0,
    ),
    "fixed, then by weight": (
        Rule("fixed", {"A": 50_000}, rest="weights", weights={"B": 1, "C": 3}),
        T,
        [50_000, 12_500, 37_500],
        0,
    ),
    "fixed, too much, lowered": (
        Rule("fixed", {"A": 100_000, "B": 50_000}, pro_rata=True),
        T,
        [66_667, 33_333, 0],
        0,
    ),
    "percent": (
        Rule("percent", {"A": 5_000, "B": 3_000, "C": 2_000}),
        T,
        [50_000, 30_000, 20_000],
        0,
    ),
    "percent, a part is missing": (
        Rule("percent", dict.fromkeys("ABC", 3_333)),
        T,
        [33_330, 33_330, 33_330],
        10,
    ),
    "equal": (Rule("equal"), T, [33_334, 33_333, 33_333], 0),
    "weights": (Rule("weights", {"A": 7, "B": 5, "C": 3}), T, [46_667, 33_333, 20_000], 0),
    "need, capped": (
        Rule("need_capped", caps={"A": 30_000, "B": 90_000, "C": 20_000}),
        T,
        [30_000, 50_000, 20_000],
        0,
    ),
    "need, all caps are less": (
        Rule("need_capped", caps={"A": 30_000, "B": 40_000, "C": 20_000}),
        T,
        [30_000, 40_000, 20_000],
        10_000,
    ),
    "quadratic": (
        Rule("quadratic", gifts={"A": [400] * 25, "B": [2_500] * 4, "C": [10_000]}),
        T,
        [88_889, 11_111, 0],
        0,
    ),
    "quadratic, the pool has more than the ideal": (
        Rule("quadratic", gifts={"A": [400] * 4, "B": [2_500] * 2}),
        T,
        [4_800, 5_000, 0],
        90_200,
    ),
    "items": (Rule("weights", {"A": 7, "B": 5, "C": 3}), 5, [2, 2, 1], 0),
    "hours, in minutes": (Rule("weights", {"A": 7, "B": 5, "C": 3}), 1_200, [560, 400, 240], 0),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_table_of_rules_is_met(name: str) -> None:
    rule, total, shares, kept = EXAMPLES[name]
    result = split(rule, total, A_B_C)
    assert [share.quantity for share in result.shares] == shares
    assert result.kept == kept


def test_a_tie_goes_to_whoever_joined_first_whatever_the_names() -> None:
    result = split(Rule("equal"), 100, {"A": 3, "B": 1, "C": 2})
    assert [(share.key, share.quantity, share.residue) for share in result.shares] == [
        ("B", 34, True),
        ("C", 33, False),
        ("A", 33, False),
    ]


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (Rule("percent", {"A": 9_000, "B": 1_001}), "weights"),
        (Rule("fixed", {"A": T + 1}), "amount"),
        (Rule("fixed", {"A": 1}, rest="quadratic"), "rest"),
        (Rule("weights", {}), "weights"),
        (Rule("weights", {"A": -1, "B": 2}), "A"),
        (Rule("weights", {"D": 1}), "D"),
        (Rule("need_capped", {"A": 0}, caps={"A": 5}), "weights"),
        (Rule("quadratic", gifts={"D": [5]}), "D"),
        (Rule("quadratic", gifts={"A": [0]}), "gifts"),
        (Rule("by_lot"), "rule"),
    ],
)
def test_what_is_no_split_is_refused_where_it_is_wrong(rule: Rule, place: str) -> None:
    with pytest.raises(Invalid) as refusal:
        split(rule, T, A_B_C)
    assert refusal.value.place == place


NUMBERS = st.integers(0, 10**6)
TOTALS = st.integers(0, 10**12)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, int]:
    """Some members, each with its own place in line, listed in any order."""
    size = draw(st.integers(1, 7))
    places = draw(st.permutations(range(1, size + 1)))
    return {f"M{number}": place for number, place in enumerate(places)}


@st.composite
def rules(draw: st.DrawFn, members: Mapping[str, int], total: int) -> Rule:
    """Any rule that can split this total."""
    kind = draw(
        st.sampled_from(["equal", "weights", "percent", "fixed", "need_capped", "quadratic"])
    )
    some = {member: draw(NUMBERS) for member in members}
    first = next(iter(members))
    if kind == "percent":
        left, points = BASIS_POINTS, {}
        for member in members:
            points[member] = draw(st.integers(0, left))
            left -= points[member]
        return Rule(kind, points)
    if kind == "fixed":
        rest = draw(st.sampled_from(["", "equal", "weights"]))
        return Rule(kind, some, rest=rest, weights={first: 1}, pro_rata=True)
    if kind == "need_capped":
        return Rule(kind, {**some, first: some[first] + 1}, {m: draw(TOTALS) for m in members})
    if kind == "quadratic":
        gift = st.lists(st.integers(1, 10**8), max_size=6)
        return Rule(kind, gifts={member: draw(gift) for member in members})
    return Rule(kind, {**some, first: some[first] + 1})


def weights_of(rule: Rule, members: Mapping[str, int]) -> dict[str, int]:
    if rule.kind == "equal":
        return dict.fromkeys(members, 1)
    return {member: rule.numbers.get(member, 0) for member in members}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_split_is_whole_fair_and_the_same_again(data: st.DataObject) -> None:
    """I-40: parts and what is kept are the whole; the order of listing and a trip through the
    snapshot change nothing."""
    members, total = data.draw(lines()), data.draw(TOTALS)
    rule = data.draw(rules(members, total))
    result = split(rule, total, members)
    assert sum(share.quantity for share in result.shares) + result.kept == total
    assert result.kept >= 0
    assert all(share.quantity >= 0 for share in result.shares)
    shuffled = {member: members[member] for member in data.draw(st.permutations(list(members)))}
    assert split(rule, total, shuffled) == result
    kept = json.loads(json.dumps(rule.document()))
    assert split(Rule.of_document(kept), total, shuffled) == result


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_each_share_is_next_to_its_quota(data: st.DataObject) -> None:
    """I-40: within the floor and the ceiling; who has no weight gets nothing."""
    members, total = data.draw(lines()), data.draw(TOTALS)
    weights = {member: data.draw(NUMBERS) for member in members}
    weights[next(iter(members))] += 1
    whole = sum(weights.values())
    for share in split(Rule("weights", weights), total, members).shares:
        quota = total * weights[share.key]
        assert quota // whole <= share.quantity <= -(-quota // whole)
        assert weights[share.key] or not share.quantity


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nobody_gets_more_than_their_need_and_all_that_fits_is_given(data: st.DataObject) -> None:
    """I-42."""
    members, total = data.draw(lines()), data.draw(TOTALS)
    weights = {member: data.draw(st.integers(0, 9)) for member in members}
    weights[next(iter(members))] += 1
    caps = {member: data.draw(st.integers(0, 2 * 10**11)) for member in members}
    result = split(Rule("need_capped", weights, caps), total, members)
    given_away = 0
    for share in result.shares:
        assert 0 <= share.quantity <= caps[share.key]
        given_away += share.quantity
    assert given_away == min(total, sum(caps[member] for member in members if weights[member]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_matching_gives_at_most_the_pool_and_nothing_for_one_giver(data: st.DataObject) -> None:
    """I-43."""
    members, total = data.draw(lines()), data.draw(TOTALS)
    gift = st.lists(st.integers(1, 10**9), max_size=8)
    gifts = {member: data.draw(gift) for member in members}
    result = split(Rule("quadratic", gifts=gifts), total, members)
    assert sum(share.quantity for share in result.shares) <= total
    for share in result.shares:
        assert len(gifts[share.key]) > 1 or share.quantity == 0
    ideal = sum(match_weight(given_to) for given_to in gifts.values()) // SQUARE
    assert result.kept == max(0, total - ideal)


def test_more_givers_count_more_than_more_money() -> None:
    few, many = match_weight([100_00]), match_weight([4_00] * 25)
    assert few == 0
    assert many == 25 * 24 * 4_00 * SQUARE


def test_caps_bound_what_one_party_counts_and_what_one_project_gets() -> None:
    gifts = {"A": [400] * 25, "B": [2_500] * 4}
    uncapped = split(Rule("quadratic", gifts=gifts), T, A_B_C)
    capped = split(Rule("quadratic", caps={"A": 50_000}, gifts=gifts), T, A_B_C)
    assert quantities(uncapped) == {"A": 88_889, "B": 11_111, "C": 0}
    assert quantities(capped) == {"A": 50_000, "B": 50_000, "C": 0}
    level = split(
        Rule("quadratic", gifts={"A": [900, 100], "B": [100, 100]}, party_cap=100), T, A_B_C
    )
    assert quantities(level) == {"A": 200, "B": 200, "C": 0}


def quantities(result: Split) -> dict[str, int]:
    return {share.key: share.quantity for share in result.shares}


def test_a_split_that_gave_the_last_unit_to_anybody_would_be_seen() -> None:
    """The control of I-40: leaving the left-over units out breaks the sum."""
    shares = largest_remainder(100, [("A", 1), ("B", 1), ("C", 1)])
    floors = [share.quantity - share.residue for share in shares]
    assert sum(floors) == 99
    assert [share.residue for share in shares] == [True, False, False]
