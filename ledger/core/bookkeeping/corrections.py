"""Corrections: the same event, booked as it should have been (event COR-1)."""

from collections.abc import Mapping
from dataclasses import replace

from ledger.core.entry import Entry
from ledger.errors import Invalid


def rebooked(wrong: Entry, *, fund_map: Mapping[str, str]) -> list[Entry]:
    """Return the entry with its legs in other funds; the reversal is the journal's deed.

    Raises Invalid when no leg is in a fund of the map.
    """
    if not any(leg.fund in fund_map for leg in wrong.postings):
        raise Invalid("This entry has no leg in the fund to be corrected.", place="fund")
    legs = tuple(replace(leg, fund=fund_map.get(leg.fund, leg.fund)) for leg in wrong.postings)
    return [Entry(wrong.book, legs)]
