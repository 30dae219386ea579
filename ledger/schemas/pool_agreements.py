"""A pool that is to be opened, and a community that wants to join one."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.schemas.fields import Line, Percent, Text, asked


class NewPool(Schema):
    """What a host says of a pool; what is left empty the service explains."""

    name = Line(required=True, longest=120, metadata=asked(later("Name"), autocomplete="off"))
    code = Line(
        required=True,
        longest=32,
        metadata=asked(
            later("Code"),
            hint=later("One short word for addresses and lists, such as STREAMS. It stays."),
            autocomplete="off",
        ),
    )
    fund = Line(
        required=True,
        longest=32,
        metadata=asked(later("What the pool's own fund is called"), autocomplete="off"),
    )
    held_fund = Line(
        load_default="",
        longest=32,
        metadata=asked(
            "",
            hint=later("Money of others. Left empty, a new fund is opened for it."),
            widget="choice",
        ),
    )
    own_fund = Line(
        load_default="",
        longest=32,
        metadata=asked(
            "",
            hint=later("Left empty, the host is no member. Other communities ask to join."),
            widget="choice",
        ),
    )
    fee_basis_points = Percent(
        load_default=None,
        metadata=asked(
            later("Fee of the host"),
            hint=later("Of what comes by card or bank debit. None if empty."),
        ),
    )
    story = Text(
        required=True,
        longest=1000,
        metadata=asked(
            later("What it is for"), hint=later("Everybody reads it on the pool's page.")
        ),
    )
    reason = Text(
        required=True,
        longest=1000,
        metadata=asked(
            later("Why, and on what it rests"),
            hint=later("For the approver: who met, and what was signed."),
        ),
    )


class Joining(Schema):
    """Which pool a community wants to join, and which fund receives what it gets."""

    pool = Line(required=True, longest=32, metadata=asked(later("Pool"), widget="choice"))
    fund = Line(required=True, longest=32, metadata=asked("", widget="choice"))
    reason = Text(
        required=True,
        longest=1000,
        metadata=asked(
            later("Why, and on what it rests"),
            hint=later("For both approvers: who met, and what was signed."),
        ),
    )
