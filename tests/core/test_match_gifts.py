"""What a sponsor adds to gifts and takes back of them, to the smallest unit."""

import pytest

from ledger.core.match_gifts import Matched, Terms, match, taken_back

ONE_FOR_ONE, HALF = 10_000, 5_000


@pytest.mark.parametrize(
    ("already", "shares"),
    [
        (0, [600, 400, 0]),
        (300, [600, 100, 0]),
        (999, [1, 0, 0]),
        (1_000, [0, 0, 0]),
        # A total that was lowered below what is matched already adds nothing and takes nothing.
        (1_200, [0, 0, 0]),
    ],
)
def test_the_cap_for_all_counts_what_was_matched_before(already: int, shares: list[int]) -> None:
    gifts = [("first", 600), ("second", 700), ("third", 50)]
    found = match(Terms(ONE_FOR_ONE, 0, 1_000), gifts, already)
    assert found == [
        Matched(name, gift, share) for (name, gift), share in zip(gifts, shares, strict=True)
    ]


def test_each_gift_has_its_own_cap_and_fractions_are_dropped() -> None:
    terms = Terms(HALF, 100, 10_000)
    assert [item.share for item in match(terms, [("odd", 5), ("big", 1_000)])] == [2, 100]


@pytest.mark.parametrize(
    ("gift", "refunds", "left"),
    [
        # Half of 5 is 2: of 4 that stay, the sponsor would have matched 1.6, of 3 1.2, of 2 0.8.
        (5, [1, 2, 3, 4, 5], [1, 1, 0, 0, 0]),
        (1_001, [1, 500, 501, 1_000, 1_001], [499, 250, 249, 0, 0]),
    ],
)
def test_what_stays_matched_drops_fractions_as_giving_did(
    gift: int, refunds: list[int], left: list[int]
) -> None:
    (given,) = match(Terms(HALF, 0, 10_000), [("gift", gift)])
    assert [given.share - taken_back(given.share, gift, back) for back in refunds] == left


def test_more_than_the_gift_never_goes_back_and_of_nothing_nothing() -> None:
    assert taken_back(500, 1_000, 2_000) == 500
    assert taken_back(500, 0, 100) == 0
