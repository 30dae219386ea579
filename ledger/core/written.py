"""How quantities and days are written for people: one way in pages, mails and reports.

Integers in, text out; nothing passes through a float. What is for programs and for the terminal
is written by ``core.amount.plain_text``.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from ledger.core.amount import UNKNOWN, decimals, kind_of

Nouns = Mapping[str, tuple[str, str]]
# Babel reads its pattern anew for each figure; a page repeats the same few dozen.
cache_of_texts = lru_cache(maxsize=8192)


def format_quantity(
    quantity: int, commodity: str, *, nouns: Nouns | None = None, locale: str = "en"
) -> str:
    """Write a quantity with its unit: $1,250.50, 6 h 30 min, 3 laptops."""
    kind = kind_of(commodity)
    if kind == "money":
        return _format_money(quantity, commodity, locale)
    if kind == "hours":
        return format_minutes(quantity)
    if kind == UNKNOWN:
        return f"{format_figure(quantity, commodity, locale=locale)} {commodity}"
    code = commodity.split(".", 1)[1].replace("_", " ").lower()
    one, many = (nouns or {}).get(commodity, (code, code))
    figure = format_figure(quantity, commodity, locale=locale)
    return f"{figure} {one if abs(quantity) == 10 ** decimals(commodity) else many}"


@cache_of_texts
def _format_money(quantity: int, currency: str, locale: str) -> str:
    places = decimals(currency)
    pattern = "¤#,##0" + ("." + "0" * places if places else "")
    return str(
        format_currency(
            Decimal(quantity).scaleb(-places),
            currency,
            format=f"{pattern};-{pattern}",
            locale=locale,
            currency_digits=False,
        )
    )


def format_minutes(minutes: int) -> str:
    """Write minutes as hours and minutes."""
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    if hours and rest:
        return f"{sign}{hours:,} h {rest} min"
    return f"{sign}{hours:,} h" if hours or not rest else f"{sign}{rest} min"


@cache_of_texts
def format_figure(quantity: int, commodity: str, *, locale: str = "en") -> str:
    """Write a quantity for a column whose heading names the unit: digits only."""
    places = 0 if kind_of(commodity) == UNKNOWN else decimals(commodity)
    amount = Decimal(quantity).scaleb(-places)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return str(format_decimal(amount, format=pattern, locale=locale))


def counted(count: int, one: str, many: str) -> str:
    """Write how many there are of something in English: 1 entry, 2 entries."""
    return f"{count:,} {one if count == 1 else many}"


@cache_of_texts
def format_day(day: date, locale: str = "en") -> str:
    """Write a day as people of a language do."""
    return str(format_date(day, format="medium", locale=locale))
