"""Questions about outgoing mail. None gives away what a message says."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, true

from ledger.db import ReadSession
from ledger.models.people import OutboxMessage

_state: ColumnElement[str] = case(
    (OutboxMessage.sent_at.is_not(None), "sent"),
    (OutboxMessage.due_at.is_not(None), "waiting"),
    else_="given up",
)
STATES = ("waiting", "sent", "given up")


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message: when it was written, how often it was tried and what went wrong last."""

    id: UUID
    to_email: str
    subject: str
    state: str
    written_at: datetime
    attempts: int
    error: str


def messages_in(session: ReadSession, *, state: str | None, limit: int) -> list[MessageRow]:
    """Return the newest messages in a state of ``STATES``, or in any."""
    rows = session.execute(
        select(OutboxMessage, _state)
        .where(_state == state if state else true())
        .order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc())
        .limit(limit)
    )
    return [
        MessageRow(row.id, row.to_email, row.subject, told, row.created_at, row.attempts, row.error)
        for row, told in rows
    ]


def waiting_now(session: ReadSession) -> int:
    """Return how many messages wait to be sent."""
    count = select(func.count()).where(OutboxMessage.due_at.is_not(None))
    return session.scalar(count) or 0


def oldest_waiting(session: ReadSession) -> datetime | None:
    """Return when the message that waits longest was written, None when none waits."""
    return session.scalar(
        select(func.min(OutboxMessage.created_at)).where(OutboxMessage.due_at.is_not(None))
    )
