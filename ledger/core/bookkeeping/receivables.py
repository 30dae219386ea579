"""Promises that are owed: recognised, discounted, doubted, written off, matched (events PLG).

A promise is owed when it is unconditional and documented (ASC 958-310-25; Charities SORP 5.14).
Amounts in minor units.
"""

from collections.abc import Sequence

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.legs import check_positive, pair
from ledger.core.entry import Entry, Posting, entry
from ledger.errors import Invalid


def promise_recognised(
    *, book: str, fund: str, currency: str, amount: int, pledge: str, discount: int = 0
) -> list[Entry]:
    """Book an unconditional promise, less its discount to present value (PLG-03, -04, -10)."""
    check_positive(amount=amount)
    if not 0 <= discount < amount:
        raise Invalid("A discount must be less than the pledge.", place="discount")
    legs = [Posting(Acct.PLEDGES_RECEIVABLE, fund, currency, amount, pledge=pledge)]
    if discount:
        legs.append(Posting(Acct.PLEDGE_DISCOUNT, fund, currency, -discount, pledge=pledge))
    legs.append(Posting(Acct.PLEDGE_REVENUE, fund, currency, discount - amount, pledge=pledge))
    return [entry(book, legs)]


def present_value(payments: Sequence[tuple[int, int]], basis_points: int) -> int:
    """Return what promised payments are worth now: (years from now, minor units), yearly rate.

    Each payment is discounted exactly and rounded half up once, at the end.
    """
    total, unit = 0, 10_000
    longest = max((years for years, _amount in payments), default=0)
    grown = unit + basis_points
    for years, amount in payments:
        scaled: int = unit**years * grown ** (longest - years)
        total += amount * scaled
    whole: int = grown**longest
    return (2 * total + whole) // (2 * whole)


def discount_unwound(
    *, book: str, fund: str, currency: str, amount: int, pledge: str
) -> list[Entry]:
    """Book the year's share of the discount as income (PLG-05)."""
    legs = pair(
        fund, currency, amount, Acct.PLEDGE_DISCOUNT, Acct.PLEDGE_REVENUE, both={"pledge": pledge}
    )
    return [entry(book, legs)]


def allowance_made(*, book: str, fund: str, currency: str, amount: int) -> list[Entry]:
    """Set aside what of the promises may never come (PLG-11)."""
    return [
        entry(book, pair(fund, currency, amount, Acct.UNCOLLECTIBLE_PLEDGES, Acct.PLEDGE_ALLOWANCE))
    ]


def promise_written_off(
    *, book: str, fund: str, currency: str, amount: int, pledge: str, allowed: int = 0
) -> list[Entry]:
    """Take a promise that will not come off the books; ``allowed`` was set aside (PLG-12)."""
    check_positive(amount=amount)
    if not 0 <= allowed <= amount:
        raise Invalid("The allowance cannot be more than the pledge.", place="allowed")
    used: Posting | list[Posting] = (
        Posting(Acct.PLEDGE_ALLOWANCE, fund, currency, allowed) if allowed else []
    )
    lost: Posting | list[Posting] = (
        Posting(Acct.UNCOLLECTIBLE_PLEDGES, fund, currency, amount - allowed)
        if allowed < amount
        else []
    )
    return [
        entry(
            book,
            used,
            lost,
            Posting(Acct.PLEDGES_RECEIVABLE, fund, currency, -amount, pledge=pledge),
        )
    ]


def promise_recovered(
    *, book: str, fund: str, currency: str, amount: int, fee: int, payment: str | None = None
) -> list[Entry]:
    """Book a late payment of what was written off, with Stripe's fee (PLG-16)."""
    check_positive(amount=amount, net=amount - fee)
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount - fee, payment=payment),
            Posting(Acct.PROCESSING_FEES, fund, currency, fee, function="fundraising")
            if fee
            else [],
            Posting(Acct.UNCOLLECTIBLE_PLEDGES, fund, currency, -amount),
        )
    ]


def gifts_matched(*, book: str, fund: str, currency: str, amount: int, pledge: str) -> list[Entry]:
    """A sponsor owes what matches gifts that came in; the rest stays conditional (PLG-14)."""
    off = pair(
        fund,
        currency,
        amount,
        Acct.COMMITMENTS_RECEIVED,
        Acct.CONDITIONAL_PLEDGES,
        both={"pledge": pledge},
    )
    owed = pair(
        fund,
        currency,
        amount,
        Acct.PLEDGES_RECEIVABLE,
        Acct.PLEDGE_REVENUE,
        both={"pledge": pledge},
    )
    return [entry(book, off, owed)]


def promise_paid_by_bank(
    *, book: str, fund: str, currency: str, amount: int, owed: int, pledge: str
) -> list[Entry]:
    """Book a transfer for what is owed; more than that is a gift (PLG-15)."""
    check_positive(amount=amount, owed=owed)
    if owed > amount:
        raise Invalid("The transfer is less than the amount stated as paid.", place="owed")
    more = [Posting(Acct.DONATIONS, fund, currency, owed - amount)] if amount > owed else []
    return [
        entry(
            book,
            Posting(Acct.BANK, fund, currency, amount),
            Posting(Acct.PLEDGES_RECEIVABLE, fund, currency, -owed, pledge=pledge),
            more,
        )
    ]
