"""What is asked for and agreed: spending, expenses, grants, loans, purchases, shared costs."""

from typing import Any

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.core.functions import FUNCTIONS
from ledger.schemas.fields import Count, Day, Line, Money, Text, asked, one_of


def ask(exponent: int, kind: str) -> Schema:
    """Return the shape of a request of a kind; ``amount`` in a currency of so many decimals."""
    shape: dict[str, Any] = {
        "amount": Money(exponent, required=True, metadata=asked(later("Amount"))),
        "fund": Line(
            required=True,
            longest=32,
            metadata=asked(
                later("Fund") if kind == "grant" else later("From the fund"), widget="choice"
            ),
        ),
        "reason": Text(
            required=True, longest=1000, metadata=asked(later("Why, and on what it rests"))
        ),
        **ALSO[kind],
    }
    if kind not in ("release", "designation"):
        shape["title"] = Line(required=True, metadata=asked(later("What is it")))
    return Schema.from_dict(shape, name=kind.title().replace("_", ""))()


def step(exponent: int, wanted: tuple[str, ...], *, dated: bool = True) -> Schema:
    """Return the shape of a step that needs these answers besides its day, if it has one."""
    answers: dict[str, Any] = {
        "amount": Money(exponent, required=True, metadata=asked(later("Amount"))),
        "reference": Line(
            required=True,
            longest=64,
            metadata=asked(
                later("Reference"),
                hint=later("What tells it apart: a bank reference, a letter's number."),
            ),
        ),
        "to_fund": _to_fund(),
        "terms": Text(
            load_default="",
            longest=500,
            metadata=asked(
                later("Terms of the money"),
                hint=later(
                    "If it was only to buy this: the giver's words. Where the rules ask for them, "
                    "equipment leaves its fund only with them."
                ),
                widget="line",
            ),
        ),
        "evidence": Text(
            required=True,
            longest=1000,
            metadata=asked(later("What the donor wrote, and when")),
        ),
        "reason": Text(required=True, longest=1000, metadata=asked(later("Why"))),
    }
    shape = {name: answers[name] for name in wanted}
    if dated:
        shape["done_on"] = Day(required=True, metadata=asked(later("Day")))
    return Schema.from_dict(shape, name="Step")()


# What a request of a kind says besides amount, fund, title and reason.
def _to_fund() -> Line:
    return Line(required=True, longest=32, metadata=asked(later("To the fund"), widget="choice"))


ALSO: dict[str, dict[str, Any]] = {
    "spending": {
        "account": Count(required=True),
        "function": one_of(
            FUNCTIONS, "Choose what the money serves.", metadata=asked(later("It serves"))
        ),
    },
    "expense": {},
    "grant": {},
    "outside_grant": {},
    "loan": {
        "other": Line(required=True, longest=32, metadata=asked(later("To"), widget="choice")),
        "other_fund": Line(
            load_default="",
            longest=32,
            metadata=asked(
                later("Their fund"), hint=later("Its code; their general fund when left empty.")
            ),
        ),
    },
    "purchase": {
        "commodity": Line(
            required=True, longest=64, metadata=asked(later("What is bought"), widget="choice")
        ),
        "items": Count(required=True, metadata=asked(later("How many"))),
    },
    "release": {"to_fund": _to_fund()},
    "designation": {"to_fund": _to_fund()},
}
