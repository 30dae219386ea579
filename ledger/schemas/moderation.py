"""What an organiser decides about a basket, and what a visitor reports."""

from marshmallow import Schema

from ledger.schemas.fields import Line, one_of

DECISIONS = ("accept", "decline", "hide", "restore", "keep")
REASONS = ("spam", "insult", "false_name", "personal_data", "other")


class Deciding(Schema):
    """One decision; declining and hiding need a reason."""

    decision = one_of(DECISIONS, "Choose an action.")
    reason = Line(load_default="")


class Reporting(Schema):
    """What is wrong with a message, from a list: no text of a stranger is kept."""

    reason = one_of(REASONS, "Choose a reason for your report.")
