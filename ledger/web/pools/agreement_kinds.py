"""Shares in a pool and allocations on a condition, as kinds of agreement."""

from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.db import ReadSession
from ledger.models.agreements import Agreement
from ledger.models.books import Fund
from ledger.services.pools import lifecycle
from ledger.web.approvals.agreement_kinds import AgreementPage, Facts, Step, only_asking, register


def _condition(session: ReadSession, row: Agreement) -> Facts:
    """Return what has to be reached, and which fund of the member receives then."""
    fund = session.get_one(Fund, UUID(row.terms["member_fund"]))
    return [(_("Condition"), row.title), (_("To fund"), fund.name)]


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
        facts=_condition,
    ),
)
