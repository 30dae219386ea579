"""Which reconciliation statement is asked for, and what is said when it is prepared."""

from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, fields, validate

from ledger.schemas.fields import Day, Line, asked
from ledger.schemas.forms import Form

MAX_ACCOUNT = 9999


@dataclass(frozen=True, slots=True)
class StatementAsked:
    """An account with its currency, as the list names it, and a day; empty for the usual ones."""

    account: str
    until: date | None


class StatementAskedForm(Form[StatementAsked]):
    """Asks for an account and a day."""

    makes = StatementAsked

    class Meta:
        unknown = EXCLUDE

    account = Line(
        load_default="",
        longest=32,
        metadata=asked(later("Bank account"), widget="choice", needed=True),
    )
    until = Day(
        load_default=None,
        allow_none=True,
        metadata=asked(later("Up to and including"), needed=True),
    )


@dataclass(frozen=True, slots=True)
class Preparing:
    """The statement that was looked at, and why it can be signed with something open."""

    account: int
    commodity: str
    until: date
    reason: str


class PreparingForm(Form[Preparing]):
    """Asks for a reason; the statement itself stands on the page."""

    makes = Preparing
    account = fields.Integer(required=True, validate=validate.Range(0, MAX_ACCOUNT))
    commodity = Line(required=True, longest=64)
    until = Day(required=True)
    reason = Line(
        load_default="",
        longest=500,
        metadata=asked(
            later("Note for the reviewer"),
            widget="text",
            hint=later("Needed when something is open: what it is, and why it can be signed."),
        ),
    )
