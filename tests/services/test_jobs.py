"""A job is done once, tried again with ever longer pauses, and given up where it can be seen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from ledger.db import Database, Session
from ledger.models.jobs import Heartbeat, Job
from ledger.queries.jobs.jobs import given_up
from ledger.services.jobs import jobs
from tests.conftest import NOW
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import later


@pytest.fixture
def session(undone: Session) -> Session:
    return undone


def put(session: Session, key: str = "k", run_at: datetime | None = None) -> None:
    jobs.enqueue(session, kind="test", key=key, arguments={"a": "1"}, run_at=run_at, now=NOW)


def claim(session: Session, now: datetime = NOW) -> Job:
    """Claim a job that must be there."""
    job = jobs.claim(session, now=now)
    assert job is not None
    return job


def test_the_same_open_work_is_written_once(session: Session) -> None:
    put(session)
    put(session)
    put(session, "other")
    assert session.scalar(select(func.count()).select_from(Job)) == 2
    done = claim(session)
    jobs.finish(session, job=done, now=NOW)
    put(session, done.key)
    assert session.scalar(select(func.count()).select_from(Job)) == 3


def test_a_claimed_job_is_leased_and_comes_back_when_its_worker_dies(session: Session) -> None:
    put(session)
    job = claim(session)
    assert jobs.claim(session, now=NOW) is None
    assert jobs.claim(session, now=NOW + jobs.LEASE - timedelta(seconds=1)) is None
    again = claim(session, NOW + jobs.LEASE)
    assert (again.id, again.attempts) == (job.id, 2)


def test_a_finished_job_never_comes_back(session: Session) -> None:
    put(session)
    jobs.finish(session, job=claim(session), now=NOW)
    assert jobs.claim(session, now=later(1000)) is None
    assert given_up(session) == []


def test_the_longest_due_comes_first_and_the_future_waits(session: Session) -> None:
    put(session, "late", run_at=later(-1))
    put(session, "later", run_at=later(1))
    put(session, "latest", run_at=later(-2))
    assert [claim(session).key for _ in range(2)] == ["latest", "late"]
    assert jobs.claim(session, now=NOW) is None
    assert jobs.claim(session, now=later(1)) is not None


def test_each_failure_doubles_the_pause_up_to_an_hour_until_it_is_given_up(
    session: Session,
) -> None:
    put(session)
    now, pauses = NOW, []
    while (claimed := jobs.claim(session, now=now)) is not None:
        kept = jobs.postpone(session, job=claimed, error="GatewayDown", now=now)
        session.expire_all()
        job = session.scalars(select(Job)).one()
        if not kept:
            break
        assert (job.error, job.done_at) == ("GatewayDown", None)
        pauses.append(int((job.run_at - now).total_seconds()))
        assert jobs.claim(session, now=job.run_at - timedelta(seconds=1)) is None
        now = job.run_at
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]
    assert (job.attempts, job.done_at, job.error) == (jobs.MAX_ATTEMPTS, now, "GatewayDown")
    assert given_up(session) == [job]
    assert jobs.claim(session, now=later(10_000)) is None


def test_a_job_that_kills_every_worker_is_given_up_too(session: Session) -> None:
    put(session)
    for n in range(jobs.MAX_ATTEMPTS + 1):
        job = claim(session, NOW + n * jobs.LEASE)
        assert jobs.attempts_exhausted(job) is (n == jobs.MAX_ATTEMPTS)
    assert jobs.postpone(session, job=job, error="WorkerDied", now=later(24)) is False
    session.expire_all()
    assert [found.error for found in given_up(session)] == ["WorkerDied"]


def test_a_job_that_succeeds_in_the_end_is_not_among_the_given_up(session: Session) -> None:
    put(session)
    jobs.postpone(session, job=claim(session), error="GatewayDown", now=NOW)
    jobs.finish(session, job=claim(session, later(1)), now=later(1))
    session.expire_all()
    assert given_up(session) == []
    assert session.scalars(select(Job)).one().error is None


@pytest.mark.parametrize("workers", [6])
def test_workers_at_once_take_each_job_once(db: Database, workers: int) -> None:
    with db.transaction() as session:
        for n in range(2 * workers):
            put(session, f"k{n}")
    start = Barrier(workers)

    def work(_: int) -> list[str]:
        start.wait()
        taken = []
        while (job := db.run(lambda session: jobs.claim(session, now=NOW))) is not None:
            taken.append(job.key)
        return taken

    with ThreadPoolExecutor(workers) as pool:
        taken = [key for keys in pool.map(work, range(workers)) for key in keys]
    assert sorted(taken) == sorted(f"k{n}" for n in range(2 * workers))


def test_a_heartbeat_is_kept_once_for_each_process(session: Session) -> None:
    for hour in (0, 1):
        jobs.heartbeat(session, process="worker", now=later(hour))
    assert session.scalars(select(Heartbeat)).one().at == later(1)
