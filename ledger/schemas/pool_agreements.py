"""A pool that is to be opened, and a community that wants to join one."""

from marshmallow import Schema

from ledger.schemas.fields import Line, Percent, Text


class NewPool(Schema):
    """What a host says of a pool; what is left empty the service explains."""

    name = Line(required=True, longest=120)
    code = Line(required=True, longest=32)
    fund = Line(required=True, longest=32)
    held_fund = Line(load_default="", longest=32)
    own_fund = Line(load_default="", longest=32)
    fee_basis_points = Percent(load_default=None)
    story = Text(required=True, longest=1000)
    reason = Text(required=True, longest=1000)


class Joining(Schema):
    """Which pool a community wants to join, and which fund receives what it gets."""

    pool = Line(required=True, longest=32)
    fund = Line(required=True, longest=32)
    reason = Text(required=True, longest=1000)
