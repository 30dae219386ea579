"""A period to be closed, or to be opened again."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.schemas.fields import Day, Line, asked


class Closing(Schema):
    """The last day of a period, and why it is closed now."""

    until = Day(required=True, metadata=asked(later("Last day included")))
    reason = Line(required=True, longest=500, metadata=asked(later("Checks made"), widget="text"))


class Reopening(Schema):
    """Why a closed period has to be opened again."""

    reason = Line(required=True, longest=500)
