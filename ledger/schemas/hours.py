"""Hours that somebody gave, and what to do with them."""

from flask_babel import lazy_gettext as later
from marshmallow import Schema

from ledger.schemas.fields import Day, Line, Minutes, asked


class Hours(Schema):
    """Time worked; ``worked`` is read as text like 6:30 and becomes minutes."""

    book = Line(
        load_default="",
        longest=32,
        metadata=asked(later("Community"), widget="choice", needed=True),
    )
    fund = Line(
        load_default="", longest=32, metadata=asked(later("Fund"), widget="choice", needed=True)
    )
    commodity = Line(
        load_default="", longest=64, metadata=asked(later("Skill"), widget="choice", needed=True)
    )
    worked = Minutes(
        required=True, metadata=asked(later("Time"), hint=later("For example 6, 6:30 or 6.5"))
    )
    worked_on = Day(required=True, metadata=asked(later("Day")))
    description = Line(required=True, metadata=asked(later("Work done")))
    pledge = Line(
        load_default="", longest=32, metadata=asked(later("For my pledge"), widget="choice")
    )
    allocation = Line(
        load_default="",
        longest=64,
        metadata=asked(
            later("Worked at"),
            hint=later("Choose a community if the pool allocated your pledged hours to it."),
            widget="choice",
        ),
    )
