"""Another value of a policy: read as people type it, handed on as the policy's own text."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import ValidationError, fields

from ledger.core.policies import AGES, NUMBERS
from ledger.schemas.fields import MISSING, Day, Line, Percent, WholeNumber, asked, one_of
from ledger.schemas.forms import Form

_YES_NO = [("true", later("yes")), ("false", later("no"))]
CHOICES: dict[str, list[tuple[str, Any]]] = {
    "promises": [
        ("all", later("all of them")),
        ("documented", later("those documented on paper")),
        ("none", later("none")),
    ],
    "release_on_service": [
        ("always", later("always")),
        ("by_terms", later("by the terms of the donor")),
        ("never", later("never")),
    ],
    "services": _YES_NO,
    "use": _YES_NO,
    "payment_methods": [
        ("card", later("cards only")),
        ("card,bank_debit", later("cards and bank debits")),
    ],
}
DAYS = ("lapse_after_days", "hours_window_days", "holdback_days", "debit_return_days")
POINTS = ("discount_points", "holdback_points")
# What has a form here; how many people approve and how long a role waits have pages of their own.
KINDS = (*CHOICES, *DAYS, *POINTS, "allowance_points", "capitalise_from")


class _Share(fields.Field[str]):
    """A percentage that is needed, as the hundredths that a policy has."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        points = Percent().deserialize(value, attr, data, **kwargs)
        if points is None:
            raise ValidationError(MISSING["required"])
        return str(points)


class _Number(fields.Field[str]):
    """A whole number, as the text that a policy has."""

    default_error_messages = MISSING

    def __init__(self, *, most: int, **options: Any) -> None:
        self.number = WholeNumber(most=most, empty=False)
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return str(self.number.deserialize(value, attr, data, **kwargs))


class _Shares(fields.Field[str]):
    """A percentage for each age of a debt, with commas between."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        parts = str(value).split(",")
        if len(parts) != len(AGES) + 1:
            raise ValidationError(f"Enter {len(AGES) + 1} percentages with commas between them.")
        share = _Share(required=True)
        return ",".join(str(share.deserialize(part)) for part in parts)


@dataclass(frozen=True, slots=True)
class NewValue:
    """Another value of a policy, as its text; from which day on, and why."""

    value: str
    valid_from_on: date
    reason: str


def policy_form(key: str, currency: str) -> Form[NewValue]:
    """Return the shape of a form that asks for another value of a policy of ``KINDS``."""

    class NewValueForm(Form[NewValue]):
        """Asks for a value."""

        makes = NewValue
        value = _value(key, currency)
        valid_from_on = Day(
            required=True,
            metadata=asked(later("From"), hint=later("Earlier entries stay as they are.")),
        )
        reason = Line(required=True, longest=500, metadata=asked(later("Reason")))

    return NewValueForm()


def _value(key: str, currency: str) -> fields.Field[str]:
    label = later("New value")
    if key in CHOICES:
        return one_of(
            tuple(name for name, _words in CHOICES[key]),
            "Choose one of the values.",
            metadata=asked(label, options=CHOICES[key]),
        )
    if key in POINTS:
        return _Share(required=True, metadata=asked(label, widget="decimal", suffix="%"))
    if key == "allowance_points":
        return _Shares(
            required=True,
            metadata=asked(label, hint=later("Four percentages, for example 0, 10, 30, 60")),
        )
    unit = later("days") if key in DAYS else currency
    return _Number(
        most=NUMBERS[key],
        required=True,
        metadata=asked(label, widget="count", suffix=unit),
    )
