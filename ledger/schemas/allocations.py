"""An allocation: how much of a pool is handed out, of what, and by which rule with which figures.

What a member's figure means depends on the rule: a weight, a percentage, an amount. Figures stand
in fields named after the member: ``weight-CODE`` and, for the most that one gets, ``cap-CODE``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from ledger.core.allocation import RULES, Rule
from ledger.core.amount import decimals, kind_of
from ledger.errors import Invalid
from ledger.schemas.fields import (
    Count,
    Day,
    Line,
    Minutes,
    Money,
    count,
    minor_units,
    minutes,
    one_of,
)

FIGURE, CAP = "weight-", "cap-"
# A pool may leave what fixed amounts do not take, or split it equally.
RESTS = ("", "equal")
HUNDREDTHS = 2


def allocation(unit: str) -> Schema:
    """Return the shape of an allocation of a commodity over a pool's members."""

    class Allocation(Schema):
        """How much of a pool is handed out, by which rule and for what."""

        commodity = Line(load_default="", longest=64)
        amount = _field(unit)
        rule = one_of(RULES, "Choose a rule.")
        rest = fields.String(load_default="")
        since = Day(load_default=None, allow_none=True)
        until = Day(load_default=None, allow_none=True)
        purpose = Line(required=True)

        @validates_schema
        def _whole(self, data: Mapping[str, Any], **_options: Any) -> None:
            if data["rest"] not in RESTS:
                raise ValidationError("Choose what happens to the rest.", "rest")

    return Allocation()


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
                raise ValidationError("This is no member of the pool.")
            if prefix == CAP:
                caps[member] = _read(text, commodity)
            else:
                numbers[member] = _figure(text, rule, commodity)
        except ValidationError as error:
            problems[name] = [str(sentence) for sentence in error.messages]
    if problems:
        raise Invalid("Some answers need another look.", messages=problems)
    return numbers, caps


def rule_of(answers: Mapping[str, Any], numbers: dict[str, int], caps: dict[str, int]) -> Rule:
    """Return the rule that a form states; figures that the rule does not use are left out."""
    kind = answers["rule"]
    return Rule(
        kind,
        numbers if kind in ("weights", "percent", "fixed", "need_capped") else {},
        caps if kind in ("need_capped", "quadratic") else {},
        rest=answers["rest"] if kind == "fixed" else "",
    )


def _field(commodity: str) -> fields.Field[int]:
    kind = kind_of(commodity)
    if kind == "hours":
        return Minutes(required=True)
    return Count(required=True) if kind == "things" else Money(decimals(commodity), required=True)


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
