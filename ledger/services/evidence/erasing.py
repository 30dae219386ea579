"""Erase a file: what opens and confirms it is destroyed; that it was there, and why it went, stay.

Two people do it, for a receipt that is gone proves nothing any more. The bytes are removed at
night; without their key nobody can read them.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core.states import AgreementState
from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.evidence import Evidence, EvidenceSubject
from ledger.queries.evidence.attached import evidence_by_id
from ledger.services.approvals.registry import ApprovalKind, Decision, register
from ledger.services.approvals.requests import propose

KIND = "evidence_erasure"
# A person's own claims of which nothing came into the books.
CAME_TO_NOTHING = (AgreementState.REJECTED, AgreementState.CANCELLED)
OF_A_PERSON = "Erased with the data of the person who attached it"


@dataclass(frozen=True, slots=True)
class ErasureAsked:
    """The file that is to be erased."""

    evidence: UUID


def propose_erasure(
    session: Session, *, book_id: UUID, evidence_id: UUID, reason: str, made_by: UUID, now: datetime
) -> ApprovalRequest:
    """Ask to erase a file; an approver decides. Raises NotFound, and Invalid without a reason."""
    row = evidence_by_id(session, book_id=book_id, evidence_id=evidence_id)
    return propose(
        session,
        book_id=book_id,
        kind=KIND,
        title="Erase an attached file",
        reason=reason,
        payload=ErasureAsked(row.id),
        made_by=made_by,
        now=now,
    )


def erase(row: Evidence, *, by: UUID | None, why: str, now: datetime) -> None:
    """Destroy what opens a file and what confirms it."""
    row.file_key = row.nonce = row.content_sha256 = None
    row.note = ""
    row.erased_at, row.erased_by, row.erased_why = now, by, why


def erase_of_person(session: Session, *, person_id: UUID, now: datetime) -> int:
    """Erase what a person attached to claims that came to nothing; return how many files.

    A receipt of what is in the books is kept with them, as the law of bookkeeping asks; its note
    loses the name like every other text.
    """
    rows = session.scalars(
        select(Evidence)
        .join(Agreement, Agreement.id == Evidence.subject_id)
        .where(
            Evidence.subject == EvidenceSubject.AGREEMENT,
            Evidence.erased_at.is_(None),
            Agreement.made_by == person_id,
            Agreement.state.in_(CAME_TO_NOTHING),
        )
    ).all()
    for row in rows:
        erase(row, by=None, why=OF_A_PERSON, now=now)
    session.flush()
    return len(rows)


def _approve(
    session: Session, request: ApprovalRequest, payload: ErasureAsked, decision: Decision
) -> None:
    row = session.get_one(Evidence, payload.evidence)
    if row.erased_at is not None:
        raise Conflict("This file was erased already.", place="evidence")
    erase(row, by=decision.by, why=request.reason, now=decision.now)
    session.flush()


register(ApprovalKind(KIND, ErasureAsked, _approve, books_nothing=True))
