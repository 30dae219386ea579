"""What an organiser decides about a basket, and what a visitor reports."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.schemas.fields import Line, asked, one_of

DECISIONS = ("accept", "decline", "hide", "restore", "keep")
REASON_NAMES = [
    ("spam", later("It is advertising.")),
    ("insult", later("It insults or threatens a person.")),
    ("false_name", later("It uses a person's name without their permission.")),
    ("personal_data", later("It reveals personal data.")),
    ("other", later("Something else.")),
]
REASONS = tuple(name for name, _words in REASON_NAMES)


class Deciding(Schema):
    """One decision; declining and hiding need a reason."""

    decision = one_of(DECISIONS, "Choose an action.")
    reason = Line(load_default="")


class Reporting(Schema):
    """What is wrong with a message, from a list: no text of a stranger is kept."""

    reason = one_of(
        REASONS,
        "Choose a reason for your report.",
        metadata=asked(later("Reason for your report"), options=REASON_NAMES),
    )
