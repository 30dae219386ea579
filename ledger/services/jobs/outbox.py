"""The outbox: which messages are due, and what became of them.

A message is claimed for a while, handed to the relay outside any transaction, and noted. A worker
that dies in between leaves it to be sent again: twice is better than never, and its Message-ID
tells the two copies apart.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from ledger.db import Session
from ledger.models.people import OutboxMessage

LEASE = timedelta(minutes=15)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# RFC 5321 section 4.5.4.1 has mail given up after four or five days; a link or a reminder is of
# no use to anybody long before, so an outbox that waited for its first relay sends nothing stale.
GIVEN_UP_AFTER = timedelta(days=3)
AT_ONCE = 20


def claim(session: Session, *, now: datetime) -> list[OutboxMessage]:
    """Take the messages that are due longest, at most twenty, and lease them.

    Those that are too old are given up. A clock that was set wrong for a while may have put one
    off further than any wait does: it is due as well.
    """
    _give_up_old(session, now=now)
    rows = list(
        session.scalars(
            select(OutboxMessage)
            .where(
                OutboxMessage.due_at.is_not(None),
                or_(OutboxMessage.due_at <= now, OutboxMessage.due_at > now + LONGEST_WAIT),
            )
            .order_by(OutboxMessage.due_at, OutboxMessage.id)
            .limit(AT_ONCE)
        )
    )
    for row in rows:
        row.attempts += 1
        row.due_at = now + LEASE
    session.flush()
    return rows


def note_sent(session: Session, *, message_id: UUID, now: datetime) -> None:
    """Note that the relay has taken a message, and forget its words."""
    _note(session, message_id, sent_at=now, due_at=None, error="", body="")


def note_later(
    session: Session, *, message_id: UUID, attempts: int, error: str, now: datetime
) -> None:
    """Have a message tried again, each time after twice as long."""
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 16), LONGEST_WAIT)
    _note(session, message_id, due_at=now + wait, error=error)


def note_refused(session: Session, *, message_id: UUID, error: str) -> None:
    """Give a message up that the relay will never take."""
    _note(session, message_id, due_at=None, error=error)


def retry(session: Session, *, now: datetime) -> int:
    """Have all that was given up since ``GIVEN_UP_AFTER`` tried again; return how many."""
    again = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.due_at.is_(None),
            OutboxMessage.sent_at.is_(None),
            OutboxMessage.created_at > now - GIVEN_UP_AFTER,
        )
        .values(due_at=now, attempts=0)
        .returning(OutboxMessage.id)
    )
    return len(again.all())


def _give_up_old(session: Session, *, now: datetime) -> None:
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.due_at.is_not(None),
            OutboxMessage.created_at <= now - GIVEN_UP_AFTER,
        )
        .values(due_at=None, error="too old")
    )


def _note(session: Session, message_id: UUID, **values: object) -> None:
    session.execute(update(OutboxMessage).where(OutboxMessage.id == message_id).values(**values))
