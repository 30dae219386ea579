"""Jobs: work for later, written in the transaction that causes it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from ledger.db import Session
from ledger.models.jobs import Heartbeat, Job

# A worker that dies leaves its job to the next one after this.
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)


def enqueue(
    session: Session,
    *,
    kind: str,
    key: str,
    arguments: dict[str, Any],
    now: datetime,
    run_at: datetime | None = None,
) -> None:
    """Write a job; the same open work (kind and key) is written once."""
    known = session.scalar(
        select(Job.id).where(Job.kind == kind, Job.key == key, Job.done_at.is_(None))
    )
    if known is None:
        session.add(
            Job(
                kind=kind,
                key=key,
                arguments=arguments,
                run_at=run_at or now,
                attempts=0,
                created_at=now,
            )
        )
        session.flush()


def claim(session: Session, *, now: datetime) -> Job | None:
    """Take the job that is due longest and lease it; None when nothing is due."""
    job = session.scalar(
        select(Job)
        .where(Job.done_at.is_(None), Job.run_at <= now, Job.attempts < MAX_ATTEMPTS)
        .order_by(Job.run_at, Job.id)
        .limit(1)
    )
    if job is not None:
        job.attempts += 1
        job.run_at = now + LEASE
        session.flush()
    return job


def finish(session: Session, *, job: Job, now: datetime) -> None:
    """Note that a job is done."""
    session.execute(update(Job).where(Job.id == job.id).values(done_at=now, error=None))


def postpone(session: Session, *, job: Job, error: str, now: datetime) -> None:
    """Try again later, each time after twice as long. ``error`` holds no personal data."""
    wait = min(timedelta(seconds=2**job.attempts), LONGEST_WAIT)
    session.execute(update(Job).where(Job.id == job.id).values(run_at=now + wait, error=error))


def beat(session: Session, *, process: str, now: datetime) -> None:
    """Note that a process is alive."""
    row = session.get(Heartbeat, process)
    if row is None:
        session.add(Heartbeat(process=process, at=now))
    else:
        row.at = now
    session.flush()
