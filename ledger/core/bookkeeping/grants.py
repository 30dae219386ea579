"""Grants: awarded on conditions, received in tranches, earned, returned, made (events GRT).

Conditional money is owed back until its conditions are met (ASC 958-605-25). Minor units.
"""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import pair
from ledger.core.entry import Entry, entry


def grant_awarded(*, book: str, fund: str, currency: str, amount: int, grant: str) -> list[Entry]:
    """Note a grant whose conditions are still open (GRT-1)."""
    legs = pair(
        fund,
        currency,
        amount,
        Acct.CONDITIONAL_GRANTS_AWARDED,
        Acct.COMMITMENTS_RECEIVED,
        both={"grant": grant},
    )
    return [entry(book, legs)]


def tranche_received(
    *, book: str, fund: str, currency: str, amount: int, grant: str
) -> list[Entry]:
    """Book money that came before its conditions were met (GRT-2)."""
    legs = pair(
        fund, currency, amount, Acct.BANK, Acct.REFUNDABLE_ADVANCES, on_credit={"grant": grant}
    )
    return [entry(book, legs)]


def grant_earned(
    *, book: str, fund: str, currency: str, amount: int, grant: str, received: bool
) -> list[Entry]:
    """Conditions are met: of money that is here (GRT-3), or of a claim in arrears (GRT-4)."""
    source = Acct.REFUNDABLE_ADVANCES if received else Acct.GRANTS_RECEIVABLE
    earned = pair(fund, currency, amount, source, Acct.GRANTS, both={"grant": grant})
    off = pair(
        fund,
        currency,
        amount,
        Acct.COMMITMENTS_RECEIVED,
        Acct.CONDITIONAL_GRANTS_AWARDED,
        both={"grant": grant},
    )
    return [entry(book, earned, off)]


def grant_returned(*, book: str, fund: str, currency: str, amount: int, grant: str) -> list[Entry]:
    """Give back what was not earned (GRT-5)."""
    back = pair(
        fund, currency, amount, Acct.REFUNDABLE_ADVANCES, Acct.BANK, on_debit={"grant": grant}
    )
    off = pair(
        fund,
        currency,
        amount,
        Acct.COMMITMENTS_RECEIVED,
        Acct.CONDITIONAL_GRANTS_AWARDED,
        both={"grant": grant},
    )
    return [entry(book, back, off)]


def outside_grant_made(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Decide a grant to a group outside the system (GRT-6)."""
    work = {"function": "programme"}
    return [
        entry(
            book, pair(fund, currency, amount, Acct.GRANTS_MADE, Acct.GRANTS_PAYABLE, on_debit=work)
        )
    ]


def outside_grant_paid(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Pay a grant to a group outside, or part of it (GRT-6)."""
    return [entry(book, pair(fund, currency, amount, Acct.GRANTS_PAYABLE, Acct.BANK))]
