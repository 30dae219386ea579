"""Restrictions that end, and what a board sets aside (events REL, COR-2, TAX). Minor units."""

from ledger.core.bookkeeping.legs import BANK, DONATIONS, pair
from ledger.core.entry import Entry, entry

RELEASED_FROM = 5910
RELEASED_TO = 4910
MOVED_FROM = 5915
MOVED_TO = 4915
TAX_RECLAIM = 1240
TAX_INCOME = 4040


def restriction_released(
    *, book: str, from_fund: str, to_fund: str, currency: str, amount: int
) -> list[Entry]:
    """The time or purpose of a restriction is fulfilled: the money is free (REL-2)."""
    out = pair(from_fund, currency, amount, RELEASED_FROM, BANK)
    into = pair(to_fund, currency, amount, BANK, RELEASED_TO)
    return [entry(book, out, into)]


def funds_designated(
    *, book: str, from_fund: str, to_fund: str, currency: str, amount: int
) -> list[Entry]:
    """A board moves free money between funds: set aside (REL-3) or to cover a hole (COR-2)."""
    out = pair(from_fund, currency, amount, MOVED_FROM, BANK)
    into = pair(to_fund, currency, amount, BANK, MOVED_TO)
    return [entry(book, out, into)]


def gift_with_reclaim(
    *, book: str, fund: str, currency: str, amount: int, reclaim: int
) -> list[Entry]:
    """Book a gift by bank with the tax that the state adds to it (TAX-1)."""
    given = pair(fund, currency, amount, BANK, DONATIONS)
    return [entry(book, given, pair(fund, currency, reclaim, TAX_RECLAIM, TAX_INCOME))]


def reclaim_received(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """The state has paid the reclaimed tax (TAX-1)."""
    return [entry(book, pair(fund, currency, amount, BANK, TAX_RECLAIM))]
