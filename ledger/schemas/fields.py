"""Fields that read what people write: an amount of money, a time, a number of things.

All return integers in the commodity's smallest unit; nothing passes through a float.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from ledger.core.bounds import LONGEST_LINE, LONGEST_TEXT, is_storable_day
from ledger.errors import Invalid

MAX_MONEY = 10**12
MAX_MINUTES = 100_000
MAX_THINGS = 10_000

_MONEY = re.compile(r"(?P<whole>\d{1,3}(?:[ ',\u00a0\u202f]\d{3})+|\d{1,13})(?:\.(?P<part>\d+))?")
_CLOCK = re.compile(r"(?P<hours>\d{1,5})\s*(?::|h)\s*(?P<minutes>[0-5]?\d)?\s*(?:m|min)?")
_PERCENT = re.compile(r"(?P<whole>\d{1,2})(?:\.(?P<part>\d{1,2}))?")
_DECIMAL = re.compile(r"\d{1,5}(?:[.,]\d{1,4})?")
# No control characters; no halves of a pair, which no database stores; and none of the two signs
# that turn the reading direction by force, by which an amount could be made to look like another.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e]")
# What a form says about an answer that is missing; the same for every field.
MISSING: dict[str, Any] = {"required": "Please fill this in.", "null": "Please fill this in."}
A_DATE: dict[str, Any] = {**MISSING, "invalid": "Enter a date like 2026-12-31."}


def asked(label: Any, hint: Any = "", **look: Any) -> dict[str, Any]:
    """Return what a form says about a field, as the field's metadata.

    ``look`` may name the ``widget`` where the kind of the field does not tell it (line, text,
    choice, email, date, instant, money, decimal, count), ``needed`` where a form insists on what
    the schema can do without, the ``options`` of a choice that are always the same, and
    ``autocomplete``.
    """
    return {"label": label, "hint": hint, **look}


def as_service(check: Callable[[str], object]) -> Callable[[str], None]:
    """Return a validator that refuses what a service would, so that a form says all that is wrong
    with it at once. ``check`` raises Invalid."""

    def validator(text: str) -> None:
        try:
            check(text)
        except Invalid as refusal:
            raise ValidationError(refusal.message) from refusal

    return validator


def minor_units(text: str, exponent: int) -> int:
    """Read an amount like 1,250.50 as minor units. Raises ValidationError."""
    found = _MONEY.fullmatch(text.strip())
    if found is None:
        raise ValidationError("Enter an amount like 25 or 25.50.")
    part = found["part"] or ""
    if len(part) > exponent:
        raise ValidationError(f"This currency has {exponent} decimal places, not {len(part)}.")
    amount = int(re.sub(r"\D", "", found["whole"]) + part.ljust(exponent, "0"))
    if amount > MAX_MONEY:
        raise ValidationError("This amount is too large.")
    return amount


def minutes(text: str) -> int:
    """Read a time like 6, 6:30, 6 h 30 or 6.5 as minutes. Raises ValidationError."""
    cleaned = text.strip().lower()
    clock = _CLOCK.fullmatch(cleaned)
    if clock is not None:
        total = int(clock["hours"]) * 60 + int(clock["minutes"] or 0)
    elif _DECIMAL.fullmatch(cleaned):
        exact = Decimal(cleaned.replace(",", ".")) * 60
        if exact != int(exact):
            raise ValidationError("Enter whole minutes, like 6:20.")
        total = int(exact)
    else:
        raise ValidationError("Enter a time like 6, 6:30 or 6.5 hours.")
    if total > MAX_MINUTES:
        raise ValidationError("This is more time than you can enter at once.")
    return total


def count(text: str, most: int = MAX_THINGS) -> int:
    """Read a number of things. Raises ValidationError."""
    cleaned = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}", cleaned):
        raise ValidationError("Enter a whole number.")
    if int(cleaned) > most:
        raise ValidationError("This is more than you can enter at once.")
    return int(cleaned)


class Day(fields.Date):
    """A day in a year that books can have."""

    default_error_messages = A_DATE

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        return in_the_books(super()._deserialize(value, attr, data, **kwargs))


def in_the_books(day: date) -> date:
    """Return a day of a year that books can have. Raises ValidationError for any other."""
    if not is_storable_day(day):
        raise ValidationError(f"The year {day.year} is outside the range these books can hold.")
    return day


class Money(fields.Field[int]):
    """An amount as text, read by the exponent given at construction."""

    default_error_messages = MISSING

    def __init__(self, exponent: int, **options: Any) -> None:
        self.exponent = exponent
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        amount = minor_units(_text(value), self.exponent)
        if amount == 0:
            raise ValidationError("Enter an amount above zero.")
        return amount


class Minutes(fields.Field[int]):
    """A time as text, read as minutes above zero."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        total = minutes(_text(value))
        if total == 0:
            raise ValidationError("Enter a time above zero.")
        return total


