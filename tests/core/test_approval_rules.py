"""How many people approve: bands by amount, in whole units, read strictly."""

from typing import Any

import pytest

from ledger.core.approval_rules import (
    Bands,
    asked_amount,
    entry_amount,
    people_needed,
    read_bands,
    write_bands,
)
from ledger.core.policies import profile, with_choices
from ledger.errors import Invalid

BANDS: Bands = ((0, 1), (5_000, 2), (20_000, 3))


@pytest.mark.parametrize(
    ("amount", "people"),
    [(0, 1), (499_999, 1), (500_000, 2), (1_999_999, 2), (2_000_000, 3), (10**15, 3), (None, 3)],
)
def test_people_rise_with_the_amount(amount: int | None, people: int) -> None:
    assert people_needed(BANDS, amount, "USD") == people


def test_a_currency_without_decimals_has_its_own_bound() -> None:
    assert [people_needed(BANDS, amount, "JPY") for amount in (4_999, 5_000)] == [1, 2]


def test_bands_are_read_as_they_are_written() -> None:
    assert read_bands("approvals", write_bands(BANDS)) == BANDS


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "0:0", "0:6", "1:1", "0:2,5000:1", "0:1,0:2", "0:1,9:2,8:3", "0:1;5000:2",
        "0:-1", "0:1,:2", "0:1,1000000001:2", "0:٣", "0:1,5_0:2", "99999999999999999999:1",
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_at_its_key(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_bands("approvals.spending", text)
    assert refusal.value.place == "approvals.spending"


def test_a_kind_has_its_own_rule_or_that_of_every_kind_and_never_less_than_it_needs() -> None:
    chosen = {"approvals": "0:1,100:2", "approvals.spending": "0:3"}
    policy = with_choices(profile("US_GAAP"), chosen)
    assert policy.bands_of("spending") == ((0, 3),)
    assert policy.bands_of("refund") == ((0, 1), (100, 2))
    assert policy.bands_of("reopening") == ((0, 2),)
    assert profile("US_GAAP").bands_of("spending") == ((0, 1),)
    assert policy.document()["approvals.spending"] == "0:3"


@pytest.mark.parametrize(
    ("arguments", "amount"),
    [
        pytest.param({"quantity": 5, "commodity": "USD"}, 5, id="money"),
        pytest.param({"quantity": 5, "commodity": "MIN.ELEC"}, 0, id="hours"),
        pytest.param({"quantity": 5, "commodity": "EUR"}, None, id="other money"),
        pytest.param({"until": "2026-10-31"}, 0, id="no amount"),
        pytest.param({"amount": 7, "quantity": 5, "commodity": "USD"}, 7, id="its own word"),
        pytest.param({"price": 9}, 9, id="a price"),
        pytest.param({"impairment": 2, "compensation": 3}, 5, id="harm"),
        pytest.param(
            {"postings": [{"commodity": "USD", "quantity": q} for q in (3, 4, -7)]}, 7, id="legs"
        ),
        pytest.param(
            {"balances": [{"commodity": c, "quantity": 1} for c in ("USD", "EUR")]},
            None,
            id="legs in two currencies",
        ),
    ],
)
def test_what_a_request_is_about(arguments: dict[str, Any], amount: int | None) -> None:
    assert asked_amount(arguments, "USD") == amount


def test_a_release_does_not_double_what_an_entry_moves() -> None:
    legs = [(1510, 900), (2110, -900), (5910, 900), (4910, -900)]
    assert entry_amount(((a, "USD", q) for a, q in legs), "USD") == 900
    split = [(5110, 400), (5110, 500), (1010, -900)]
    assert entry_amount(((a, "USD", q) for a, q in split), "USD") == 900
