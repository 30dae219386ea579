"""Which open pledges are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, fields, validate

from ledger.core.vocabulary import OPEN_PLEDGES, LegalNature
from ledger.queries.pledges.open_items import ItemFilter, Place, When
from ledger.schemas.fields import Day, Line, asked
from ledger.schemas.forms import Form

WHENS = [
    (When.OVERDUE, later("Overdue")),
    (When.SOON, later("Due within 30 days")),
    (When.LATER, later("Due later")),
    (When.UNDATED, later("No due date")),
]
NATURES = [
    (LegalNature.UNCONDITIONAL, later("Receivable")),
    (LegalNature.INTENTION, later("Intended")),
    (LegalNature.CONDITIONAL, later("Conditional")),
]
STATES = [
    (state, later("Nothing paid") if state == "open" else later("Part paid"))
    for state in OPEN_PLEDGES
]
MOST_PARTS = 1_000


@dataclass(frozen=True, slots=True)
class ItemsAsked:
    """A filter of the list, and after which row its page begins."""

    when: str
    nature: str
    state: str
    campaign: UUID | None
    words: str
    after_day: date | None
    after: UUID | None
    after_number: int

    def filter(self, *, sees_donors: bool) -> ItemFilter:
        """Return which items are wanted."""
        return ItemFilter(
            self.when, self.nature, self.state, self.campaign, self.words, sees_donors
        )

    @property
    def place(self) -> Place | None:
        """After which row the page begins; None from the top."""
        if self.after is None or self.after_day is None:
            return None
        return Place(self.after_day, self.after, self.after_number)


def _choice(label: object, options: Sequence[tuple[str, object]]) -> fields.String:
    names = ["", *(str(name) for name, _text in options)]
    return fields.String(
        load_default="",
        validate=validate.OneOf(names, error="Choose one of the list."),
        metadata=asked(label, widget="choice", options=options),
    )


class ItemsAskedForm(Form[ItemsAsked]):
    """Filters of the open pledges; an empty answer means no filter."""

    makes = ItemsAsked

    class Meta:
        unknown = EXCLUDE

    when = _choice(later("Due"), WHENS)
    nature = _choice(later("Kind"), NATURES)
    state = _choice(later("State"), STATES)
    campaign = fields.UUID(
        load_default=None,
        allow_none=True,
        error_messages={"invalid_uuid": "Choose a campaign of the list."},
        metadata=asked(later("Campaign"), widget="choice"),
    )
    words = Line(
        load_default="",
        longest=100,
        metadata=asked(later("Text"), hint=later("Donor or reference.")),
    )
    after_day = Day(load_default=None, allow_none=True)
    after = fields.UUID(load_default=None, allow_none=True)
    after_number = fields.Integer(load_default=0, validate=validate.Range(0, MOST_PARTS))
