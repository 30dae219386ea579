"""Entry point: time, for heavy jobs. Each is done by a command in a process of its own.

The check of all rules reads every row and computes for minutes in a large installation, and a
report or an import takes seconds or minutes. In the worker they would keep seals, payments and
mail waiting; here a thread only watches the process. The check has a thread of its own, so that
nobody who asked for a report waits for it.
"""

import logging
import os
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Event
from uuid import UUID

from ledger import logs
from ledger.db import Database, Session
from ledger.failures import Failures
from ledger.models.background_jobs import BackgroundJob, BackgroundState
from ledger.models.jobs import Job
from ledger.queries.jobs.check_runs import last_check
from ledger.services.jobs import background, jobs

log = logging.getLogger("poolbook.worker")

PAUSE_SECONDS = 5.0
# Somebody looks at a page and waits for these.
BACKGROUND_PAUSE_SECONDS = 1.0
# How often a process is looked at, and its job kept from going to somebody else.
LOOK_SECONDS = 0.5
EXTEND_SECONDS = 30.0
# Everybody else's work goes first.
NICENESS = 10


def run(
    db: Database,
    program: Sequence[str],
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    stop: Event,
    kinds: Collection[str] = jobs.HEAVY,
) -> None:
    """Do heavy jobs of some kinds until told to stop; ``program`` starts the command line."""
    pause = BACKGROUND_PAUSE_SECONDS if jobs.BACKGROUND in kinds else PAUSE_SECONDS
    failures = Failures("a heavy job could not be begun")
    while not stop.is_set():
        worked = False
        try:
            worked = run_one(db, program, environ, clock, stop, kinds)
            failures.end()
        except Exception as error:
            failures.add(type(error).__name__, error)
        if not worked:
            stop.wait(max(pause, failures.pause()))


def run_one(
    db: Database,
    program: Sequence[str],
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    stop: Event,
    kinds: Collection[str] = jobs.HEAVY,
) -> bool:
    """Do the heavy job of some kinds that is due longest; False when none is due.

    It is done when its result is there, and tried again later when it is not. One that is
    interrupted because the worker stops comes back after its lease.
    """
    job = db.run(lambda session: jobs.claim(session, now=clock(), only=kinds))
    if job is None:
        return False
    with logs.during(job=job.id):
        began_at, began, error = clock(), time.perf_counter(), "WorkerDied"
        if not jobs.attempts_exhausted(job):
            code = _watch(db, job, [*program, *_command(job)], environ, clock, stop)
            if code is None:
                return True
            error = f"ExitCode{code}"
        outcome = _note(db, job, error, began_at, clock())
        is_done = outcome == "done"
        logs.note(
            log,
            "job",
            level=logging.INFO if is_done else logging.WARNING,
            kind=job.kind,
            outcome=outcome,
            attempts=job.attempts,
            ms=logs.milliseconds_since(began),
            error=None if is_done else error,
        )
    return True


def _watch(
    db: Database,
    job: Job,
    command: Sequence[str],
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    stop: Event,
) -> int | None:
    """Run a command to its end and return its exit code; None when the worker stops before."""
    # What it prints names rows of the books; the command can be run again by hand.
    process = subprocess.Popen(  # noqa: S603 (our own program)
        command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    try:
        extend_at = time.monotonic() + EXTEND_SECONDS
        while process.poll() is None:
            if stop.wait(LOOK_SECONDS):
                return None
            if time.monotonic() >= extend_at:
                extend_at = time.monotonic() + EXTEND_SECONDS
                db.run(lambda session: jobs.extend(session, job=job, now=clock()))
        return process.returncode
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _command(job: Job) -> Sequence[str]:
    """Return the command that does a job."""
    if job.kind == jobs.BACKGROUND:
        return ("job", job.arguments["job"])
    return ("check", "--record")


def _note(db: Database, job: Job, error: str, began_at: datetime, now: datetime) -> str:
    """Note what became of a job, and return it as a word of the log."""
    if job.kind == jobs.BACKGROUND:
        return _note_background(db, job, error, now)
    with db.snapshot() as session:
        found = last_check(session)
    # The command ends with 1 when a rule is broken, too: its result tells whether it was done.
    if found is not None and found.checked_at >= began_at:
        db.run(lambda session: jobs.finish(session, job=job, now=now))
        return "done"
    again = db.run(lambda session: jobs.postpone(session, job=job, error=error, now=now))
    return "later" if again else "given up"


def _note_background(db: Database, job: Job, error: str, now: datetime) -> str:
    """Note what became of what a person asked for; they try again themselves.

    Its own row says how it ended. One whose process died, because it took all memory, say, says
    so to the person.
    """
    job_id = UUID(job.arguments["job"])

    def command(session: Session) -> str:
        row = session.get(BackgroundJob, job_id)
        if row is None or row.state in (BackgroundState.DONE, BackgroundState.FAILED):
            jobs.finish(session, job=job, now=now)
            return "done"
        background.fail(session, job_id=job_id, reason=background.INTERRUPTED, now=now)
        jobs.give_up(session, job=job, error=error, now=now)
        return "given up"

    return db.run(command)
