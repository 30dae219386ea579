"""A pool that is to be opened, and a community that wants to join one."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, Percent, Text, asked
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class NewPool:
    """What a host says of a pool: codes of its funds, and the fee in hundredths of a percent; what
    is left empty the service explains."""

    name: str
    code: str
    fund: str
    held_fund: str
    own_fund: str
    fee_basis_points: int | None
    story: str
    reason: str


class NewPoolForm(Form[NewPool]):
    """Asks for a pool."""

    makes = NewPool
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


@dataclass(frozen=True, slots=True)
class Joining:
    """Which pool a community wants to join, and which fund receives what it gets; codes."""

    pool: str
    fund: str
    reason: str


class JoiningForm(Form[Joining]):
    """Asks for a pool to join."""

    makes = Joining
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
