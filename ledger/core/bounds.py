"""The bounds of what can be stored: days, amounts and texts. Every entry point holds to them.

Days: day arithmetic of a few years around them stays inside Python's calendar, and other ledgers
read them. Amounts: thousands of the largest still add up in the 64 bits in which SQLite sums.
Texts: PostgreSQL stores no NUL, and UTF-8, in which backups are written, no half of a surrogate
pair. What a column may hold is narrower where its schema says so; nothing is ever wider.
"""

import re
from datetime import date, timedelta

from ledger.errors import Invalid

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
# One amount that somebody enters or a file states, in the commodity's smallest unit.
LARGEST_AMOUNT = 10**15
# One posting: the books also post sums of what was entered, such as a fund's whole balance.
LARGEST_QUANTITY = 10**17
# Codes, and references that stand in a unique index: PostgreSQL's hold 2,704 bytes a row.
LONGEST_CODE = 64
LONGEST_REFERENCE = 200
# Any text in an index, however many bytes its characters take.
LONGEST_INDEXED = 600
LONGEST_LINE = 200
LONGEST_TEXT = 4_000
# A bank's free text: ISO 20022 has parts of 140 signs, and as many of them as a bank likes.
LONGEST_BANK_TEXT = 20_000

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable_day(day: date) -> bool:
    """Tell whether a day lies within the bounds."""
    return FIRST_DAY <= day <= LAST_DAY


def is_storable_amount(quantity: int) -> bool:
    """Tell whether an amount in the smallest unit lies within the bounds."""
    return abs(quantity) <= LARGEST_AMOUNT


def is_storable_text(text: str) -> bool:
    """Tell whether every database and every backup can hold a text."""
    # Nearly every text is plain ASCII, which leaves only NUL to look for.
    return "\x00" not in text if text.isascii() else _UNSTORABLE.search(text) is None


def check_day(day: date, *, place: str | None = None) -> date:
    """Return the day. Raises Invalid, naming the place, for a day out of bounds."""
    if not is_storable_day(day):
        raise Invalid(
            "The year {year} is outside the range these books can hold.", place=place, year=day.year
        )
    return day


def check_amount(quantity: int, *, place: str | None = None) -> int:
    """Return the amount, in the smallest unit. Raises Invalid for one out of bounds."""
    if not is_storable_amount(quantity):
        raise Invalid("This amount is too large for the books.", place=place)
    return quantity


def check_text(text: str, *, longest: int = LONGEST_TEXT, place: str | None = None) -> str:
    """Return the text. Raises Invalid for one that is too long or that cannot be stored."""
    if len(text) > longest:
        raise Invalid(
            "This text has {count} characters. The maximum is {longest}.",
            place=place,
            count=len(text),
            longest=longest,
        )
    if not is_storable_text(text):
        raise Invalid("This text contains a character that cannot be stored.", place=place)
    return text


def shifted(day: date, days: int) -> date:
    """Return the day so many days later, or the last or first there is.

    For days that were stored before these bounds were: arithmetic must not fail on them.
    """
    room = (date.max - day).days if days > 0 else (date.min - day).days
    return day + timedelta(days=min(days, room) if days > 0 else max(days, room))