class WholeNumber(fields.Field[int | None]):
    """A whole number as text, zero as well; None for an empty answer where that is one."""

    default_error_messages = MISSING

    def __init__(self, *, most: int, empty: bool = True, **options: Any) -> None:
        self.most = most
        self.empty = empty
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        text = _text(value).strip()
        if not text and self.empty:
            return None
        digits = len(str(self.most))
        if not (text.isascii() and text.isdigit() and len(text) <= digits):
            raise ValidationError("Enter a whole number.")
        if int(text) > self.most:
            raise ValidationError(f"Enter at most {self.most}.")
        return int(text)


class Count(fields.Field[int]):
    """A number of things as text, above zero."""

    default_error_messages = MISSING

    def __init__(self, *, most: int = MAX_THINGS, **options: Any) -> None:
        self.most = most
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = count(_text(value), self.most)
        if number == 0:
            raise ValidationError("Enter a number above zero.")
        return number


class Percent(fields.Field[int | None]):
    """A percentage as text, read as hundredths of a percent; nothing said is None."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        text = _text(value).strip()
        if not text:
            return None
        found = _PERCENT.fullmatch(text)
        if found is None:
            raise ValidationError("Enter a percentage like 5 or 2.5.")
        return int(found["whole"]) * 100 + int((found["part"] or "0").ljust(2, "0"))


class Line(fields.String):
    """One line of text: trimmed, no control characters, bounded."""

    default_error_messages = MISSING

    def __init__(self, *, longest: int = LONGEST_LINE, **options: Any) -> None:
        self.longest = longest
        options["metadata"] = {"maxLength": longest, **options.get("metadata", {})}
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        cleaned = " ".join(_text(value).split())
        return _bounded(cleaned, self.longest, required=self.required)


class Text(fields.String):
    """Some lines of text: control characters but line breaks refused, bounded."""

    default_error_messages = MISSING

    def __init__(self, *, longest: int = LONGEST_TEXT, **options: Any) -> None:
        self.longest = longest
        options["metadata"] = {"maxLength": longest, **options.get("metadata", {})}
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        # Tabs and old line ends come with what people paste from tables and other programs.
        cleaned = "\n".join(_text(value).replace("\t", " ").splitlines()).strip()
        return _bounded(cleaned, self.longest, required=self.required)


def one_of(
    choices: Sequence[str], sentence: str, metadata: dict[str, Any] | None = None
) -> fields.String:
    """Return a field that takes one of some answers and says one sentence otherwise."""
    said: dict[str, Any] = dict.fromkeys(("required", "null", "invalid"), sentence)
    return fields.String(
        required=True,
        error_messages=said,
        metadata=metadata or {},
        # A tuple, because part of a string counts as "in" it.
        validate=validate.OneOf(tuple(choices), error=sentence),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Enter text.")
    return value


def _bounded(text: str, longest: int, *, required: bool) -> str:
    if required and not text:
        raise ValidationError("Please fill this in.")
    if len(text) > longest:
        raise ValidationError(f"Enter at most {longest} characters. This text has {len(text)}.")
    if _UNFIT.search(text):
        raise ValidationError("This contains characters that cannot be displayed.")
    return text
