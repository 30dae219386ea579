"""Entry point: time, for heavy jobs. Each is done by a command in a process of its own.

The check of all rules reads every row and computes for minutes in a large installation. In the
worker it would keep seals, payments and mail waiting; here a thread only watches the process.
"""

import logging
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Event

from ledger import logs
from ledger.db import Database
from ledger.failures import Failures
from ledger.models.jobs import Job
from ledger.queries.jobs.check_runs import last_check
from ledger.services.jobs import jobs

log = logging.getLogger("poolbook.worker")

PAUSE_SECONDS = 5.0
# How often a process is looked at, and its job kept from going to somebody else.
LOOK_SECONDS = 0.5
EXTEND_SECONDS = 30.0
# Everybody else's work goes first.
NICENESS = 10
COMMANDS: Mapping[str, Sequence[str]] = {"check": ("check", "--record")}


def run(
    db: Database,
    program: Sequence[str],
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    stop: Event,
) -> None:
    """Do heavy jobs until told to stop; ``program`` is how the command line is started."""
    failures = Failures("a heavy job could not be begun")
    while not stop.is_set():
        worked = False
        try:
            worked = run_one(db, program, environ, clock, stop)
            failures.end()
        except Exception as error:
            failures.add(type(error).__name__, error)
        if not worked:
            stop.wait(max(PAUSE_SECONDS, failures.pause()))


def run_one(
    db: Database,
    program: Sequence[str],
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    stop: Event,
) -> bool:
    """Do the heavy job that is due longest; False when none is due.

    It is done when its result is there, and tried again later when it is not. One that is
    interrupted because the worker stops comes back after its lease.
    """
    job = db.run(lambda session: jobs.claim(session, now=clock(), only=jobs.HEAVY))
    if job is None:
        return False
    with logs.during(job=job.id):
        began_at, began, error = clock(), time.perf_counter(), "WorkerDied"
        if not jobs.attempts_exhausted(job):
            code = _watch(db, job, [*program, *COMMANDS[job.kind]], environ, clock, stop)
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


def _note(db: Database, job: Job, error: str, began_at: datetime, now: datetime) -> str:
    """Note what became of a job, and return it as a word of the log."""
    with db.snapshot() as session:
        found = last_check(session)
    # The command ends with 1 when a rule is broken, too: its result tells whether it was done.
    if found is not None and found.checked_at >= began_at:
        db.run(lambda session: jobs.finish(session, job=job, now=now))
        return "done"
    again = db.run(lambda session: jobs.postpone(session, job=job, error=error, now=now))
    return "later" if again else "given up"
