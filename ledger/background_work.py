"""Do one background job, from its row to its file; whoever asked for it must still have the right.

A refusal is kept as the reason for the person to read. What fails otherwise is logged without any
text of the books. The worker has this done in a process of its own (``heavy_jobs``).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from ledger import auth, logs
from ledger.db import Database
from ledger.errors import PoolbookError
from ledger.models.background_jobs import BackgroundJob
from ledger.services.jobs import background
from ledger.signing import Signer

log = logging.getLogger("poolbook.background")

# How often at most progress is written down; each time is a transaction.
PROGRESS_SECONDS = 0.5
DEFECT = "Something went wrong on our side, and it was logged. Try again."


def perform(
    db: Database, signer: Signer, folder: Path, job_id: UUID, *, clock: Callable[[], datetime]
) -> None:
    """Do a job and note what came of it; nothing when it has ended already."""
    now = clock()
    job = db.run(lambda session: background.begin(session, job_id=job_id, now=now))
    if job is None:
        return
    progress = _Progress(db, job_id)
    work = background.Work(db, signer, folder, now, job, progress.note)
    try:
        _check_right(db, job, now)
        outcome = background.handler_of(job.kind)(work)
    except PoolbookError as refusal:
        reason = refusal.message
        db.run(lambda session: background.fail(session, job_id=job_id, reason=reason, now=clock()))
        return
    except Exception as error:
        logs.note(
            log, "a background job failed", level=logging.ERROR, kind=job.kind,
            error=type(error).__name__, trace=logs.trace(error),
        )  # fmt: skip
        db.run(lambda session: background.fail(session, job_id=job_id, reason=DEFECT, now=clock()))
        return
    db.run(lambda session: background.finish(session, job_id=job_id, outcome=outcome, now=clock()))


def _check_right(db: Database, job: BackgroundJob, now: datetime) -> None:
    with db.snapshot() as session:
        for book in job.books:
            auth.require(
                session, person_id=job.asked_by, book_id=UUID(book), action=job.action, now=now
            )


@dataclass(slots=True)
class _Progress:
    db: Database
    job_id: UUID
    noted_at: float = field(default=0.0)

    def note(self, done: int, steps: int) -> None:
        """Write down how many steps are done, unless that was done just now."""
        now = time.monotonic()
        if self.noted_at and now - self.noted_at < PROGRESS_SECONDS:
            return
        self.noted_at = now
        self.db.run(
            lambda session: background.note_progress(
                session, job_id=self.job_id, done=done, steps=steps
            )
        )
