"""Shares in a pool and allocations on a condition, as kinds of agreement."""

from flask_babel import lazy_gettext as later

from ledger.services.pools import lifecycle
from ledger.web.approvals.agreement_kinds import AgreementPage, Step, only_asking, register

register(
    lifecycle.REFUNDABLE,
    AgreementPage(
        later("Share in a pool"),
        steps={
            "exit": Step(
                later("Take back the share"),
                ("reason",),
                only_asking(lifecycle.propose_exit),
                "contribution_id",
                asks=True,
                why=later("Reason and evidence"),
            ),
        },
    ),
)
register(
    lifecycle.CONDITIONAL,
    AgreementPage(
        later("Conditional allocation"),
        steps={
            "reach": Step(
                later("Record the milestone"), (), lifecycle.reach_milestone, "allocation_id"
            ),
        },
    ),
)
