"""Volunteer hours: confirmed time, and what it is worth (events HRS)."""

from typing import Any

from ledger.core.bookkeeping.legs import check_positive, pair, released_promise
from ledger.core.entry import Entry, Posting, entry

TIME_USED = 8410
TIME_GIVEN = 8120
DONATED_SERVICES = 4120
SERVICES_USED = 5210
STATISTIC = 9310
UNDER_CONSTRUCTION = 1520
STATISTIC_CONTRA = 9390


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
        (SERVICES_USED, DONATED_SERVICES) if specialised else (STATISTIC, STATISTIC_CONTRA)
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
            Posting(TIME_USED, fund, commodity, minutes, valuation=valuation),
            Posting(TIME_GIVEN, fund, commodity, -minutes, valuation=valuation),
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
        pair(fund, currency, value, UNDER_CONSTRUCTION, DONATED_SERVICES, both=worth)
        if value
        else []
    )
    return [
        entry(
            book,
            released_promise(fund=fund, commodity=commodity, quantity=released, pledge=pledge),
            pair(fund, commodity, minutes, TIME_USED, TIME_GIVEN, both=worth),
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
