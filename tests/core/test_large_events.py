"""An event with more postings than fit into one entry is booked as several, each of them whole."""

import pytest

from ledger.core import bookkeeping
from ledger.core.entry import MAX_POSTINGS, Entry

MEMBERS = [(f"M{n}", "GEN", n + 1) for n in range(613)]


def check(entries: list[Entry], book: str, postings: int) -> None:
    own = [entry for entry in entries if entry.book == book]
    assert len(own) > 1
    assert sum(len(entry.postings) for entry in own) == postings
    assert max(len(entry.postings) for entry in own) <= MAX_POSTINGS
    # As few as fit.
    assert len(own) == -(-postings // MAX_POSTINGS)


def test_an_allocation_to_hundreds_of_members_has_several_entries_in_the_pool() -> None:
    entries = bookkeeping.allocation_made(
        pool="P", pool_fund="JOINT", currency="USD", shares=MEMBERS
    )
    check(entries, "P", 2 * len(MEMBERS))
    assert len({entry.book for entry in entries}) == 1 + len(MEMBERS)


def test_a_cost_shared_by_hundreds_has_several_entries_in_the_paying_book() -> None:
    entries = bookkeeping.cost_shared(book="A", fund="GEN", currency="USD", shares=MEMBERS)
    check(entries, "A", 2 * len(MEMBERS))


def test_transfers_to_hundreds_have_several_entries_in_pool_and_host() -> None:
    entries = bookkeeping.allocations_settled(
        pool="P",
        pool_fund="JOINT",
        host="H",
        held_fund="HELD",
        currency="USD",
        members={code: (fund, amount) for code, fund, amount in MEMBERS},
    )
    check(entries, "P", 2 * len(MEMBERS))
    check(entries, "H", 2 * len(MEMBERS))


@pytest.mark.parametrize("members", [1, 249, 250])
def test_what_fits_stays_one_entry(members: int) -> None:
    entries = bookkeeping.allocation_made(
        pool="P", pool_fund="JOINT", currency="USD", shares=MEMBERS[:members]
    )
    assert [len(entry.postings) for entry in entries if entry.book == "P"] == [2 * members]
