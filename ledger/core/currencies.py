"""ISO 4217: how many decimals each currency has. Must not know Stripe's exceptions."""

from ledger.errors import Invalid

EXPONENTS: dict[str, int] = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "CHF": 2, "KWD": 3}


def exponent(code: str) -> int:
    """Return the number of decimals of a currency. Raises Invalid for an unknown code."""
    if code not in EXPONENTS:
        raise Invalid(f"{code} is no currency of ISO 4217.", place="currency")
    return EXPONENTS[code]
