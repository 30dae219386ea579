"""How money is given: at once, again and again, in parts, and whether the fee is covered."""

from marshmallow import Schema, fields, validate

from ledger.core.instalments import MOST_PARTS
from ledger.schemas.fields import MISSING, one_of

RHYTHMS = ("once", "month", "year", "parts")
WHOLE = "Enter a whole number."


class Way(Schema):
    """What a basket says about its money beside the amount."""

    rhythm = one_of(RHYTHMS, "Choose how often you give.")
    parts = fields.Integer(
        load_default=12,
        validate=validate.Range(2, MOST_PARTS, error="Choose between {min} and {max} parts."),
        error_messages={**MISSING, "invalid": WHOLE, "too_large": WHOLE},
    )
    cover = fields.Boolean(load_default=False, error_messages={"invalid": "Tick it or leave it."})
