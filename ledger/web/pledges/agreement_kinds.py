"""A promise on paper as a kind of agreement: raised, or written off, once an approver agrees.

It is asked for among the manual entries, because it begins with a letter.
"""

from flask_babel import lazy_gettext as later

from ledger.db import Session
from ledger.models.approval_requests import ApprovalRequest
from ledger.schemas.agreements import IncreaseAsked, ReasonAsked
from ledger.services.pledges import receivables
from ledger.web.approvals.agreement_kinds import AgreementPage, Step, Taken, register


def _increase(session: Session, taken: Taken[IncreaseAsked]) -> ApprovalRequest:
    return receivables.propose_increase(
        session,
        promise_id=taken.agreement_id,
        amount=taken.answers.amount,
        evidence=taken.answers.evidence,
        made_by=taken.by,
        now=taken.now,
    )


def _write_off(session: Session, taken: Taken[ReasonAsked]) -> ApprovalRequest:
    return receivables.propose_write_off(
        session,
        promise_id=taken.agreement_id,
        reason=taken.answers.reason,
        made_by=taken.by,
        now=taken.now,
    )


register(
    receivables.KIND,
    AgreementPage(
        later("Written pledge"),
        steps={
            "increase": Step(
                later("Increase the amount"),
                IncreaseAsked,
                _increase,
            ),
            "write_off": Step(
                later("Write off the remainder"),
                ReasonAsked,
                _write_off,
                why=later("Why no more will be paid"),
            ),
        },
    ),
)
