"""Jobs: work for later, written in the transaction that causes it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, true, update

from ledger.db import Session
from ledger.errors import Conflict, NotFound
from ledger.models.jobs import Heartbeat, Job

# A worker that dies leaves its job to the next one after this.
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)
# Whose signs of life are kept; a backup is alive while it is made, Stripe when all is read.
WORKER, MAIL, BACKUP, STRIPE = "worker", "mail", "backup", "stripe"
# Which kinds need the payment provider, and wait until its account is known to be ours.
OF_PAYMENTS = ("stripe_event", "send_refund")
# What takes so long that it is done in a process of its own, beside all other jobs.
HEAVY = ("check",)
# What people asked for and wait for: in a process of its own as well, beside the check.
BACKGROUND = "background"
IN_PROCESSES = (*HEAVY, BACKGROUND)
RETENTION = "retention"


def enqueue(
    session: Session,
    *,
    kind: str,
    key: str,
    arguments: Mapping[str, str | None],
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
                arguments=dict(arguments),
                run_at=run_at or now,
                attempts=0,
                created_at=now,
            )
        )
        session.flush()


def claim(
    session: Session,
    *,
    now: datetime,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> Job | None:
    """Take the job that is due longest and lease it; None when nothing is due.

    Kinds in ``without``, or all but those in ``only``, are left for later or to somebody else.

    A job that comes back after its last attempt, because every worker died of it, is to be
    given up by whoever takes it. A clock that was set wrong for a while may have dated a job
    further ahead than any wait does: it is due as well, not in a year.
    """
    job = session.scalar(
        select(Job)
        .where(Job.done_at.is_(None), or_(Job.run_at <= now, Job.run_at > now + LONGEST_WAIT))
        .where(Job.kind.not_in(without), true() if only is None else Job.kind.in_(only))
        .order_by(Job.run_at, Job.id)
        .limit(1)
    )
    if job is not None:
        job.attempts += 1
        job.run_at = now + LEASE
        session.flush()
    return job


def extend(session: Session, *, job: Job, now: datetime) -> None:
    """Keep a job that is still under way from coming back to somebody else."""
    session.execute(update(Job).where(Job.id == job.id).values(run_at=now + LEASE))


def finish(session: Session, *, job: Job, now: datetime) -> None:
    """Note that a job is done."""
    session.execute(update(Job).where(Job.id == job.id).values(done_at=now, error=None))


def attempts_exhausted(job: Job) -> bool:
    """Whether a claimed job has had all its attempts and must not be done again."""
    return job.attempts > MAX_ATTEMPTS


def postpone(session: Session, *, job: Job, error: str, now: datetime) -> bool:
    """Try again later, each time after twice as long; False when it is given up instead.

    A job that is given up is done with its error on it. ``error`` holds no personal data.
    """
    if job.attempts >= MAX_ATTEMPTS:
        give_up(session, job=job, error=error, now=now)
        return False
    wait = min(timedelta(seconds=2**job.attempts), LONGEST_WAIT)
    session.execute(update(Job).where(Job.id == job.id).values(run_at=now + wait, error=error))
    return True


def give_up(session: Session, *, job: Job, error: str, now: datetime) -> None:
    """Note that a job failed for good. ``error`` holds no personal data."""
    session.execute(update(Job).where(Job.id == job.id).values(done_at=now, error=error))


def retry(session: Session, *, job_id: UUID, now: datetime) -> None:
    """Have a job tried again that was given up, with all its attempts.

    Raises NotFound for one that was not given up, Conflict when the same work is waiting already.
    """
    job = session.get(Job, job_id)
    if job is None or job.done_at is None or job.error is None:
        raise NotFound("This job was not given up.", place="job")
    waits = select(Job.id).where(Job.kind == job.kind, Job.key == job.key, Job.done_at.is_(None))
    if session.scalar(waits) is not None:
        raise Conflict("The same work is already waiting.", place="job")
    job.done_at, job.error = None, None
    job.attempts, job.run_at = 0, now
    session.flush()


def heartbeat(session: Session, *, process: str, now: datetime) -> None:
    """Note that a process is alive."""
    row = session.get(Heartbeat, process)
    if row is None:
        session.add(Heartbeat(process=process, at=now))
    else:
        row.at = now
    session.flush()
