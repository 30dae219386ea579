"""Money between a community's own funds, as two kinds of agreement that are decided once."""

from flask_babel import lazy_gettext as later

from ledger.db import Session
from ledger.models.approval_requests import ApprovalRequest
from ledger.queries.books.books import fund_by_code
from ledger.schemas.agreements import FundMoveAsked
from ledger.services.accounting import fund_transfers
from ledger.web.approvals.agreement_kinds import AgreementPage, Asking, Requested, register


def _release(session: Session, asked: Requested[FundMoveAsked]) -> ApprovalRequest:
    return fund_transfers.propose_release(
        session,
        from_fund=asked.fund,
        to_fund=fund_by_code(session, asked.book.id, asked.answers.to_fund),
        amount=asked.answers.amount,
        reason=asked.answers.reason,
        made_by=asked.by,
        now=asked.now,
    )


def _designation(session: Session, asked: Requested[FundMoveAsked]) -> ApprovalRequest:
    return fund_transfers.propose_designation(
        session,
        from_fund=asked.fund,
        to_fund=fund_by_code(session, asked.book.id, asked.answers.to_fund),
        amount=asked.answers.amount,
        reason=asked.answers.reason,
        made_by=asked.by,
        now=asked.now,
    )


register(
    fund_transfers.RELEASE,
    AgreementPage(
        later("Release of an expired restriction"),
        Asking(
            later("Releases money of a fund whose time restriction has ended."),
            "propose_transfer",
            FundMoveAsked,
            _release,
        ),
        listed=False,
    ),
)
register(
    fund_transfers.DESIGNATION,
    AgreementPage(
        later("Interfund transfer"),
        Asking(
            later("Designates unrestricted money, or covers a deficit of another fund."),
            "propose_transfer",
            FundMoveAsked,
            _designation,
        ),
        listed=False,
    ),
)
