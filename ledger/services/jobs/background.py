"""Background jobs: ask for one, do it, say how far it is, and forget it.

Heavy work is never done by whoever asked for it on a page: the worker starts a process for each,
one at a time. Each kind's handler is registered by the capability that can do it. Must not know
pages or roles.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select, update

from ledger.db import Database, Session
from ledger.errors import Conflict, NotFound
from ledger.ids import new_id
from ledger.models.background_jobs import BackgroundJob, BackgroundKind, BackgroundState
from ledger.private_files import FILE_MODE, make_private_folder
from ledger.services.jobs import jobs
from ledger.signing import Signer

# How long a file can be downloaded. It can be made again at any time.
KEPT = timedelta(days=7)
# More open jobs of one person would keep everybody else waiting.
MOST_OPEN = 10
OPEN = (BackgroundState.QUEUED, BackgroundState.RUNNING)
FOLDER = "files"
INTERRUPTED = "The work was interrupted. Try again."


@dataclass(frozen=True, slots=True)
class Work:
    """What a handler gets: the job, and ``progress`` to say how many steps of how many are done.

    ``folder`` is where its file goes, by ``file_of``.
    """

    db: Database
    signer: Signer
    folder: Path
    now: datetime
    job: BackgroundJob
    progress: Callable[[int, int], None]

    @property
    def book_ids(self) -> set[UUID]:
        """The books that the job is about, in which the right of whoever asked was checked."""
        return {UUID(one) for one in self.job.books}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A finished file: its name for whoever downloads it, hash and size."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: a file, or something in the books that ``result`` names."""

    file: MadeFile | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Work], Outcome]
_HANDLERS: dict[BackgroundKind, Handler] = {}


def register(kind: BackgroundKind, handler: Handler) -> None:
    """Say how a kind of job is done."""
    _HANDLERS[kind] = handler


def handler_of(kind: BackgroundKind) -> Handler:
    """Return how a kind of job is done. KeyError when nobody registered it."""
    return _HANDLERS[kind]


def ask_for(
    session: Session,
    *,
    kind: BackgroundKind,
    action: str,
    book_ids: Sequence[UUID],
    parameters: Mapping[str, str | None],
    asked_by: UUID,
    now: datetime,
) -> UUID:
    """Write a job for the worker and return its id; the same open job is not written twice.

    Raises Conflict when the person has too many open jobs.
    """
    books = sorted(str(one) for one in book_ids)
    open_jobs = session.scalars(
        select(BackgroundJob).where(
            BackgroundJob.asked_by == asked_by, BackgroundJob.state.in_(OPEN)
        )
    ).all()
    for one in open_jobs:
        if (one.kind, one.books, one.parameters) == (kind, books, dict(parameters)):
            return one.id
    if len(open_jobs) >= MOST_OPEN:
        raise Conflict(
            "You already have {count} unfinished jobs. Wait until one is done.",
            count=len(open_jobs),
        )
    job = BackgroundJob(
        id=new_id(),
        kind=kind,
        asked_by=asked_by,
        action=action,
        books=books,
        parameters=dict(parameters),
        state=BackgroundState.QUEUED,
        result={},
        asked_at=now,
        expires_at=now + KEPT,
    )
    session.add(job)
    session.flush()
    _enqueue(session, job.id, now)
    return job.id


def try_again(session: Session, *, job_id: UUID, asked_by: UUID, now: datetime) -> None:
    """Put a failed job of a person in the queue again. Raises NotFound, or Conflict if it has not
    failed."""
    job = session.get(BackgroundJob, job_id)
    if job is None or job.asked_by != asked_by:
        raise NotFound("This job does not exist, or it is no longer kept.", place="job")
    if job.state != BackgroundState.FAILED:
        raise Conflict("This job has not failed.", place="job")
    job.state, job.reason, job.steps_done, job.steps = BackgroundState.QUEUED, "", 0, 0
    job.begun_at, job.ended_at, job.expires_at = None, None, now + KEPT
    session.flush()
    _enqueue(session, job.id, now)


def begin(session: Session, *, job_id: UUID, now: datetime) -> BackgroundJob | None:
    """Note that a job is under way, also one that was interrupted; None when it has ended."""
    job = session.get(BackgroundJob, job_id)
    if job is None or job.state not in OPEN:
        return None
    job.state, job.begun_at, job.steps_done = BackgroundState.RUNNING, now, 0
    session.flush()
    return job


def note_progress(session: Session, *, job_id: UUID, done: int, steps: int) -> None:
    """Note how many steps of how many are done."""
    session.execute(
        update(BackgroundJob)
        .where(BackgroundJob.id == job_id)
        .values(steps_done=done, steps=steps)
        .execution_options(synchronize_session=False)
    )


def finish(session: Session, *, job_id: UUID, outcome: Outcome, now: datetime) -> None:
    """Note what came of a job; its file is kept for a week from now."""
    job = session.get_one(BackgroundJob, job_id)
    job.state, job.ended_at, job.expires_at = BackgroundState.DONE, now, now + KEPT
    job.steps_done = job.steps
    job.result = dict(outcome.result)
    if outcome.file is not None:
        job.file_name, job.file_sha256 = outcome.file.name, outcome.file.sha256
        job.file_bytes = outcome.file.size
    session.flush()


def fail(session: Session, *, job_id: UUID, reason: str, now: datetime) -> None:
    """Note why a job could not be done; nothing happens to one that has ended already."""
    session.execute(
        update(BackgroundJob)
        .where(BackgroundJob.id == job_id, BackgroundJob.state.in_(OPEN))
        .values(state=BackgroundState.FAILED, reason=reason, ended_at=now)
        .execution_options(synchronize_session=False)
    )


def path_of(folder: Path, job_id: UUID) -> Path:
    """Return where the file of a job lies, below the data folder."""
    return folder / FOLDER / str(job_id)


@contextmanager
def file_of(work: Work, name: str) -> Iterator[tuple[IO[bytes], list[MadeFile]]]:
    """Yield a file to write to that only we can read, and a list that gets it when it is whole."""
    target = path_of(work.folder, work.job.id)
    make_private_folder(target.parent)
    draft = target.with_suffix(".part")
    draft.unlink(missing_ok=True)
    made: list[MadeFile] = []
    try:
        opened = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
        with open(opened, "w+b") as out:
            yield out, made
            out.flush()
            out.seek(0)
            digest, size = hashlib.file_digest(out, "sha256").hexdigest(), out.tell()
        draft.replace(target)
        made.append(MadeFile(name, digest, size))
    finally:
        draft.unlink(missing_ok=True)


def remove_files(db: Database, folder: Path) -> int:
    """Remove the files of jobs that are no longer kept, and return how many."""
    removed = 0
    with suppress(FileNotFoundError):
        names = {path.name: path for path in (folder / FOLDER).iterdir()}
        # Asked for after the folder is read: a job that comes in meanwhile keeps its file.
        with db.snapshot() as session:
            kept = {str(one) for one in session.scalars(select(BackgroundJob.id))}
        for name, path in names.items():
            if name.removesuffix(".part") not in kept:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _enqueue(session: Session, job_id: UUID, now: datetime) -> None:
    jobs.enqueue(
        session, kind=jobs.BACKGROUND, key=str(job_id), arguments={"job": str(job_id)}, now=now
    )
