"""What the free use of lent things is worth: a statistic, or income and cost at once (EQP-06)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.core import bookkeeping
from ledger.db import Session
from ledger.errors import Invalid, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset, AssetLoan, Valuation, ValuationMethod, ValuationState
from ledger.models.books import Book
from ledger.queries.books.policies import policy_of
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose
from ledger.services.books import journal
from ledger.services.equipment.assets import borrowing_fund

KIND = "free_use"


@dataclass(frozen=True, slots=True)
class UseValued:
    """Days of using a lent thing and what they are worth, in minor units."""

    loan: UUID
    days: int
    quantity: int
    commodity: str


def propose_use(
    session: Session,
    *,
    loan_id: UUID,
    days: int,
    value: int,
    evidence: str,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Ask the borrower's approver to say what some days of use are worth, in minor units.

    Raises NotFound, Invalid for no days or no value.
    """
    loan = session.get(AssetLoan, loan_id)
    if loan is None:
        raise NotFound("This loan does not exist.", place="loan")
    if days <= 0 or value <= 0:
        raise Invalid("Enter a number of days and a value above zero.", place="value")
    book = session.get_one(Book, loan.borrower_id)
    return propose(
        session,
        book_id=book.id,
        kind=KIND,
        title="Contributed use of assets",
        reason=evidence,
        payload=UseValued(loan.id, days, value, book.commodity),
        made_by=made_by,
        now=now,
    )


def book_use(
    session: Session, approval_request: ApprovalRequest, payload: UseValued, decision: Decision
) -> None:
    """Book the use by the borrower's policy, with its valuation (EQP-06)."""
    loan = session.get_one(AssetLoan, payload.loan)
    book = session.get_one(Book, approval_request.book_id)
    valuation = Valuation(
        book_id=book.id,
        label=f"U-{approval_request.id.hex[-12:].upper()}",
        commodity=session.get_one(Asset, loan.asset_id).commodity,
        quantity=payload.days,
        currency=payload.commodity,
        total=payload.quantity,
        method=ValuationMethod.USE,
        evidence=approval_request.reason,
        capitalise=False,
        valued_on=decision.on,
        valued_by=approval_request.made_by,
        approved_by=decision.by,
        state=ValuationState.APPROVED,
    )
    session.add(valuation)
    session.flush()
    journal.post(
        session,
        bookkeeping.free_use_valued(
            book=book.code,
            fund=borrowing_fund(session, loan),
            currency=payload.commodity,
            amount=payload.quantity,
            valuation=valuation.label,
            lender=session.get_one(Book, loan.lender_id).code,
            recognised=policy_of(session, book, decision.on).use,
        ),
        event_type=KIND,
        source=KIND,
        external_ref=str(approval_request.id),
        accounting_on=decision.on,
        now=decision.now,
        made_by=journal.Approved(approval_request.made_by, by=decision.by),
    )


register(ApprovalKind(KIND, UseValued, book_use))
