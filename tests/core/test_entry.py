"""An entry that says something impossible cannot be made; each refusal names its posting."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core.bounds import LARGEST_QUANTITY
from ledger.core.entry import MAX_POSTINGS, Entry, Posting, entry
from ledger.errors import Invalid

MONEY = (Posting(1010, "GEN", "USD", 500), Posting(4010, "GEN", "USD", -500))
HOURS = (Posting(9110, "GEN", "MIN.ELEC", 60), Posting(9910, "GEN", "MIN.ELEC", -60))


def test_what_is_whole_and_balances_is_an_entry() -> None:
    assert entry("A", *MONEY, HOURS).postings == (*MONEY, *HOURS)
    legs = [replace(leg, quantity=leg.quantity // 500 * LARGEST_QUANTITY) for leg in MONEY]
    assert entry("A", legs).postings[0].quantity == LARGEST_QUANTITY


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"quantity": LARGEST_QUANTITY + 1}, "too large to be stored"),
        ({"quantity": -LARGEST_QUANTITY - 1}, "too large to be stored"),
        ({"quantity": 0}, "the quantity is zero"),
        ({"quantity": 5.0}, "not a whole number"),
        ({"quantity": True}, "not a whole number"),
        ({"commodity": "MIN.ELEC"}, "is no currency"),
        ({"account": 8010}, "counts things or time"),
        ({"account": 1300}, "needs a counterparty book"),
        ({"account": 1300, "counterparty": "A"}, "cannot be its own counterparty"),
        ({"party": "Ada Hill"}, "named by its commitment"),
        ({"party": "A" * 64}, "named by its commitment"),
    ],
)
def test_a_posting_that_cannot_be_is_refused_by_its_place(
    change: dict[str, Any], sentence: str
) -> None:
    wrong = replace(MONEY[0], **change)
    # The other leg balances it, so that nothing but the posting itself is wrong.
    other = replace(MONEY[1], commodity=wrong.commodity, quantity=-wrong.quantity)
    with pytest.raises(Invalid, match=sentence) as refused:
        Entry("A", (wrong, other))
    assert refused.value.place == "postings[0]"


@pytest.mark.parametrize("count", [1, MAX_POSTINGS + 1])
def test_an_entry_has_two_to_five_hundred_postings(count: int) -> None:
    legs = [replace(MONEY[0], quantity=1)] * (count - 1) + [replace(MONEY[1], quantity=1 - count)]
    with pytest.raises(Invalid, match=f"not {count}"):
        Entry("A", tuple(legs))


@pytest.mark.parametrize(
    "change", [{"quantity": -499}, {"fund": "ROOF"}, {"commodity": "EUR"}, {"account": 9910}]
)
def test_each_fund_layer_and_commodity_balances_by_itself(change: dict[str, Any]) -> None:
    other = replace(MONEY[1], **change)
    if change.get("account"):
        other = replace(other, commodity="MIN.ELEC")
    with pytest.raises(Invalid, match="does not balance"):
        Entry("A", (MONEY[0], other))
