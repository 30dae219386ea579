"""Background jobs in the worker: a process for each, and a plain word when it dies."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger import heavy_jobs
from ledger.db import Database, Session
from ledger.models.background_jobs import BackgroundJob, BackgroundKind, BackgroundState
from ledger.models.jobs import Job
from ledger.services.jobs import background, jobs
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person
from wsgi import OURSELVES


def ask(db: Database, number: int = 0) -> UUID:
    """Ask for an export of a new book; its job."""

    def command(session: Session) -> UUID:
        book = make_book(session, f"A{number}")
        make_fund(session, book)
        person = make_person(session, f"Ann {number}", book, "auditor")
        return background.ask_for(
            session,
            kind=BackgroundKind.EXPORT,
            action="export_journal",
            book_ids=[book.id],
            parameters={"book": book.code, "format": "csv"},
            asked_by=person.id,
            now=NOW,
        )

    return db.run(command)


def run_one(db: Database, folder: Path, *program: str, stop: Event | None = None) -> bool:
    environ = {
        **os.environ,
        "POOLBOOK_DATABASE_URL": db.url,
        "POOLBOOK_DATA": str(folder),
        "POOLBOOK_SECRET_KEY": "k" * 32,
        "POOLBOOK_SIGNING_SEED": "5e" * 32,
    }
    kinds = (jobs.BACKGROUND,)
    return heavy_jobs.run_one(db, program, environ, lambda: NOW, stop or Event(), kinds)


def row_of(db: Database, job_id: UUID) -> BackgroundJob:
    with db.snapshot() as session:
        return session.get_one(BackgroundJob, job_id)


def queued(db: Database) -> Job:
    with db.snapshot() as session:
        return session.scalars(select(Job).where(Job.kind == jobs.BACKGROUND)).one()


def test_the_worker_does_it_in_a_process_of_its_own(db: Database, tmp_path: Path) -> None:
    job_id, before = ask(db), datetime.now(UTC)
    assert run_one(db, tmp_path, *OURSELVES)
    row = row_of(db, job_id)
    assert (row.state, row.reason, row.file_name) == (BackgroundState.DONE, "", "A0.csv")
    assert row.ended_at is not None
    assert row.ended_at > before
    assert background.path_of(tmp_path, job_id).stat().st_size == row.file_bytes
    assert (queued(db).done_at, queued(db).error) == (NOW, None)
    assert not run_one(db, tmp_path, *OURSELVES)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_process_that_dies_is_said_and_tried_again_by_hand(db: Database, tmp_path: Path) -> None:
    job_id = ask(db)
    assert run_one(db, tmp_path, sys.executable, "-c", "raise SystemExit(9)")
    row = row_of(db, job_id)
    assert (row.state, row.reason) == (BackgroundState.FAILED, background.INTERRUPTED)
    assert (queued(db).done_at, queued(db).error) == (NOW, "ExitCode9")
    # Somebody else's job cannot be tried again, their own can.
    db.run(
        lambda session: background.try_again(session, job_id=job_id, asked_by=row.asked_by, now=NOW)
    )
    assert row_of(db, job_id).state == BackgroundState.QUEUED


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_stops_leaves_the_job_to_the_next(db: Database, tmp_path: Path) -> None:
    job_id, stop = ask(db), Event()
    stop.set()
    program = (sys.executable, "-c", "import time; time.sleep(60)")
    assert run_one(db, tmp_path, *program, stop=stop)
    assert row_of(db, job_id).state == BackgroundState.QUEUED
    assert queued(db).done_at is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_check_and_what_people_wait_for_do_not_wait_for_each_other(
    db: Database, tmp_path: Path
) -> None:
    ask(db)
    assert not heavy_jobs.run_one(db, OURSELVES, {}, lambda: NOW, Event())
    assert queued(db).attempts == 0
