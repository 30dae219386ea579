"""Proposals: what one person asks for and another decides. Maker is never checker."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.proposals import Approval, Proposal
from ledger.queries.proposals import approvals_of, needed


def propose(
    session: Session,
    *,
    book_id: UUID,
    kind: str,
    title: str,
    reason: str,
    arguments: dict[str, Any],
    made_by: UUID,
    now: datetime,
) -> Proposal:
    """Put a deed before the approvers of a book. Raises Invalid without a reason."""
    if not reason.strip():
        raise Invalid("Say why this is asked for.", place="reason")
    proposal = Proposal(
        book_id=book_id,
        kind=kind,
        title=title,
        reason=reason,
        arguments=arguments,
        state="open",
        made_by=made_by,
        made_at=now,
    )
    session.add(proposal)
    session.flush()
    return proposal


def mark_decided(
    session: Session,
    *,
    proposal_id: UUID,
    approve: bool,
    decided_by: UUID,
    note: str,
    now: datetime,
) -> Proposal:
    """Write a decision down; a first yes of two leaves the proposal open.

    Raises NotFound, Conflict when it is decided already, NotAllowed when the maker decides or
    somebody says yes twice.
    """
    proposal = session.get(Proposal, proposal_id)
    if proposal is None:
        raise NotFound("There is no such proposal.", place="proposal")
    if proposal.state != "open":
        raise Conflict("This proposal is decided already.", place="proposal")
    if proposal.made_by == decided_by:
        raise NotAllowed("Whoever asks for something cannot approve it.", place="proposal")
    if approve and needed(proposal.kind) > 1:
        given = approvals_of(session, proposal_id=proposal_id)
        if decided_by in given:
            raise NotAllowed("Two people have to agree, and you have already.", place="proposal")
        session.add(
            Approval(proposal_id=proposal_id, approved_by=decided_by, approved_at=now, note=note)
        )
        if len(given) + 1 < needed(proposal.kind):
            session.flush()
            return proposal
    proposal.state = "approved" if approve else "rejected"
    proposal.decided_by = decided_by
    proposal.decided_at = now
    proposal.decision_note = note
    session.flush()
    return proposal
