"""Volunteer hours: confirmed time, and what it is worth (events HRS)."""

from typing import Any

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive, pair, released_promise
from ledger.core.entry import Entry, Posting, entry


def hours_confirmed(
    *,
    book: str,
    fund: str,
    commodity: str,
    minutes: int,
    currency: str,
    value: int,
    specialised: bool,
    valuation: str,
    pledge: str | None = None,
    released: int = 0,
) -> list[Entry]:
    """Count confirmed minutes, and their value in minor units.

    A specialised skill that would otherwise be bought is income and expense (HRS-3,
    ASC 958-605-25-16); other help is a statistic on the memo accounts (HRS-4). A value of zero
    adds no value legs.
    """
    check_positive(minutes=minutes)
    used, given = (
        (Acct.SERVICES_USED, Acct.SERVICES_GIVEN)
        if specialised
        else (Acct.TIME_STATISTIC, Acct.STATISTICS)
    )
    worth = [
        Posting(
            used,
            fund,
            currency,
            value,
            valuation=valuation,
            function="programme" if specialised else None,
        ),
        Posting(given, fund, currency, -value, valuation=valuation),
    ]
    return [
        entry(
            book,
            released_promise(fund=fund, commodity=commodity, quantity=released, pledge=pledge),
            Posting(Acct.TIME_APPLIED, fund, commodity, minutes, valuation=valuation),
            Posting(Acct.TIME_GIVEN, fund, commodity, -minutes, valuation=valuation),
            worth if value else [],
        )
    ]


def hours_built(
    *,
    book: str,
    fund: str,
    commodity: str,
    minutes: int,
    currency: str,
    value: int,
    valuation: str,
    pledge: str | None = None,
    released: int = 0,
) -> list[Entry]:
    """Count minutes that create an asset: their value joins what is being built (HRS-5)."""
    worth = {"valuation": valuation}
    built = (
        pair(fund, currency, value, Acct.UNDER_CONSTRUCTION, Acct.SERVICES_GIVEN, both=worth)
        if value
        else []
    )
    return [
        entry(
            book,
            released_promise(fund=fund, commodity=commodity, quantity=released, pledge=pledge),
            pair(fund, commodity, minutes, Acct.TIME_APPLIED, Acct.TIME_GIVEN, both=worth),
            built,
        )
    ]


def hours_taken_back(
    *,
    book: str,
    fund: str,
    commodity: str,
    minutes: int,
    currency: str,
    value: int,
    specialised: bool,
    valuation: str,
    built: bool = False,
) -> list[Entry]:
    """Take back minutes that were confirmed and not worked, with their value (HRS-6); out of
    what was ``built`` where their value went there."""
    worth_of: dict[str, Any] = {
        "book": book,
        "fund": fund,
        "commodity": commodity,
        "minutes": minutes,
        "currency": currency,
        "value": value,
        "valuation": valuation,
    }
    confirmed = (
        hours_built(**worth_of) if built else hours_confirmed(**worth_of, specialised=specialised)
    )
    return [item.reversed() for item in confirmed]
