"""Questions about background jobs: whose they are, how far they are, and whether anybody works."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.models.background_jobs import BackgroundJob, BackgroundState
from ledger.models.jobs import Heartbeat
from ledger.paging import PAGE, Page, behind, cut
from ledger.queries.jobs.readiness import WORKER_SILENCE, is_recent

OPEN = (BackgroundState.QUEUED, BackgroundState.RUNNING)


@dataclass(frozen=True, slots=True)
class Standing:
    """A background job, how many were asked for before it and wait, and whether a worker runs."""

    job: BackgroundJob
    ahead: int
    has_worker: bool


def job_for(session: ReadSession, *, job_id: UUID, asked_by: UUID) -> BackgroundJob:
    """Return a job that a person asked for. Raises NotFound, also for somebody else's."""
    job = session.get(BackgroundJob, job_id)
    if job is None or job.asked_by != asked_by:
        raise NotFound("This job does not exist, or it is no longer kept.", place="job")
    return job


def standing_of(session: ReadSession, *, job_id: UUID, asked_by: UUID, now: datetime) -> Standing:
    """Return how far a job is that a person asked for. Raises NotFound."""
    job = job_for(session, job_id=job_id, asked_by=asked_by)
    ahead = 0
    if job.state == BackgroundState.QUEUED:
        count = select(func.count()).where(
            BackgroundJob.state.in_(OPEN), BackgroundJob.asked_at < job.asked_at
        )
        ahead = session.scalar(count) or 0
    return Standing(job, ahead, has_worker(session, now=now))


def has_worker(session: ReadSession, *, now: datetime) -> bool:
    """Tell whether a worker has been alive within the last minute."""
    at = session.scalar(select(Heartbeat.at).where(Heartbeat.process == "worker"))
    return is_recent(at, WORKER_SILENCE, now)


def jobs_of(
    session: ReadSession, *, asked_by: UUID, after: UUID | None = None
) -> Page[BackgroundJob]:
    """Return a page of the jobs that a person asked for, the newest first."""
    rows = session.scalars(
        select(BackgroundJob)
        .where(
            BackgroundJob.asked_by == asked_by,
            behind(session, after, BackgroundJob.id, newest_first=True),
        )
        .order_by(BackgroundJob.id.desc())
        .limit(PAGE + 1)
    ).all()
    return cut(rows, lambda row: row.id)
