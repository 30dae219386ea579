"""The answers a manual entry asks for: one field each, shared by all kinds of manual entry."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from flask_babel import lazy_gettext as later
from marshmallow import ValidationError, fields

from ledger.core.currencies import EXPONENTS
from ledger.core.vocabulary import Consent
from ledger.models.assets import Condition
from ledger.schemas.fields import (
    MAX_THINGS,
    MISSING,
    Count,
    Day,
    Line,
    Minutes,
    Money,
    Percent,
    Text,
    asked,
    in_the_books,
    minor_units,
    one_of,
)
from ledger.schemas.forms import Build, Form, form_of

MILLION = 1_000_000
MOST_BULK = 999_999_999
MOST_LINES = 60
BULK = ("GRM", "MLT")
BALANCE = "Enter account, fund and amount on each line, like 1010 GEN 1250.00."
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
        for first, rest in _pairs(value, "Enter a date and an amount on each line."):
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
        lines = _pairs(value, "Enter a currency and its rate on each line.")
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


@dataclass(frozen=True, slots=True)
class Answers:
    """What every kind of manual entry is asked: whether it is previewed or booked."""

    step: str


Answered = TypeVar("Answered", bound=Answers)


def shape_of(
    makes: type[Answered],
    *,
    exponent: int,
    amount_in: str = "",
    words: Mapping[str, Mapping[str, Any]] | None = None,
) -> Form[Answered]:
    """Return the shape of a manual entry whose answers are a dataclass: a field for each of its.

    Amounts are in a currency of so many decimals; ``amount`` in another one where it is named.
    ``words`` are labels and hints that are other than usual in this one.
    """

    def foreign(_exponent: int, needed: bool) -> fields.Field[Any]:
        return FIELDS["amount"](EXPONENTS.get(amount_in, 2), needed)

    known = {**FIELDS, "amount": foreign} if amount_in else FIELDS
    return form_of(makes, known, exponent=exponent, words=words)


def _pairs(value: Any, sentence: str) -> list[tuple[str, str]]:
    lines = [line.split(maxsplit=1) for line in _text(value).splitlines() if line.strip()]
    if not lines:
        raise ValidationError("Please fill this in.")
    if len(lines) > MOST_LINES:
        raise ValidationError(f"Enter at most {MOST_LINES} lines.")
    if any(len(parts) != 2 for parts in lines):
        raise ValidationError(sentence)
    return [(first, rest) for first, rest in lines]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Enter text.")
    return value


def _line(longest: int, **said: Any) -> Build:
    def field(_exponent: int, needed: bool) -> Any:
        if needed:
            return Line(required=True, longest=longest, metadata=asked(**said))
        return Line(load_default="", metadata=asked(**said))

    return field


def _money(**said: Any) -> Build:
    def field(exponent: int, needed: bool) -> Any:
        if needed:
            return Money(exponent, required=True, metadata=asked(**said))
        return OptionalMoney(exponent, load_default=None, metadata=asked(**said))

    return field


def _count(most: int = MAX_THINGS, **said: Any) -> Build:
    return lambda _exponent, _needed: Count(required=True, most=most, metadata=asked(**said))


def _date(**said: Any) -> Build:
    return lambda _exponent, _needed: Day(required=True, metadata=asked(**said))


def _one_of(choices: Sequence[str], sentence: str, **said: Any) -> Build:
    return lambda _exponent, _needed: one_of(choices, sentence, metadata=asked(**said))


def _row(**said: Any) -> Build:
    """Return what builds the choice of one row of the books, by its id."""
    sentences: dict[str, Any] = {**MISSING, "invalid_uuid": "Choose an option."}
    return lambda _exponent, _needed: fields.UUID(
        required=True, error_messages=sentences, metadata=asked(widget="choice", **said)
    )


def _of(kind: Callable[..., Any], **said: Any) -> Build:
    """Return what builds a field that needs no decimals."""
    return lambda _exponent, _needed: kind(required=True, metadata=asked(**said))


def _in_units(kind: Callable[..., Any], **said: Any) -> Build:
    """Return what builds lines of amounts, read with the currency's decimals."""
    return lambda exponent, _needed: kind(
        exponent, required=True, metadata=asked(widget="text", **said)
    )


