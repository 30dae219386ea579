"""How money is given: at once, again and again, in parts, and whether the fee is covered."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later
from marshmallow import Schema, fields, validate

from ledger.core.instalments import MOST_PARTS
from ledger.schemas.fields import MISSING, Line, asked, one_of
from ledger.schemas.forms import Form

RHYTHM_NAMES = [
    ("once", later("Once")),
    ("month", later("Every month")),
    ("year", later("Every year")),
    ("parts", later("In instalments")),
]
RHYTHMS = tuple(name for name, _words in RHYTHM_NAMES)
WHOLE = "Enter a whole number."


class Amount(Schema):
    """Another amount for a gift that is given again and again."""

    amount = Line(
        required=True,
        metadata=asked(
            later("Another amount"),
            later(
                "Applies from the next payment. To give more, sign in with the e-mail "
                "address you gave with."
            ),
            widget="money",
        ),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """What a basket says about its money beside the amount: how often, in how many parts, and
    whether the fee is covered."""

    rhythm: str
    parts: int
    cover: bool


class WayForm(Form[Way]):
    """Asks how money is given."""

    makes = Way
    rhythm = one_of(
        RHYTHMS,
        "Choose how often you give.",
        metadata=asked(later("How often"), options=RHYTHM_NAMES),
    )
    parts = fields.Integer(
        load_default=12,
        validate=validate.Range(2, MOST_PARTS, error="Choose between {min} and {max} instalments."),
        error_messages={**MISSING, "invalid": WHOLE, "too_large": WHOLE},
        metadata=asked(
            later("Number of monthly instalments"),
            hint=later(
                "They add up exactly to the amount above. The first is charged today, and "
                "your card is saved for the others."
            ),
            needed=True,
        ),
    )
    cover = fields.Boolean(
        load_default=False, error_messages={"invalid": "Select it or leave it empty."}
    )
