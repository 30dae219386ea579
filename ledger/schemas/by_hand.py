"""What a treasurer says about a deed done by hand: every answer is one field, for all deeds."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ledger.core.currencies import EXPONENTS
from ledger.schemas.fields import (
    MISSING,
    Count,
    Day,
    Line,
    Minutes,
    Money,
    Percent,
    Text,
    in_the_books,
    minor_units,
    one_of,
)
from ledger.services.pledges.parties import CONSENTS

MILLION = 1_000_000
MOST_BULK = 999_999_999
MOST_LINES = 60
BULK = ("GRM", "MLT")
CONDITIONS = "ABCDE"
BALANCE = "Write account, fund and amount on each line, like 1010 GEN 1250.00."
SPECIALISED = ("specialised", "general")
_DECIMAL = re.compile(r"(?P<whole>\d{1,6})(?:\.(?P<part>\d{1,6}))?")


def millionths(text: str) -> int:
    """Read a rate like 1.0850 as whole millionths. Raises ValidationError."""
    found = _DECIMAL.fullmatch(text.strip())
    if found is None:
        raise ValidationError("Enter a rate like 1.0850.")
    rate = int(found["whole"]) * MILLION + int((found["part"] or "0").ljust(6, "0"))
    if not rate:
        raise ValidationError("Enter a rate above zero.")
    return rate


class Rate(fields.Field[int]):
    """A rate as text, read as millionths."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        return millionths(_text(value))


class OptionalMoney(Money):
    """An amount that may be left out; nothing said is what the field says it is then."""

    def deserialize(
        self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any
    ) -> Any:
        """Read an amount, or an empty answer as one that is missing."""
        if isinstance(value, str) and not value.strip():
            return self.load_default
        return super().deserialize(value, attr, data, **kwargs)


class Schedule(fields.Field[list[tuple[date, int]]]):
    """Days and amounts, a line each, read as minor units."""

    default_error_messages = MISSING

    def __init__(self, exponent: int, **options: Any) -> None:
        self.exponent = exponent
        super().__init__(**options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[tuple[date, int]]:
        found = []
        for first, rest in _pairs(value, "Write a day and an amount on each line."):
            try:
                day = date.fromisoformat(first)
            except ValueError as error:
                raise ValidationError("Begin each line with a day like 2026-12-31.") from error
            found.append((in_the_books(day), minor_units(rest, self.exponent)))
        return found


class Rates(fields.Field[dict[str, int]]):
    """Currencies and rates, a line each, read as millionths."""

    default_error_messages = MISSING

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, int]:
        lines = _pairs(value, "Write a currency and its rate on each line.")
        for code, _rate in lines:
            if code.upper() not in EXPONENTS:
                raise ValidationError("Begin each line with a currency like EUR.")
        return {code.upper(): millionths(rate) for code, rate in lines}


class Balances(fields.Field[list[tuple[int, str, str, int]]]):
    """Balances, a line each: account, fund, amount, unit; the book's money where none is named."""

    default_error_messages = MISSING

    def __init__(self, exponent: int, **options: Any) -> None:
        self.exponent = exponent
        super().__init__(**options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[tuple[int, str, str, int]]:
        found = []
        for account, rest in _pairs(value, BALANCE):
            fund, amount, unit, *more = [*rest.split(), "", ""]
            if not re.fullmatch(r"[0-9]{4}", account) or not amount or any(more):
                raise ValidationError(BALANCE)
            places = EXPONENTS.get(unit, 0) if unit else self.exponent
            sign = -1 if amount.startswith("-") else 1
            quantity = sign * minor_units(amount.removeprefix("-"), places)
            found.append((int(account), fund, unit, quantity))
        return found


def deed(
    wanted: Sequence[str], *, exponent: int, optional: Sequence[str], amount_in: str = ""
) -> Schema:
    """Return the shape of a deed that needs these answers.

    Amounts are in a currency of so many decimals; ``amount`` in another one where it is named.
    """
    shape: dict[str, Any] = {}
    for name in wanted:
        decimals = EXPONENTS.get(amount_in, 2) if name == "amount" and amount_in else exponent
        shape[name] = FIELDS[name](decimals, name not in optional)
    shape["step"] = one_of(("try", "do"), "Say whether to look at it or to do it.")
    return Schema.from_dict(shape, name="Deed")()


def _pairs(value: Any, sentence: str) -> list[tuple[str, str]]:
    lines = [line.split(maxsplit=1) for line in _text(value).splitlines() if line.strip()]
    if not lines:
        raise ValidationError("Please fill this in.")
    if len(lines) > MOST_LINES:
        raise ValidationError(f"At most {MOST_LINES} lines, please.")
    if any(len(parts) != 2 for parts in lines):
        raise ValidationError(sentence)
    return [(first, rest) for first, rest in lines]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Enter text.")
    return value


def _money(exponent: int, needed: bool) -> Any:
    if needed:
        return Money(exponent, required=True)
    return OptionalMoney(exponent, load_default=None)


def _line(longest: int) -> Callable[[int, bool], Any]:
    def field(_exponent: int, needed: bool) -> Any:
        return Line(required=True, longest=longest) if needed else Line(load_default="")

    return field


def _date(_exponent: int, _needed: bool) -> Any:
    return Day(required=True)


def _chosen(_exponent: int, _needed: bool) -> Any:
    return fields.UUID(
        required=True, error_messages={**MISSING, "invalid_uuid": "Choose one of them."}
    )


# Every answer a deed can ask for, made of the currency's decimals and whether it is needed.
FIELDS: Mapping[str, Callable[[int, bool], Any]] = {
    "amount": _money,
    "value": _money,
    "received": _money,
    "charge": _money,
    "fund": _line(32),
    "general_fund": _line(32),
    "name": _line(120),
    "email": _line(320),
    "consent": lambda _exponent, _needed: one_of(CONSENTS, "Choose how the name is shown."),
    "pledge": _line(32),
    "schedule": lambda exponent, _needed: Schedule(exponent, required=True),
    "basis_points": lambda _exponent, _needed: Percent(load_default=None),
    "foreign": _line(3),
    "rate": lambda _exponent, _needed: Rate(required=True),
    "rates": lambda _exponent, _needed: Rates(required=True),
    "reference": _line(64),
    "unit": lambda _exponent, _needed: one_of(BULK, "Choose what it is counted in."),
    "commodity": _line(64),
    "stock": _line(97),
    "quantity": lambda _exponent, _needed: Count(required=True, most=MOST_BULK),
    "items": lambda _exponent, _needed: Count(required=True),
    "days": lambda _exponent, _needed: Count(required=True),
    "minutes": lambda _exponent, _needed: Minutes(required=True),
    "thing": _line(64),
    "pool": _line(32),
    "member": _line(32),
    "milestone": _line(200),
    "balances": lambda exponent, _needed: Balances(exponent, required=True),
    "skill": _line(64),
    "specialised": lambda _exponent, _needed: one_of(SPECIALISED, "Choose a kind of work."),
    "description": _line(200),
    "condition": lambda _exponent, _needed: one_of(CONDITIONS, "Choose a condition."),
    "entry": _chosen,
    "loan": _chosen,
    "hours": _chosen,
    "reason": lambda _exponent, _needed: Text(required=True, longest=1000),
    "due_on": _date,
    "received_on": _date,
    "done_on": _date,
}
