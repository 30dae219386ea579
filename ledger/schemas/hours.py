"""Hours that somebody gave, and what to do with them."""

from marshmallow import Schema

from ledger.schemas.fields import Day, Line, Minutes


class Hours(Schema):
    """Time worked; ``worked`` is read as text like 6:30 and becomes minutes."""

    book = Line(load_default="", longest=32)
    fund = Line(load_default="", longest=32)
    commodity = Line(load_default="", longest=64)
    worked = Minutes(required=True)
    worked_on = Day(required=True)
    description = Line(required=True)
    pledge = Line(load_default="", longest=32)
