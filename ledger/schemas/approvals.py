"""How many people approve: what an admin asks for."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.core.approval_rules import MAX_FROM
from ledger.schemas.fields import Line, WholeNumber, asked, one_of


def rule(kinds: Sequence[str]) -> Schema:
    """Return the shape of a rule for one of some kinds of request, or for all."""

    class Rule(Schema):
        """From which amount two people approve, and from which three; empty is never."""

        kind = one_of(
            ("every", *kinds), "Choose a kind of request.", metadata=asked(later("Kind of request"))
        )
        two_from = WholeNumber(
            most=MAX_FROM,
            load_default=None,
            metadata=asked(
                later("Two approvers from"),
                hint=later("Whole units. Leave empty for one approver, or enter 0 for always two."),
            ),
        )
        three_from = WholeNumber(
            most=MAX_FROM, load_default=None, metadata=asked(later("Three approvers from"))
        )
        reason = Line(required=True, longest=500, metadata=asked(later("Reason")))

    return Rule()
