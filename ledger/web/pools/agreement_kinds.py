"""Shares in a pool and allocations on a condition, as kinds of agreement."""

from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.db import ReadSession, Session
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Fund
from ledger.schemas.agreements import Dated, ReasonAsked
from ledger.services.pools import lifecycle
from ledger.web.approvals.agreement_kinds import AgreementPage, Facts, Step, Taken, register


def _condition(session: ReadSession, row: Agreement) -> Facts:
    """Return what has to be reached, and which fund of the member receives then."""
    fund = session.get_one(Fund, UUID(row.terms["member_fund"]))
    return [(_("Condition"), row.title), (_("To fund"), fund.name)]


def _exit(session: Session, taken: Taken[ReasonAsked]) -> ApprovalRequest:
    return lifecycle.propose_exit(
        session,
        contribution_id=taken.agreement_id,
        reason=taken.answers.reason,
        made_by=taken.by,
        now=taken.now,
    )


def _reach(session: Session, taken: Taken[Dated]) -> None:
    lifecycle.reach_milestone(
        session, allocation_id=taken.agreement_id, by=taken.by, on=taken.on, now=taken.now
    )


register(
    lifecycle.REFUNDABLE,
    AgreementPage(
        later("Share in a pool"),
        steps={
            "exit": Step(
                later("Take back the share"),
                ReasonAsked,
                _exit,
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
            "reach": Step(later("Record the milestone"), Dated, _reach),
        },
        facts=_condition,
    ),
)
