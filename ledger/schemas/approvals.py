"""How many people approve: what an admin asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.core.approval_rules import MAX_FROM
from ledger.schemas.fields import Line, WholeNumber, asked, one_of
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class Rule:
    """From which amount two people approve a kind of request, and from which three, in whole units;
    None is never."""

    kind: str
    two_from: int | None
    three_from: int | None
    reason: str


def rule(kinds: Sequence[str]) -> Form[Rule]:
    """Return the shape of a rule for one of some kinds of request, or for all."""

    class RuleForm(Form[Rule]):
        """Asks for a rule."""

        makes = Rule
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

    return RuleForm()
