"""A payment for which no order, bill or claim was there: booked once somebody else approves it.

The bank has moved the money already; what an approver says is that it was ours to spend and what
it was for. Until then the line, or its part, stays open. Amounts in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import bookkeeping
from ledger.core.accounts import Acct
from ledger.core.fitting_accounts import Use, check_fits
from ledger.core.functions import function_of
from ledger.core.vocabulary import RequestState
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Account, Book, Fund
from ledger.models.statements import MatchRule
from ledger.queries.books.books import fund_by_code
from ledger.services.accounting.fund_control import hold
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.banking.items import Item, open_item, reference_of, tie
from ledger.services.books import journal
from ledger.services.books.books import check_own_fund

KIND = "line_cost"


@dataclass(frozen=True, slots=True)
class LineCost:
    """What a line or its part paid: the fund and the account that bear it; minor units."""

    line: UUID
    fund: UUID
    account: int
    quantity: int
    commodity: str


def request(
    session: Session,
    *,
    item: Item,
    account: int,
    fund: str,
    reason: str,
    by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask an approver to let an outgoing line or part be booked as a cost.

    Raises Invalid for an account on which nothing is bought, Conflict while a request for the same
    line waits, and for a line of another bank account.
    """
    if item.amount >= 0:
        raise Invalid("Only outgoing money can pay for something.", place="line")
    if item.account != Acct.BANK:
        raise Conflict(
            "Lines of this account can only be matched to existing journal entries.", place="line"
        )
    _check_account(session, item.book_id, account)
    if asked_of(session, [item.id]):
        raise Conflict("This payment already waits for an approver.", place="line")
    owner = session.get_one(Book, item.book_id)
    bearer = fund_by_code(session, item.book_id, fund)
    check_own_fund(owner, bearer)
    payee = item.about.counterparty_name
    return propose(
        session,
        book_id=item.book_id,
        kind=KIND,
        title=f"Payment without a bill: {payee}" if payee else "Payment without a bill",
        reason=reason,
        payload=LineCost(item.id, bearer.id, account, -item.amount, item.commodity),
        made_by=by,
        now=now,
    )


def asked_of(session: ReadSession, item_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the requests about lines and parts that wait for their approver, by line or part."""
    about = ApprovalRequest.arguments["line"].as_string()
    rows = session.execute(
        select(about, ApprovalRequest.id).where(
            ApprovalRequest.kind == KIND,
            ApprovalRequest.state == RequestState.OPEN,
            about.in_([str(item_id) for item_id in item_ids]),
        )
    )
    return {UUID(item_id): request_id for item_id, request_id in rows}


def approve(
    session: Session, approval_request: ApprovalRequest, payload: LineCost, decision: Decision
) -> None:
    """Book the cost on the day of the line and match it. Raises Conflict when the line has been
    matched or split meanwhile, or the fund has less."""
    item = open_item(session, payload.line)
    if -item.amount != payload.quantity or item.book_id != approval_request.book_id:
        raise Conflict("The bank line is not what it was when this was requested.", place="line")
    _check_account(session, item.book_id, payload.account)
    hold(session, payload.fund, payload.quantity, currency=payload.commodity)
    entry_id = journal.post(
        session,
        bookkeeping.cost_paid_without_bill(
            book=session.get_one(Book, item.book_id).code,
            fund=session.get_one(Fund, payload.fund).code,
            currency=payload.commodity,
            amount=payload.quantity,
            account=payload.account,
            function=function_of(payload.account),
        ),
        event_type="cost_paid_without_bill",
        source="bank",
        external_ref=reference_of(session, item),
        accounting_on=item.booked_on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    ).ids[0]
    tie(session, item, entry_id, MatchRule.COST, approval_request.made_by, decision.now)


def _check_account(session: ReadSession, book_id: UUID, account: int) -> None:
    known = session.get(Account, (book_id, account))
    check_fits(Use.SPENDING, account, known, place="account")


register(ApprovalKind(KIND, LineCost, approve))
