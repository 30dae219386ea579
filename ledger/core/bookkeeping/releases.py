"""Restrictions that end, and what a board sets aside (events REL, COR-2, TAX). Minor units."""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import pair
from ledger.core.entry import Entry, entry


def restriction_released(
    *, book: str, from_fund: str, to_fund: str, currency: str, amount: int
) -> list[Entry]:
    """The time or purpose of a restriction is fulfilled: the money is free (REL-2)."""
    out = pair(from_fund, currency, amount, Acct.RELEASED_OUT, Acct.BANK)
    into = pair(to_fund, currency, amount, Acct.BANK, Acct.RELEASED_IN)
    return [entry(book, out, into)]


def funds_designated(
    *, book: str, from_fund: str, to_fund: str, currency: str, amount: int
) -> list[Entry]:
    """A board moves free money between funds: set aside (REL-3) or to cover a hole (COR-2)."""
    out = pair(from_fund, currency, amount, Acct.FUND_TRANSFERS_OUT, Acct.BANK)
    into = pair(to_fund, currency, amount, Acct.BANK, Acct.FUND_TRANSFERS_IN)
    return [entry(book, out, into)]


def gift_with_reclaim(
    *, book: str, fund: str, currency: str, amount: int, reclaim: int
) -> list[Entry]:
    """Book a gift by bank with the tax that the state adds to it (TAX-1)."""
    given = pair(fund, currency, amount, Acct.BANK, Acct.DONATIONS)
    return [
        entry(
            book,
            given,
            pair(fund, currency, reclaim, Acct.TAX_RECLAIM_RECEIVABLE, Acct.TAX_RECLAIMED),
        )
    ]


def reclaim_received(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """The state has paid the reclaimed tax (TAX-1)."""
    return [entry(book, pair(fund, currency, amount, Acct.BANK, Acct.TAX_RECLAIM_RECEIVABLE))]
