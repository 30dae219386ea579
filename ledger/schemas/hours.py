"""Hours that somebody gave, and what to do with them."""

from marshmallow import Schema, fields

from ledger.schemas.fields import Line, Minutes


class Hours(Schema):
    """Time worked; ``worked`` is read as text like 6:30 and becomes minutes."""

    book = Line(load_default="", longest=32)
    fund = Line(load_default="", longest=32)
    commodity = Line(load_default="", longest=64)
    worked = Minutes(required=True)
    worked_on = fields.Date(
        required=True, error_messages={"invalid": "Enter a date like 2026-12-31."}
    )
    description = Line(required=True)
    pledge = Line(load_default="", longest=32)
