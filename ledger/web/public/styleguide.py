"""The living style page: every part once, with sample figures; shown in the demo only."""

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.queries.campaigns.campaigns import Progress
from ledger.queries.pledges.figures import Row
from ledger.web.site.context import page
from ledger.web.site.formatting import flow_layout

pages = Blueprint("styleguide", __name__)


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
    return page("public/styleguide.html", needs=needs, totals=rows, chart=chart, states=states)
