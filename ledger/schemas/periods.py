"""A period to be closed, or to be opened again."""

from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Day, Line, asked
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class Closing:
    """The last day of a period, why it is closed now, and why although a bank account is not
    reconciled."""

    until: date
    reason: str
    unreconciled: str = ""


class ClosingForm(Form[Closing]):
    """Asks for the end of a period."""

    makes = Closing
    until = Day(required=True, metadata=asked(later("Last day included")))
    reason = Line(required=True, longest=500, metadata=asked(later("Checks made"), widget="text"))
    unreconciled = Line(
        load_default="",
        longest=500,
        metadata=asked(
            later("Why without a reconciliation"),
            widget="text",
            hint=later(
                "Only if a bank account has no signed reconciliation statement of that day. The "
                "approver reads it, and it stands with the period."
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Reopening:
    """Why a closed period has to be opened again."""

    reason: str


class ReopeningForm(Form[Reopening]):
    """Asks for a reason."""

    makes = Reopening
    reason = Line(required=True, longest=500)
