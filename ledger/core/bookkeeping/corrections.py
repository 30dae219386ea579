"""Corrections: the same event, booked as it should have been (event COR-1)."""

from collections.abc import Mapping
from dataclasses import replace

from ledger.core.entry import Entry, Posting, entry
from ledger.errors import Invalid


def rebooked(wrong: Entry, *, fund_map: Mapping[str, str]) -> list[Entry]:
    """Return the entry with its legs in other funds; the reversal is made by the journal.

    Raises Invalid when no leg is in a fund of the map.
    """
    if not any(leg.fund in fund_map for leg in wrong.postings):
        raise Invalid(
            "This journal entry has no posting in the fund you want to correct.", place="fund"
        )
    legs = tuple(replace(leg, fund=fund_map.get(leg.fund, leg.fund)) for leg in wrong.postings)
    return [Entry(wrong.book, legs)]


def money_followed(
    *,
    book: str,
    moved: list[tuple[Posting, int, int, str | None, str | None]],
    fund_map: Mapping[str, str],
) -> list[Entry]:
    """Have money that moved on since change its fund where it is now.

    ``moved`` are legs of the corrected entry with how much of each, in minor units with the leg's
    sign, is on which account by now, labelled with which payout, and owed by which other book.
    """
    legs: list[Posting] = []
    for leg, quantity, account, payout, other in moved:
        for fund, sign in ((leg.fund, 1), (fund_map[leg.fund], -1)):
            there = sign * quantity
            legs.append(Posting(leg.account, fund, leg.commodity, there))
            legs.append(
                Posting(account, fund, leg.commodity, -there, counterparty=other, payment=payout)
            )
    return [entry(book, legs)] if legs else []
