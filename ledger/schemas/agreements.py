"""What is asked for and agreed: spending, expenses, grants, loans, purchases, shared costs.

Each kind of agreement and each of its steps names a dataclass of these; the form is made from it.
Amounts are in minor units, funds and communities are codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as later

from ledger.core.functions import FUNCTIONS
from ledger.schemas.fields import Count, Day, Line, Money, Text, asked, one_of
from ledger.schemas.forms import Build


@dataclass(frozen=True, slots=True)
class SumAsked:
    """So much of a fund, and why."""

    amount: int
    fund: str
    reason: str


@dataclass(frozen=True, slots=True)
class MoneyAsked(SumAsked):
    """Also what it is for."""

    title: str


@dataclass(frozen=True, slots=True)
class ClaimAsked(MoneyAsked):
    """Also what the receipt says, and the account to pay to: who was paid, under which number."""

    payee: str
    bill_number: str
    iban: str


@dataclass(frozen=True, slots=True)
class SpendingAsked(ClaimAsked):
    """Also when it is due, and the account and the function on which it is booked."""

    due_on: date | None
    account: int
    function: str


@dataclass(frozen=True, slots=True)
class LoanAsked(MoneyAsked):
    """Also who borrows, and which of their funds receives it; empty for their general fund."""

    other: str
    other_fund: str


@dataclass(frozen=True, slots=True)
class PurchaseAsked(MoneyAsked):
    """Also which items, and how many."""

    commodity: str
    items: int


@dataclass(frozen=True, slots=True)
class FundMoveAsked(SumAsked):
    """Also the fund that receives it."""

    to_fund: str


@dataclass(frozen=True, slots=True)
class Dated:
    """A step that is booked for a day."""

    done_on: date


@dataclass(frozen=True, slots=True)
class AmountDone(Dated):
    """How much was done."""

    amount: int


@dataclass(frozen=True, slots=True)
class ReferenceDone(Dated):
    """What the outside world calls it."""

    reference: str


@dataclass(frozen=True, slots=True)
class SumDone(AmountDone):
    """How much was done, and what the outside world calls it."""

    reference: str


@dataclass(frozen=True, slots=True)
class InService(Dated):
    """The fund that equipment goes to, and the words of a donor who wanted that."""

    to_fund: str
    terms: str


@dataclass(frozen=True, slots=True)
class SpanDone(Dated):
    """The first and last day of what was matched."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class IncreaseAsked:
    """By how much a pledge grows, and what the donor wrote."""

    amount: int
    evidence: str


@dataclass(frozen=True, slots=True)
class ReasonAsked:
    """Why a step is asked for."""

    reason: str


def _amount(exponent: int, _needed: bool) -> Money:
    return Money(exponent, required=True, metadata=asked(later("Amount")))


def _to_fund(_exponent: int, _needed: bool) -> Line:
    return Line(required=True, longest=32, metadata=asked(later("To fund"), widget="choice"))


# What a request for an agreement can be asked.
REQUEST_FIELDS: Mapping[str, Build] = {
    "amount": _amount,
    "fund": lambda _exponent, _needed: Line(
        required=True, longest=32, metadata=asked(later("From fund"), widget="choice")
    ),
    "reason": lambda _exponent, _needed: Text(
        required=True, longest=1000, metadata=asked(later("Reason and evidence"))
    ),
    "title": lambda _exponent, _needed: Line(
        required=True, metadata=asked(later("What is it for"))
    ),
    "payee": lambda _exponent, _needed: Line(
        load_default="", longest=120, metadata=asked(later("Payee"), hint=later("As on the bill."))
    ),
    "bill_number": lambda _exponent, _needed: Line(
        load_default="", longest=64, metadata=asked(later("Number of the bill"))
    ),
    "iban": lambda _exponent, _needed: Line(
        load_default="",
        longest=42,
        metadata=asked(
            later("IBAN to pay to"),
            hint=later("For a claim, your own. It goes into payment files."),
        ),
    ),
    "due_on": lambda _exponent, _needed: Day(load_default=None, metadata=asked(later("Due"))),
    "account": lambda _exponent, _needed: Count(required=True),
    "function": lambda _exponent, _needed: one_of(
        FUNCTIONS, "Choose a function.", metadata=asked(later("Function"))
    ),
    "other": lambda _exponent, _needed: Line(
        required=True, longest=32, metadata=asked(later("To"), widget="choice")
    ),
    "other_fund": lambda _exponent, _needed: Line(
        load_default="",
        longest=32,
        metadata=asked(
            later("Their fund"), hint=later("Code of the fund. If empty, their general fund.")
        ),
    ),
    "commodity": lambda _exponent, _needed: Line(
        required=True, longest=64, metadata=asked(later("Equipment purchase"), widget="choice")
    ),
    "items": lambda _exponent, _needed: Count(required=True, metadata=asked(later("Number"))),
    "to_fund": _to_fund,
}
# What a step of an agreement can be asked.
STEP_FIELDS: Mapping[str, Build] = {
    "amount": _amount,
    "since": lambda _exponent, _needed: Day(
        required=True, metadata=asked(later("Contributions from"))
    ),
    "until": lambda _exponent, _needed: Day(
        required=True, metadata=asked(later("Contributions until"))
    ),
    "reference": lambda _exponent, _needed: Line(
        required=True,
        longest=64,
        metadata=asked(
            later("Reference"),
            hint=later("A unique reference, such as a bank reference or letter number."),
        ),
    ),
    "to_fund": _to_fund,
    "terms": lambda _exponent, _needed: Text(
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
    "evidence": lambda _exponent, _needed: Text(
        required=True, longest=1000, metadata=asked(later("What the donor wrote, and when"))
    ),
    "reason": lambda _exponent, _needed: Text(
        required=True, longest=1000, metadata=asked(later("Reason"))
    ),
    "done_on": lambda _exponent, _needed: Day(required=True, metadata=asked(later("Day"))),
}
