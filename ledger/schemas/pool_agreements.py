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
            hint=later(
                "A short word for addresses and lists, such as STREAMS. You cannot change it later."
            ),
            autocomplete="off",
        ),
    )
    fund = Line(
        required=True,
        longest=32,
        metadata=asked(later("Name of the pool's own fund"), autocomplete="off"),
    )
    held_fund = Line(
        load_default="",
        longest=32,
        metadata=asked(
            "",
            hint=later("An agency fund. If empty, a new one is created."),
            widget="choice",
        ),
    )
    own_fund = Line(
        load_default="",
        longest=32,
        metadata=asked(
            "",
            hint=later("If empty, the host is not a member. Other communities request to join."),
            widget="choice",
        ),
    )
    fee_basis_points = Percent(
        load_default=None,
        metadata=asked(
            later("Host's fee"),
            hint=later("Charged on payments by card or bank debit. If empty, there is no fee."),
        ),
    )
    story = Text(
        required=True,
        longest=1000,
        metadata=asked(later("Purpose"), hint=later("Shown publicly on the pool's page.")),
    )
    reason = Text(
        required=True,
        longest=1000,
        metadata=asked(
            later("Reason and evidence"),
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
            later("Reason and evidence"),
            hint=later("For both approvers: who met, and what was signed."),
        ),
    )
