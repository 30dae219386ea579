"""The nightly check: asked for once a day, done beside other jobs, kept, and told when it fails."""

import os
import sys
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import select

from ledger import heavy_jobs, worker
from ledger.db import Database, Session
from ledger.models.jobs import CheckRun, Job
from ledger.models.people import OutboxMessage
from ledger.queries.invariants import CHECKS, Result
from ledger.queries.jobs.check_runs import Checked, last_check, last_good_day
from ledger.services.jobs import jobs
from ledger.services.workflow import nightly
from ledger.services.workflow.first_book import FirstBook, open_first_book
from tests.conftest import NOW
from wsgi import OURSELVES

ADA = "ada@example.org"
PLAN = FirstBook("HALL", "The Hall", "EUR", "Europe/Berlin", "Halle", "US_GAAP", ADA, "Ada")
HOLDS = Result("I-01", "entries balance", True, 5, None)
BROKEN = Result("I-02", "value legs are money", False, 5, "entry 1")
NIGHT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def kinds(session: Session) -> list[tuple[str, str]]:
    return [(row.kind, row.key) for row in session.scalars(select(Job).order_by(Job.kind, Job.key))]


def test_the_nights_work_is_asked_for_once_a_day(session: Session) -> None:
    assert not nightly.ask_for_work(session, now=NIGHT - timedelta(seconds=1))
    assert kinds(session) == []
    assert nightly.ask_for_work(session, now=NIGHT)
    assert not nightly.ask_for_work(session, now=NIGHT + timedelta(hours=21))
    # A worker that was away at night makes up for it.
    assert nightly.ask_for_work(session, now=NIGHT + DAY + timedelta(hours=9))
    assert kinds(session) == [
        (kind, day) for kind in ("check", "retention") for day in ("2026-11-02", "2026-11-03")
    ]


def record(session: Session, *results: Result, at: datetime) -> int:
    """Record a check and return how many messages there are then."""
    nightly.record_check(session, results=results, duration_ms=70, now=at)
    return len(session.scalars(select(OutboxMessage)).all())


def test_admins_are_told_when_rules_break_that_held_before(session: Session) -> None:
    open_first_book(session, plan=PLAN, now=NOW)
    assert record(session, HOLDS, at=NIGHT + DAY) == 0
    assert record(session, HOLDS, BROKEN, at=NIGHT + 2 * DAY) == 1
    # Not again each night, nor for a second look on the same day.
    assert record(session, HOLDS, BROKEN, at=NIGHT + 2 * DAY + timedelta(hours=1)) == 1
    assert record(session, BROKEN, at=NIGHT + 3 * DAY) == 1
    assert record(session, HOLDS, at=NIGHT + 4 * DAY) == 1
    assert record(session, BROKEN, at=NIGHT + 5 * DAY) == 2
    (message, _again) = session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at))
    assert message.to_email == ADA
    assert "I-02  value legs are money" in message.body
    # What a rule stumbled over may name somebody: it is for the page, not for the mail.
    assert "entry 1" not in message.body


def test_what_was_found_is_kept_by_day(session: Session) -> None:
    assert (last_check(session), last_good_day(session)) == (None, None)
    record(session, HOLDS, at=NIGHT)
    record(session, HOLDS, BROKEN, at=NIGHT + DAY)
    at = NIGHT + DAY + timedelta(hours=5)
    record(session, HOLDS, BROKEN, at=at)
    assert last_check(session) == Checked(date(2026, 11, 3), at, 2, ("I-02",), 70)
    assert last_good_day(session) == date(2026, 11, 2)
    assert len(session.scalars(select(CheckRun)).all()) == 2


def ask(db: Database) -> None:
    db.run(lambda session: nightly.ask_for_work(session, now=NOW))


def job_of(db: Database, kind: str) -> Job:
    with db.snapshot() as session:
        return session.scalars(select(Job).where(Job.kind == kind)).one()


def run_one(db: Database, *program: str, stop: Event | None = None) -> bool:
    environ = {**os.environ, "POOLBOOK_DATABASE_URL": db.url}
    return heavy_jobs.run_one(db, program, environ, lambda: NOW, stop or Event())


def test_the_check_runs_in_a_process_of_its_own_and_keeps_its_result(db: Database) -> None:
    ask(db)
    before = datetime.now(UTC)
    assert run_one(db, *OURSELVES)
    with db.snapshot() as session:
        found = last_check(session)
    assert found is not None
    assert (found.rules, found.failed_rules) == (
        len(CHECKS) + 1,
        (),
    )  # I-70 asks the folder of files
    assert before < found.checked_at
    assert (job_of(db, "check").done_at, job_of(db, "check").error) == (NOW, None)
    assert not run_one(db, *OURSELVES)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_check_that_fails_is_tried_again_and_given_up_in_the_end(db: Database) -> None:
    ask(db)
    assert run_one(db, sys.executable, "-c", "raise SystemExit(3)")
    job = job_of(db, "check")
    assert (job.done_at, job.error, job.attempts) == (None, "ExitCode3", 1)
    assert job.run_at > NOW
    with db.transaction() as session:
        session.get_one(Job, job.id).attempts = jobs.MAX_ATTEMPTS
        session.get_one(Job, job.id).run_at = NOW
    # Everybody died of it: it is not begun once more.
    assert run_one(db, "/no/such/program")
    assert job_of(db, "check").error == "WorkerDied"
    assert job_of(db, "check").done_at == NOW


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_stops_ends_the_process_and_leaves_the_job(db: Database) -> None:
    ask(db)
    stop = Event()
    stop.set()
    assert run_one(db, sys.executable, "-c", "import time; time.sleep(60)", stop=stop)
    assert job_of(db, "check").done_at is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_check_stays_with_who_began_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heavy_jobs, "EXTEND_SECONDS", 0.0)
    monkeypatch.setattr(heavy_jobs, "LOOK_SECONDS", 0.05)
    extended = []
    monkeypatch.setattr(jobs, "extend", lambda _session, job, now: extended.append((job.kind, now)))
    ask(db)
    run_one(db, sys.executable, "-c", "import time; time.sleep(0.3)")
    assert ("check", NOW) in extended
    monkeypatch.undo()
    job = job_of(db, "check")
    db.run(lambda session: jobs.extend(session, job=job, now=NOW + DAY))
    assert job_of(db, "check").run_at == NOW + DAY + jobs.LEASE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_check_keeps_no_other_job_waiting(db: Database) -> None:
    """It is due longest, and still the others are done without it."""
    ask(db)
    assert worker.run_due(db, None, now=NOW, without=jobs.HEAVY) == 1
    assert job_of(db, "retention").done_at == NOW
    assert job_of(db, "check").attempts == 0
