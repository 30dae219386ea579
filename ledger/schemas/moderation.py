"""What an organiser decides about a basket, and what a visitor reports."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, asked, one_of
from ledger.schemas.forms import Form

DECISIONS = ("accept", "decline", "hide", "restore", "keep")
REASON_NAMES = [
    ("spam", later("It is advertising.")),
    ("insult", later("It insults or threatens a person.")),
    ("false_name", later("It uses a person's name without their permission.")),
    ("personal_data", later("It reveals personal data.")),
    ("other", later("Something else.")),
]
REASONS = tuple(name for name, _words in REASON_NAMES)


@dataclass(frozen=True, slots=True)
class Deciding:
    """One decision; declining and hiding need a reason."""

    decision: str
    reason: str


class DecidingForm(Form[Deciding]):
    """Asks for a decision."""

    makes = Deciding
    decision = one_of(DECISIONS, "Choose an action.")
    reason = Line(load_default="")


@dataclass(frozen=True, slots=True)
class Reporting:
    """What is wrong with a message, from a list: no text of a stranger is kept."""

    reason: str


class ReportingForm(Form[Reporting]):
    """Asks what is wrong."""

    makes = Reporting
    reason = one_of(
        REASONS,
        "Choose a reason for your report.",
        metadata=asked(later("Reason for your report"), options=REASON_NAMES),
    )
