"""Volunteer hours: confirmed time, and what it is worth (events HRS)."""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.facts import NO_PLEDGE, Fulfilled, Hours
from ledger.core.bookkeeping.legs import check_positive, pair, released_promise
from ledger.core.entry import Entry, Posting, entry


def hours_confirmed(
    *,
    book: str,
    fund: str,
    hours: Hours,
    specialised: bool,
    fulfilled: Fulfilled = NO_PLEDGE,
) -> list[Entry]:
    """Count confirmed minutes, and their value.

    A specialised skill that would otherwise be bought is income and expense (HRS-3,
    ASC 958-605-25-16); other help is a statistic on the memo accounts (HRS-4). A value of zero
    adds no value legs.
    """
    check_positive(minutes=hours.minutes)
    currency, value, valuation = hours.currency, hours.value, hours.valuation
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
            _released(fund, hours, fulfilled),
            Posting(Acct.TIME_APPLIED, fund, hours.commodity, hours.minutes, valuation=valuation),
            Posting(Acct.TIME_GIVEN, fund, hours.commodity, -hours.minutes, valuation=valuation),
            worth if value else [],
        )
    ]


def hours_built(
    *,
    book: str,
    fund: str,
    hours: Hours,
    fulfilled: Fulfilled = NO_PLEDGE,
) -> list[Entry]:
    """Count minutes that create an asset: their value joins what is being built (HRS-5)."""
    worth = {"valuation": hours.valuation}
    built = (
        pair(
            fund,
            hours.currency,
            hours.value,
            Acct.UNDER_CONSTRUCTION,
            Acct.SERVICES_GIVEN,
            both=worth,
        )
        if hours.value
        else []
    )
    return [
        entry(
            book,
            _released(fund, hours, fulfilled),
            pair(
                fund, hours.commodity, hours.minutes, Acct.TIME_APPLIED, Acct.TIME_GIVEN, both=worth
            ),
            built,
        )
    ]


def hours_taken_back(
    *,
    book: str,
    fund: str,
    hours: Hours,
    specialised: bool,
    built: bool = False,
) -> list[Entry]:
    """Take back minutes that were confirmed and not worked, with their value (HRS-6); out of
    what was ``built`` where their value went there."""
    confirmed = (
        hours_built(book=book, fund=fund, hours=hours)
        if built
        else hours_confirmed(book=book, fund=fund, hours=hours, specialised=specialised)
    )
    return [item.reversed() for item in confirmed]


def _released(fund: str, hours: Hours, fulfilled: Fulfilled) -> list[Posting]:
    return released_promise(
        fund=fund,
        commodity=hours.commodity,
        quantity=fulfilled.released,
        pledge=fulfilled.pledge,
    )
