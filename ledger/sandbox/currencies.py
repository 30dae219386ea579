"""How Stripe counts and bounds amounts in each currency.

The decimals are those of ISO 4217 but for Stripe's exceptions (its page on currencies): ISK and
UGX are still counted in hundredths of which only whole units pass, the ariary in whole units,
and of three decimals the last is always zero. Must not know where an amount comes from.
"""

import re

from ledger.core.currencies import EXPONENTS
from ledger.sandbox.errors import ApiError

EXCEPTIONS = {"ISK": 2, "UGX": 2, "MGA": 0}
LARGEST = 99_999_999
# The smallest charge, in the smallest unit; other currencies have the one of the dollar.
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


def decimals(currency: str) -> int:
    """Return how many decimals Stripe's smallest unit has."""
    return EXCEPTIONS.get(currency.upper(), EXPONENTS[currency.upper()])


def check_currency(given: str, param: str) -> str:
    """Return a currency in small letters. Raises ApiError for one that Stripe does not know."""
    if given.upper() not in EXPONENTS or decimals(given) > 3:
        raise ApiError(f"Invalid currency: {given}.", param=param)
    return given.lower()


def check_amount(amount: int, currency: str, param: str) -> None:
    """Check a charge's amount, in Stripe's smallest unit. Raises ApiError."""
    if amount > LARGEST:
        raise ApiError(
            f"The amount must be at most {shown(LARGEST, currency)}.",
            code="amount_too_large",
            param=param,
        )
    least = SMALLEST.get(currency.upper(), SMALLEST_ELSEWHERE)
    if amount < least:
        raise ApiError(
            f"The amount must be at least {shown(least, currency)}.",
            code="amount_too_small",
            param=param,
        )
    check_granularity(amount, currency, param)


def check_granularity(amount: int, currency: str, param: str) -> None:
    """Check that an amount has no part smaller than cards can move. Raises ApiError."""
    if currency.upper() in ("ISK", "UGX") and amount % 100:
        raise ApiError(
            f"{currency.upper()} has no decimals in effect: the amount must divide by 100.",
            code="invalid_charge_amount_no_decimal_compatible",
            param=param,
        )
    if decimals(currency) == 3 and amount % 10:
        raise ApiError(f"The last digit of an amount in {currency.upper()} must be 0.", param=param)


def shown(amount: int, currency: str) -> str:
    """Write an amount in Stripe's smallest unit the way people read it, like 1,250.50 USD."""
    places = decimals(currency)
    whole, part = divmod(amount, 10**places)
    fraction = f".{part:0{places}d}" if places else ""
    return f"{whole:,}{fraction} {currency.upper()}"


def parsed(text: str, currency: str) -> int:
    """Return an amount that a person typed, like 1,250.50, in Stripe's smallest unit.

    Raises ApiError for what is no amount or has more decimals than the currency.
    """
    found = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]+))?", text.strip().replace(",", ""))
    places = decimals(currency)
    if found is None or len(found[2] or "") > places:
        raise ApiError(f"Give an amount like {shown(125_050, currency)}.", param="sum")
    return int(found[1] + (found[2] or "").ljust(places, "0"))
