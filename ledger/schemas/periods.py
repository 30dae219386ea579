"""A period to be closed, or to be opened again."""

from marshmallow import Schema, fields

from ledger.schemas.fields import A_DATE, Line


class Closing(Schema):
    """The last day of a period, and why it is closed now."""

    until = fields.Date(required=True, error_messages=A_DATE)
    reason = Line(required=True, longest=500)


class Reopening(Schema):
    """Why a closed period has to be opened again."""

    reason = Line(required=True, longest=500)
