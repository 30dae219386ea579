"""What Stripe charges at least and at most in one payment, by currency.

Source: Stripe's pages "Minimum and maximum charge amounts" and "Supported currencies". Quantities
are in the smallest unit of ISO 4217, as everywhere in the books; Stripe counts a few currencies
otherwise (ISK and UGX in hundredths, the ariary in whole units). Must not know a page or Stripe's
interface.
"""

from ledger.core.currencies import exponent
from ledger.core.written import format_quantity

# How many decimals Stripe counts with, where they are not those of ISO 4217.
STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
# Eight digits, in Stripe's smallest unit.
LARGEST = 99_999_999
# The smallest charge in Stripe's smallest unit; currencies that are not here have the dollar's.
SMALLEST = {
    "AED": 200,
    "CZK": 1500,
    "DKK": 250,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17_500,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "THB": 1000,
}
SMALLEST_ELSEWHERE = 50
# A third decimal is kept by the currency and not by the card networks.
COARSE = 10


def bounds(currency: str) -> tuple[int, int]:
    """Return the smallest and the largest amount of one charge. Raises Invalid for no currency."""
    ours = exponent(currency)
    theirs = STRIPE_DECIMALS.get(currency, ours)
    least, most = SMALLEST.get(currency, SMALLEST_ELSEWHERE), LARGEST
    if theirs > ours:
        divisor: int = 10 ** (theirs - ours)
        return max(1, -(-least // divisor)), most // divisor
    factor: int = 10 ** (ours - theirs)
    return least * factor, most * factor


def refusal(amount: int, currency: str) -> str:
    """Return the sentence with which an amount cannot be charged; empty where it can."""
    least, most = bounds(currency)
    if amount < least:
        return f"Card payments in {currency} start at {format_quantity(least, currency)}."
    if amount > most:
        return f"Card payments in {currency} go up to {format_quantity(most, currency)}."
    if exponent(currency) == 3 and amount % COARSE:
        return f"The last digit of a card payment in {currency} is 0."
    ours, theirs = exponent(currency), STRIPE_DECIMALS.get(currency, exponent(currency))
    if ours > theirs and amount % 10 ** (ours - theirs):
        return f"Card payments in {currency} have no decimals."
    return ""
