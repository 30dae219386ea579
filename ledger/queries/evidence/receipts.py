"""Which bills and claims have no receipt yet."""

from uuid import UUID

from sqlalchemy import and_, exists, or_, select

from ledger.core.states import AgreementKind, AgreementState
from ledger.db import ReadSession
from ledger.models.agreements import Agreement, Step
from ledger.models.evidence import Evidence, EvidenceSubject

# A bill has come, or a member has claimed: from then on there is something to show.
WITH_RECEIPT = {
    AgreementKind.SPENDING: (
        AgreementState.BILLED,
        AgreementState.RELEASED,
        AgreementState.CLEARED,
    ),
    AgreementKind.EXPENSE: (
        AgreementState.SUBMITTED,
        AgreementState.APPROVED,
        AgreementState.REIMBURSED,
        AgreementState.WAIVED,
    ),
    AgreementKind.PURCHASE: (AgreementState.BILLED, AgreementState.IN_SERVICE),
}


def without_receipt(session: ReadSession, *, book_id: UUID, limit: int = 200) -> list[Agreement]:
    """Return bills, claims and purchases without a file, the oldest first.

    A file that is attached to an entry of a step counts as well; one that was erased does not.
    """
    own = exists().where(
        Evidence.book_id == Agreement.book_id,
        Evidence.subject == EvidenceSubject.AGREEMENT,
        Evidence.subject_id == Agreement.id,
        Evidence.erased_at.is_(None),
    )
    of_step = exists().where(
        Step.agreement_id == Agreement.id,
        Evidence.book_id == Step.book_id,
        Evidence.subject == EvidenceSubject.ENTRY,
        Evidence.subject_id == Step.entry_id,
        Evidence.erased_at.is_(None),
    )
    due = or_(
        *(
            and_(Agreement.kind == kind, Agreement.state.in_(states))
            for kind, states in WITH_RECEIPT.items()
        )
    )
    query = (
        select(Agreement)
        .where(Agreement.book_id == book_id, due, ~own, ~of_step)
        .order_by(Agreement.created_at, Agreement.id)
        .limit(limit)
    )
    return list(session.scalars(query))
