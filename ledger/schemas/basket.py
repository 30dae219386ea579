"""A basket: one donor's offer of money, things and hours to one campaign."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from ledger.core.amount import kind_of
from ledger.schemas.fields import MAX_MONEY, Line, Text, count, minor_units, minutes

CONSENTS = ("name", "initials", "anonymous")
MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a form offers to give: the field's name and what it counts."""

    name: str
    commodity: str
    exponent: int


class BasketLine(Schema):
    """One offer; ``quantity`` in the commodity's smallest unit."""

    commodity = Line(required=True, longest=64)
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MAX_MONEY, error="Offer between 1 and {max}."),
    )
    note = Line(load_default="")


class Basket(Schema):
    """Who offers what to a campaign."""

    name = Line(required=True, longest=120)
    email = Line(required=True, longest=320)
    consent = fields.String(
        required=True,
        validate=validate.OneOf(CONSENTS, error="Choose how your name is shown."),
        error_messages={"required": "Choose how your name is shown."},
    )
    message = Text(load_default="", longest=500)
    form_key = Line(required=True, longest=64)
    lines = fields.List(
        fields.Nested(BasketLine),
        required=True,
        validate=validate.Length(1, MAX_LINES, error="Offer something first."),
    )


def lines_of_form(
    form: Mapping[str, str], choices: Iterable[Choice]
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Read the offers of a form: lines for the schema, and sentences by field name."""
    lines: list[dict[str, Any]] = []
    problems: dict[str, list[str]] = {}
    for choice in choices:
        text = form.get(choice.name, "").strip()
        if not text:
            continue
        try:
            quantity = _quantity(text, choice)
        except ValidationError as error:
            problems[choice.name] = [str(sentence) for sentence in error.messages]
            continue
        if quantity:
            lines.append({"commodity": choice.commodity, "quantity": quantity})
    return lines, problems


def _quantity(text: str, choice: Choice) -> int:
    kind = kind_of(choice.commodity)
    if kind == "money":
        return minor_units(text, choice.exponent)
    return minutes(text) if kind == "hours" else count(text)
