"""Questions about jobs: what was tried to the end and given up."""

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.models.jobs import Job


def given_up(session: ReadSession) -> list[Job]:
    """Return jobs that failed for good, the newest first; ``error`` says why."""
    return list(
        session.scalars(
            select(Job)
            .where(Job.done_at.is_not(None), Job.error.is_not(None))
            .order_by(Job.done_at.desc())
            .limit(100)
        )
    )
