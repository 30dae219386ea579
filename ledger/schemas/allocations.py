"""An allocation: how much of a pool is handed out, of what, and by which rule with which figures.

What a member's figure means depends on the rule: a weight, a percentage, an amount. Figures stand
in fields named after the member: ``weight-CODE`` and, for the most that one gets, ``cap-CODE``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import ValidationError, fields, validates_schema

from ledger.core.allocation import AllocationRule, Rule
from ledger.core.amount import decimals, kind_of
from ledger.errors import Invalid
from ledger.schemas.fields import (
    Count,
    Day,
    Line,
    Minutes,
    Money,
    asked,
    count,
    minor_units,
    minutes,
    one_of,
)
from ledger.schemas.forms import Form

FIGURE, CAP = "weight-", "cap-"
# A pool may leave what fixed amounts do not take, or split it equally.
RESTS = ("", "equal")
REST_NAMES = [("", later("stays in the pool")), ("equal", later("is split equally"))]
RULE_NAMES = [
    ("equal", later("equal shares")),
    ("weights", later("by weight")),
    ("percent", later("by percent (the rest stays in the pool)")),
    ("fixed", later("fixed amounts first")),
    ("need_capped", later("by need: by weight, up to what each member needs")),
    ("quadratic", later("matching: by the number of donors, not the amount")),
]
HUNDREDTHS = 2


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of a pool is handed out, in the commodity's smallest unit, by which rule and for
    what; the gifts of which days count, where the rule counts gifts."""

    commodity: str
    amount: int
    rule: str
    rest: str
    since: date | None
    until: date | None
    purpose: str


def allocation(unit: str) -> Form[Allocation]:
    """Return the shape of an allocation of a commodity over a pool's members."""

    class AllocationForm(Form[Allocation]):
        """Asks for an allocation."""

        makes = Allocation
        commodity = Line(
            load_default="",
            longest=64,
            metadata=asked(later("What to allocate"), widget="choice", needed=True),
        )
        amount = _field(unit)
        rule = one_of(
            [*AllocationRule], "Choose a rule.", metadata=asked(later("Rule"), options=RULE_NAMES)
        )
        rest = fields.String(
            load_default="",
            metadata=asked(
                later("Remainder after fixed amounts"),
                widget="choice",
                needed=True,
                options=REST_NAMES,
            ),
        )
        since = Day(load_default=None, allow_none=True, metadata=asked(later("First day")))
        until = Day(load_default=None, allow_none=True, metadata=asked(later("Last day")))
        purpose = Line(required=True, metadata=asked(later("Purpose")))

        @validates_schema
        def _whole(self, data: Mapping[str, Any], **_options: Any) -> None:
            if data["rest"] not in RESTS:
                raise ValidationError("Choose what happens to the remainder.", "rest")

    return AllocationForm()


def figures_of(
    form: Mapping[str, str], members: Sequence[str], *, rule: str, commodity: str
) -> tuple[dict[str, int], dict[str, int]]:
    """Read the members' figures and the most that each gets. Raises Invalid with a sentence per
    field, also for a field that names nobody."""
    numbers: dict[str, int] = {}
    caps: dict[str, int] = {}
    problems: dict[str, list[str]] = {}
    for name, text in form.items():
        prefix = next((part for part in (FIGURE, CAP) if name.startswith(part)), "")
        if not prefix or not text.strip():
            continue
        member = name.removeprefix(prefix)
        try:
            if member not in members:
                raise ValidationError("This community is not a member of the pool.")
            if prefix == CAP:
                caps[member] = _read(text, commodity)
            else:
                numbers[member] = _figure(text, rule, commodity)
        except ValidationError as error:
            problems[name] = [str(sentence) for sentence in error.messages]
    if problems:
        raise Invalid("Check the answers marked below.", messages=problems)
    return numbers, caps


def rule_of(said: Allocation, numbers: dict[str, int], caps: dict[str, int]) -> Rule:
    """Return the rule that a form states; figures that the rule does not use are left out."""
    kind = said.rule
    return Rule(
        kind,
        numbers if kind in ("weights", "percent", "fixed", "need_capped") else {},
        caps if kind in ("need_capped", "quadratic") else {},
        rest=said.rest if kind == "fixed" else "",
    )


def _field(commodity: str) -> fields.Field[int]:
    kind = kind_of(commodity)
    said = asked(later("Amount"), widget="decimal")
    if kind == "hours":
        return Minutes(required=True, metadata=said)
    if kind == "things":
        return Count(required=True, metadata=said)
    return Money(decimals(commodity), required=True, metadata=said)


def _read(text: str, commodity: str) -> int:
    kind = kind_of(commodity)
    if kind == "hours":
        return minutes(text)
    return count(text) if kind == "things" else minor_units(text, decimals(commodity))


def _figure(text: str, rule: str, commodity: str) -> int:
    if rule == "percent":
        try:
            return minor_units(text, HUNDREDTHS)
        except ValidationError:
            raise ValidationError("Enter a percentage like 25 or 33.33.") from None
    if rule == "fixed":
        return _read(text, commodity)
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise ValidationError("Enter a whole number.")
    return int(text)
