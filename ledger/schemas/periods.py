"""A period to be closed, or to be opened again."""

from marshmallow import Schema

from ledger.schemas.fields import Day, Line


class Closing(Schema):
    """The last day of a period, and why it is closed now."""

    until = Day(required=True)
    reason = Line(required=True, longest=500)


class Reopening(Schema):
    """Why a closed period has to be opened again."""

    reason = Line(required=True, longest=500)
