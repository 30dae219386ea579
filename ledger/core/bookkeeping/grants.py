"""Grants: awarded on conditions, received in tranches, earned, returned, made (events GRT).

Conditional money is owed back until its conditions are met (ASC 958-605-25). Minor units.
"""

from ledger.core.bookkeeping.legs import BANK, COMMITMENTS, pair
from ledger.core.entry import Entry, entry

CONDITIONAL_GRANTS = 9140
ADVANCES = 2410
RECEIVABLE = 1220
INCOME = 4210
MADE = 5610
PAYABLE = 2130


def grant_awarded(*, book: str, fund: str, currency: str, amount: int, grant: str) -> list[Entry]:
    """Note a grant whose conditions are still open (GRT-1)."""
    legs = pair(fund, currency, amount, CONDITIONAL_GRANTS, COMMITMENTS, both={"grant": grant})
    return [entry(book, legs)]


def tranche_received(
    *, book: str, fund: str, currency: str, amount: int, grant: str
) -> list[Entry]:
    """Book money that came before its conditions were met (GRT-2)."""
    legs = pair(fund, currency, amount, BANK, ADVANCES, on_credit={"grant": grant})
    return [entry(book, legs)]


def grant_earned(
    *, book: str, fund: str, currency: str, amount: int, grant: str, received: bool
) -> list[Entry]:
    """Conditions are met: of money that is here (GRT-3), or of a claim in arrears (GRT-4)."""
    source = ADVANCES if received else RECEIVABLE
    earned = pair(fund, currency, amount, source, INCOME, both={"grant": grant})
    off = pair(fund, currency, amount, COMMITMENTS, CONDITIONAL_GRANTS, both={"grant": grant})
    return [entry(book, earned, off)]


def grant_returned(*, book: str, fund: str, currency: str, amount: int, grant: str) -> list[Entry]:
    """Give back what was not earned (GRT-5)."""
    back = pair(fund, currency, amount, ADVANCES, BANK, on_debit={"grant": grant})
    off = pair(fund, currency, amount, COMMITMENTS, CONDITIONAL_GRANTS, both={"grant": grant})
    return [entry(book, back, off)]


def outside_grant_made(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Decide a grant to a group outside the system (GRT-6)."""
    work = {"function": "programme"}
    return [entry(book, pair(fund, currency, amount, MADE, PAYABLE, on_debit=work))]


def outside_grant_paid(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Pay a grant to a group outside, or part of it (GRT-6)."""
    return [entry(book, pair(fund, currency, amount, PAYABLE, BANK))]
