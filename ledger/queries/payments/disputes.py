"""Questions about disputes: which are open, and which wait for evidence until when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.models.disputes import Dispute
from ledger.models.payments import Cursor

OVER = ("won", "lost", "warning_closed", "prevented")
WAITING = ("needs_response", "warning_needs_response", "appeal_needs_response")


def disputes_of(session: ReadSession, *, book_id: UUID) -> list[Dispute]:
    """Return a book's disputes: those that wait for evidence first, the nearest deadline first."""
    rows = session.scalars(
        select(Dispute)
        .where(Dispute.book_id == book_id)
        .order_by(Dispute.created_at.desc(), Dispute.stripe_dispute_id)
        .limit(200)
    ).all()
    return sorted(rows, key=lambda row: (not waits(row), row.evidence_due_at or row.created_at))


def waits(row: Dispute) -> bool:
    """Whether a dispute waits for evidence."""
    return row.status in WAITING and not row.evidence_given


def waiting_for_evidence(session: ReadSession, *, book_id: UUID) -> list[Dispute]:
    """Return disputes of a book that somebody must answer, the nearest deadline first."""
    return [row for row in disputes_of(session, book_id=book_id) if waits(row)]


def open_since(session: ReadSession, *, before: datetime) -> list[str]:
    """Return the ids of disputes that are not over and were not looked at since an instant."""
    return list(
        session.scalars(
            select(Dispute.stripe_dispute_id)
            .where(Dispute.status.not_in(OVER), Dispute.updated_at < before)
            .order_by(Dispute.updated_at)
            .limit(100)
        )
    )


def read_to(session: ReadSession, name: str) -> datetime | None:
    """Return how far disputes have been read."""
    row = session.get(Cursor, name)
    return row.at if row else None
