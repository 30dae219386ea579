"""A matching sponsor as a kind of agreement: what was given to a fund is matched a span at a time.

It is asked for on the page of sponsors; contributions to a campaign are matched by the daily jobs.
"""

from flask_babel import lazy_gettext as later

from ledger.core.states import Move
from ledger.queries.campaigns.matching_sponsors import KIND
from ledger.services.campaigns import matching_sponsors
from ledger.web.approvals.agreement_kinds import AgreementPage, Step, register

register(
    KIND,
    AgreementPage(
        later("Matching sponsor"),
        steps={
            Move.MATCH: Step(
                later("Match contributions"),
                ("since", "until"),
                matching_sponsors.match_span,
                "sponsor_id",
            ),
        },
    ),
)
