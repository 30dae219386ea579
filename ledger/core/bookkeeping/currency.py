"""Money in another currency than the book's: received, sold, revalued (events FX, PAY-12).

Position account 1990 holds both sides, so that each currency balances by itself and no rate is
ever needed to check an entry. Amounts in minor units of their own currency.
"""

from ledger.core.accounts import Acct
from ledger.core.bookkeeping.facts import Charge
from ledger.core.bookkeeping.legs import check_positive, pair
from ledger.core.entry import Entry, Posting, entry


def foreign_gift_received(
    *, book: str, fund: str, currency: str, amount: int, foreign: str, foreign_amount: int
) -> list[Entry]:
    """Book a gift into a foreign bank account at the day's value (FX-1)."""
    return [
        entry(
            book,
            pair(fund, foreign, foreign_amount, Acct.FOREIGN_BANK, Acct.CURRENCY_CONVERSION),
            pair(fund, currency, amount, Acct.CURRENCY_CONVERSION, Acct.DONATIONS),
        )
    ]


def position_revalued(*, book: str, fund: str, currency: str, gain: int) -> list[Entry]:
    """Bring the position to the closing rate; a loss is negative (FX-2, FX-3)."""
    if gain < 0:
        return [
            entry(book, pair(fund, currency, -gain, Acct.EXCHANGE_GAINS, Acct.CURRENCY_CONVERSION))
        ]
    return [entry(book, pair(fund, currency, gain, Acct.CURRENCY_CONVERSION, Acct.EXCHANGE_GAINS))]


def foreign_money_sold(
    *, book: str, fund: str, currency: str, amount: int, foreign: str, foreign_amount: int
) -> list[Entry]:
    """Book an exchange from the foreign bank account into the book's own (FX-3)."""
    return [
        entry(
            book,
            pair(fund, foreign, foreign_amount, Acct.CURRENCY_CONVERSION, Acct.FOREIGN_BANK),
            pair(fund, currency, amount, Acct.BANK, Acct.CURRENCY_CONVERSION),
        )
    ]


def foreign_payment_settled(
    *,
    book: str,
    fund: str,
    charge: Charge,
    pledge: str,
    foreign: str,
    released: int,
) -> list[Entry]:
    """Book a charge that Stripe settles in the book's currency for a pledge in another (PAY-12).

    ``released`` is in the pledge's currency.
    """
    currency, amount, fee, payment = charge.currency, charge.amount, charge.fee, charge.payment
    check_positive(amount=amount, released=released, net=amount - fee)
    return [
        entry(
            book,
            Posting(Acct.STRIPE_BALANCE, fund, currency, amount - fee, payment=payment),
            Posting(
                Acct.PROCESSING_FEES, fund, currency, fee, payment=payment, function="fundraising"
            )
            if fee
            else [],
            Posting(Acct.DONATIONS, fund, currency, -amount, pledge=pledge),
            pair(
                fund,
                foreign,
                released,
                Acct.COMMITMENTS_RECEIVED,
                Acct.INTENTIONS,
                both={"pledge": pledge},
            ),
        )
    ]