# Every answer a manual entry can ask for, made of the currency's decimals and whether it is needed.
FIELDS: Mapping[str, Build] = {
    "step": _one_of(("try", "do"), "Choose whether to preview or to save.", label=""),
    "amount": _money(label=later("Amount")),
    "value": _money(label=later("Total value")),
    "received": _money(label=later("Amount received")),
    "charge": _money(label=later("Bank charge")),
    "fund": _line(32, label=later("Fund"), widget="choice"),
    "general_fund": _line(32, label=later("Who bears the charge"), widget="choice"),
    "name": _line(120, label=later("Donor")),
    "email": _line(
        320,
        label=later("Donor's e-mail address"),
        hint=later("It tells donors of the same name apart."),
        widget="email",
    ),
    "consent": _one_of(
        [*Consent], "Choose how the name is shown.", label=later("How to show their name in public")
    ),
    "pledge": _line(32, label=later("Pledge"), hint=later("Pledge reference, such as P-4K7-9QXR.")),
    "schedule": _in_units(
        Schedule,
        label=later("Instalments"),
        hint=later("One per line, starting with the date: 2026-12-31 250.00"),
    ),
    "basis_points": lambda _exponent, _needed: Percent(
        load_default=None,
        metadata=asked(
            label=later("Annual rate in percent"),
            hint=later(
                "Discounts amounts due in more than a year. If empty, the rate in your policies."
            ),
        ),
    ),
    "foreign": _line(3, label=later("Currency"), hint=later("Three letters, such as EUR.")),
    "rate": _of(
        Rate,
        label=later("Exchange rate of the day"),
        hint=later("The value of one unit in the book's currency, such as 1.0850."),
        widget="decimal",
    ),
    "rates": _of(
        Rates,
        label=later("Closing rates"),
        hint=later("One line for each currency you hold: EUR 1.0850"),
        widget="text",
    ),
    "reference": _line(
        64,
        label=later("Reference"),
        hint=later("A unique reference, such as a bank reference or receipt number."),
    ),
    "unit": _one_of(BULK, "Choose a unit.", label=later("Unit")),
    "commodity": _line(64, label=later("Name"), hint=later("One word, such as sand or paint.")),
    "stock": _line(97, label=later("From stock"), widget="choice"),
    "quantity": _count(MOST_BULK, label=later("Number")),
    "items": _count(label=later("Number")),
    "days": _count(label=later("Days of use")),
    "minutes": _of(
        Minutes, label=later("Time not worked"), hint=later("For example 6, 6:30 or 6.5")
    ),
    "thing": _line(64, label=later("Contribution"), widget="choice"),
    "pool": _line(32, label=later("Pool"), widget="choice"),
    "member": _line(32, label=later("Member"), widget="choice"),
    "milestone": _line(200, label=later("Condition")),
    "balances": _in_units(
        Balances,
        label=later("Balances"),
        hint=later(
            "One per line: account, fund, amount, and the unit if it is not your currency. "
            "Liabilities have a minus sign: 1010 GEN 1250.00 or 2110 GEN -80.00 or 8210 GEN "
            "3 EQP.DRILL"
        ),
    ),
    "skill": _line(64, label=later("Skill"), widget="choice"),
    "specialised": _one_of(
        SPECIALISED,
        "Choose a kind of work.",
        label=later("Kind of work"),
        hint=later("Only specialised work that you would otherwise pay for can be income."),
    ),
    "description": _line(200, label=later("Short description")),
    "condition": _one_of(
        [*Condition],
        "Choose a condition.",
        label=later("Condition"),
        hint=later("A means as new, E means broken."),
    ),
    "contribution": _line(64, label=later("Contribution"), widget="choice"),
    "owed": _line(64, label=later("Owed back to"), widget="choice"),
    "entry": _row(label=later("Deposit")),
    "loan": _row(label=later("Equipment")),
    "hours": _row(label=later("Hours")),
    "reason": lambda _exponent, _needed: Text(
        required=True, longest=1000, metadata=asked(label=later("Reason and evidence"))
    ),
    "due_on": _date(label=later("Expected by")),
    "received_on": _date(label=later("Received on")),
    "done_on": _date(label=later("Day")),
}
