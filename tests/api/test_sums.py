"""Sums of very large entries: what may be posted can also be added up."""

from tests.api.conftest import Caller, agree
from tests.api.test_refusals import ENTRY, new_key, problem
from tests.worlds.town import Town

LARGEST = 10**15


def body(quantity: int) -> dict[str, object]:
    legs = [{**leg, "quantity": leg["quantity"] // 500 * quantity} for leg in ENTRY["postings"]]
    return {**ENTRY, "external_ref": new_key(), "postings": legs}


def test_the_largest_entries_can_be_added_up(town: Town, call: Caller) -> None:
    for _ in range(3):
        agree(town, call("POST", "/books/A/entries", key=new_key(), json=body(LARGEST)))
    rows = call("GET", "/books/A/trial-balance").get_json()["rows"]
    assert any(row["quantity"] < -3 * LARGEST for row in rows if row["account"] == 4010)


def test_more_than_that_is_refused(call: Caller) -> None:
    answer = call("POST", "/books/A/entries", key=new_key(), json=body(LARGEST + 1))
    assert "postings[0].quantity" in problem(answer, 422)
