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
                later("Fund") if kind == "grant" else later("From fund"), widget="choice"
            ),
        ),
        "reason": Text(required=True, longest=1000, metadata=asked(later("Reason and evidence"))),
        **ALSO[kind],
    }
    if kind not in ("release", "designation"):
        shape["title"] = Line(required=True, metadata=asked(later("What is it for")))
    return Schema.from_dict(shape, name=kind.title().replace("_", ""))()


def step(exponent: int, wanted: tuple[str, ...], *, dated: bool = True) -> Schema:
    """Return the shape of a step that needs these answers besides its day, if it has one."""
    answers: dict[str, Any] = {
        "amount": Money(exponent, required=True, metadata=asked(later("Amount"))),
        "since": Day(required=True, metadata=asked(later("Contributions from"))),
        "until": Day(required=True, metadata=asked(later("Contributions until"))),
        "reference": Line(
            required=True,
            longest=64,
            metadata=asked(
                later("Reference"),
                hint=later("A unique reference, such as a bank reference or letter number."),
            ),
        ),
        "to_fund": _to_fund(),
        "terms": Text(
            load_default="",
            longest=500,
            metadata=asked(
                later("Terms"),
                hint=later(
                    "The donor's words, if the money was only for this purchase. Some "
                    "accounting policies require them before equipment leaves the fund."
                ),
                widget="line",
            ),
        ),
        "evidence": Text(
            required=True,
            longest=1000,
            metadata=asked(later("What the donor wrote, and when")),
        ),
        "reason": Text(required=True, longest=1000, metadata=asked(later("Reason"))),
    }
    shape = {name: answers[name] for name in wanted}
    if dated:
        shape["done_on"] = Day(required=True, metadata=asked(later("Day")))
    return Schema.from_dict(shape, name="Step")()


# What a request of a kind says besides amount, fund, title and reason.
def _to_fund() -> Line:
    return Line(required=True, longest=32, metadata=asked(later("To fund"), widget="choice"))


ALSO: dict[str, dict[str, Any]] = {
    "spending": {
        "account": Count(required=True),
        "function": one_of(FUNCTIONS, "Choose a function.", metadata=asked(later("Function"))),
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
                later("Their fund"), hint=later("Code of the fund. If empty, their general fund.")
            ),
        ),
    },
    "purchase": {
        "commodity": Line(
            required=True, longest=64, metadata=asked(later("Equipment purchase"), widget="choice")
        ),
        "items": Count(required=True, metadata=asked(later("Number"))),
    },
    "release": {"to_fund": _to_fund()},
    "designation": {"to_fund": _to_fund()},
}
