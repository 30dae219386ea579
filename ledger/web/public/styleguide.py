"""The living style page: every part once, with sample figures; shown in the demo only."""

from flask import Blueprint
from marshmallow import Schema
from werkzeug.wrappers import Response

from ledger.queries.campaigns.campaigns import Progress
from ledger.queries.pledges.figures import Row
from ledger.schemas.fields import Day, Line, Money, Text, asked
from ledger.web.site.context import page
from ledger.web.site.formatting import flow_layout
from ledger.web.site.forms import Form

pages = Blueprint("styleguide", __name__)


class Sample(Schema):
    """One field of every kind that forms have."""

    amount = Money(2, required=True, metadata=asked("Amount", suffix="USD"))
    plain = Line(load_default="", metadata=asked("A word", "Never shown in public."))
    text = Text(load_default="", metadata=asked("Some lines"))
    day = Day(load_default=None, metadata=asked("Day"))
    choice = Line(required=True, metadata=asked("Condition", widget="choice"))


@pages.get("/styleguide")
def show() -> Response:
    """Show every part."""
    needs = [
        Progress("USD", "money", "Panels and cable", 500_000, 800_000, 60_000, 320_050, 380_050),
        Progress("EQP.PROJECTOR", "things", "A projector", 1, 1, 1, 0, 1),
        Progress("MIN.ELEC", "hours", "Electricians", 1_200, 2_400, 360, 390, 750),
    ]
    rows = [
        Row("USD", "money", received=1_234_567, advances_held=50_000),
        Row("EQP.PROJECTOR", "things", received=2),
        Row("MIN.ELEC", "hours", received=390),
    ]
    chart = flow_layout(
        [
            [("Donors", "$480.00", 48_000), ("A community", "$600.00", 60_000)],
            [("A pool", "$1,080.00", 108_000)],
            [("A hall", "$540.00", 54_000), ("A workshop", "$540.00", 54_000)],
        ],
        [
            ((0, 0), (1, 0), 48_000),
            ((0, 1), (1, 0), 60_000),
            ((1, 0), (2, 0), 54_000),
            ((1, 0), (2, 1), 54_000),
        ],
    )
    states = ("open", "part_fulfilled", "fulfilled", "logged", "confirmed", "rejected", "on_loan")
    form = Form(
        Sample(),
        values={"amount": "twelve"},
        errors={"amount": ["Enter an amount like 25 or 25.50."]},
        options={"choice": [("A", "as new"), ("E", "for parts")]},
    )
    return page(
        "public/styleguide.html",
        needs=needs,
        totals=rows,
        chart=chart,
        states=states,
        form=form,
    )
