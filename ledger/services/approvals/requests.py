"""Proposals: what one person asks for and another decides. Maker is never checker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.payloads import to_document
from ledger.core.vocabulary import RequestState
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import Approval, ApprovalRequest
from ledger.queries.approvals.rules import may_sign
from ledger.services.approvals.registry import kind_of


def propose(
    session: Session,
    *,
    book_id: UUID,
    kind: str,
    title: str,
    reason: str,
    payload: object,
    made_by: UUID,
    now: datetime,
) -> ApprovalRequest:
    """Put a request before the approvers of a book. Raises Invalid without a reason.

    ``payload`` is what the kind was registered with; another one is a fault of the program.
    """
    if type(payload) is not kind_of(kind).payload:
        raise TypeError(f"a {type(payload).__name__} is not what a request of {kind} carries")
    if not reason.strip():
        raise Invalid("Enter a reason.", place="reason")
    approval_request = ApprovalRequest(
        book_id=book_id,
        kind=kind,
        title=title,
        reason=reason,
        arguments=to_document(payload),
        state=RequestState.OPEN,
        made_by=made_by,
        made_at=now,
    )
    session.add(approval_request)
    session.flush()
    return approval_request


def sign(
    session: Session, *, request_id: UUID, approve: bool, by: UUID, note: str, now: datetime
) -> ApprovalRequest:
    """Write down somebody's yes as a signature, or their no as the decision.

    The row stays locked until the transaction ends, so that of two last signatures at one moment
    the later one finds the request decided. Raises NotFound, Conflict when it is decided already,
    NotAllowed for the maker, for somebody without the role and for a second yes of one person.
    """
    approval_request = session.scalar(
        select(ApprovalRequest).where(ApprovalRequest.id == request_id).with_for_update()
    )
    if approval_request is None:
        raise NotFound("This approval request does not exist.", place="proposal")
    if approval_request.state != RequestState.OPEN:
        raise Conflict("This request has already been decided.", place="proposal")
    if approval_request.made_by == by:
        raise NotAllowed("You requested this, so you cannot approve it.", place="proposal")
    if not may_sign(session, approval_request=approval_request, person_id=by, now=now):
        raise NotAllowed("Your role in this book does not allow this.", place="proposal")
    if not approve:
        return mark_decided(
            session, approval_request, RequestState.REJECTED, by=by, note=note, now=now
        )
    if session.get(Approval, (request_id, by)) is not None:
        raise NotAllowed(
            "More than one approver is needed, and you have already approved this request.",
            place="proposal",
        )
    session.add(Approval(request_id=request_id, approved_by=by, approved_at=now, note=note))
    session.flush()
    return approval_request


def mark_decided(
    session: Session,
    approval_request: ApprovalRequest,
    state: RequestState,
    *,
    by: UUID,
    note: str,
    now: datetime,
) -> ApprovalRequest:
    """Write a decision down; ``by`` is the last who agreed, or who said no."""
    approval_request.state = state
    approval_request.decided_by = by
    approval_request.decided_at = now
    approval_request.decision_note = note
    session.flush()
    return approval_request
