"""Hours that somebody gave, and what to do with them."""

from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Day, Line, Minutes, asked
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class Hours:
    """Time worked, in minutes: for a pledge of one's own, or as a skill for a community and its
    fund; ``allocation`` is the id of the pool's allocation by which it was worked elsewhere."""

    book: str
    fund: str
    commodity: str
    worked: int
    worked_on: date
    description: str
    pledge: str
    allocation: str


class HoursForm(Form[Hours]):
    """Asks for time; ``worked`` is read as text like 6:30."""

    makes = Hours
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
