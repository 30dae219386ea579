"""A basket: one donor's offer of money, things and hours to one campaign."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import ValidationError, fields, validate

from ledger.core.amount import kind_of
from ledger.schemas.fields import (
    MAX_MONEY,
    MISSING,
    Line,
    Text,
    asked,
    count,
    minor_units,
    minutes,
    one_of,
)
from ledger.schemas.forms import Form
from ledger.services.pledges.offers import Line as OfferLine

CONSENT_NAMES = [
    ("name", later("my name")),
    ("initials", later("my initials")),
    ("anonymous", later("Anonymous")),
]
CONSENTS = tuple(name for name, _words in CONSENT_NAMES)
MAX_LINES = 20
NOTHING = "Choose what you would like to pledge."


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a form offers to give: the field's name and what it counts."""

    name: str
    commodity: str
    exponent: int


class BasketLine(Form[OfferLine]):
    """One offer; ``quantity`` in the commodity's smallest unit."""

    makes = OfferLine
    commodity = Line(required=True, longest=64)
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MAX_MONEY, error="Enter a number between 1 and {max}."),
        error_messages={**MISSING, "invalid": "Enter a whole number of the smallest unit."},
    )
    note = Line(load_default="")


@dataclass(frozen=True, slots=True)
class Offered:
    """Who offers what to a campaign; programs have another key than a form's."""

    name: str
    email: str
    consent: str
    message: str
    lines: list[OfferLine]
    form_key: str = ""


class Basket(Form[Offered]):
    """Asks who offers what; the API's document calls it so."""

    makes = Offered
    name = Line(required=True, longest=120, metadata=asked(later("Your name"), autocomplete="name"))
    email = Line(
        required=True,
        longest=320,
        metadata=asked(
            later("E-mail"),
            hint=later("For the receipt and updates on your pledge. Never shown publicly."),
            autocomplete="email",
            widget="email",
        ),
    )
    consent = one_of(
        CONSENTS,
        "Choose how your name is shown.",
        metadata=asked(later("In the list of supporters, show me as"), options=CONSENT_NAMES),
    )
    message = Text(load_default="", longest=500, metadata=asked(later("Message")))
    form_key = Line(required=True, longest=64)
    lines = fields.List(
        fields.Nested(BasketLine),
        required=True,
        validate=[
            validate.Length(min=1, error=NOTHING),
            validate.Length(max=MAX_LINES, error="Enter at most {max} lines at once."),
        ],
        error_messages={"required": NOTHING, "null": NOTHING, "invalid": NOTHING},
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
