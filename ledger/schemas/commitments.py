"""What is asked for and agreed: spending, expenses, grants, loans, purchases, shared costs."""

from typing import Any

from marshmallow import Schema

from ledger.core.functions import FUNCTIONS
from ledger.schemas.fields import Count, Day, Line, Money, Text, one_of


def ask(exponent: int, kind: str) -> Schema:
    """Return the shape of a request of a kind; ``amount`` in a currency of so many decimals."""
    shape: dict[str, Any] = {
        "amount": Money(exponent, required=True),
        "fund": Line(required=True, longest=32),
        "reason": Text(required=True, longest=1000),
        **ALSO[kind],
    }
    if kind not in ("release", "designation"):
        shape["title"] = Line(required=True)
    return Schema.from_dict(shape, name=kind.title().replace("_", ""))()


def step(exponent: int, wanted: tuple[str, ...], *, dated: bool = True) -> Schema:
    """Return the shape of a step that needs these answers besides its day, if it has one."""
    answers: dict[str, Any] = {
        "amount": Money(exponent, required=True),
        "reference": Line(required=True, longest=64),
        "to_fund": Line(required=True, longest=32),
        "terms": Text(load_default="", longest=500),
        "evidence": Text(required=True, longest=1000),
        "reason": Text(required=True, longest=1000),
    }
    shape = {name: answers[name] for name in wanted}
    if dated:
        shape["done_on"] = Day(required=True)
    return Schema.from_dict(shape, name="Step")()


# What a request of a kind says besides amount, fund, title and reason.
ALSO: dict[str, dict[str, Any]] = {
    "spending": {
        "account": Count(required=True),
        "function": one_of(FUNCTIONS, "Choose what the money serves."),
    },
    "expense": {},
    "grant": {},
    "outside_grant": {},
    "loan": {
        "other": Line(required=True, longest=32),
        "other_fund": Line(load_default="", longest=32),
    },
    "purchase": {
        "commodity": Line(required=True, longest=64),
        "items": Count(required=True),
    },
    "release": {"to_fund": Line(required=True, longest=32)},
    "designation": {"to_fund": Line(required=True, longest=32)},
}
