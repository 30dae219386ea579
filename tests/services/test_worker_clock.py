"""The worker's schedule: by a clock that never jumps, with pauses while the database is away."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError

from ledger import failures, logs, worker
from ledger.db import Database
from ledger.services.books import seals
from ledger.services.jobs import jobs
from ledger.stripe import checkout
from tests.conftest import NOW

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Passes(Event):
    """End the worker after some passes; each takes ten seconds, whatever the wall clock says."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count
        self.ticked = 0.0
        self.paused: list[float] = []

    def is_set(self) -> bool:
        self.left -= 1
        self.ticked += 10
        return self.left < 0

    def wait(self, timeout: float | None = None) -> bool:
        self.paused.append(timeout or 0.0)
        return False

    def ticks(self) -> float:
        return self.ticked


def wall(jumps: list[timedelta]) -> Callable[[], datetime]:
    """A wall clock that shows one instant after the other, and the last one from then on."""
    shown: Iterator[timedelta] = iter(jumps)
    last = [timedelta()]

    def clock() -> datetime:
        last[0] = next(shown, last[0])
        return NOW + last[0]

    return clock


def swept(
    db: Database, monkeypatch: pytest.MonkeyPatch, jumps: list[timedelta], *, by_wall: bool = False
) -> list[timedelta]:
    """When the sweep was done, by the wall clock, in as many passes as there are jumps."""
    done: list[timedelta] = []
    monkeypatch.setattr(checkout, "keep_schedules", lambda *_, now: done.append(now - NOW))
    stop, clock = Passes(len(jumps)), wall(jumps)
    seen = [NOW]

    def looked_at() -> datetime:
        seen[0] = clock()
        return seen[0]

    ticks = (lambda: seen[0].timestamp()) if by_wall else stop.ticks
    worker.run(db, None, looked_at, stop, ticks=ticks)
    return done


JUMPS = [timedelta(seconds=10 * n) for n in range(5)]
JUMPS[1] = timedelta(days=365)


def test_a_clock_that_jumps_ahead_and_back_does_not_stop_the_sweep(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert swept(db, monkeypatch, JUMPS) == JUMPS


def test_a_schedule_by_the_wall_clock_would_be_noticed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert swept(db, monkeypatch, JUMPS, by_wall=True) == JUMPS[:2]


def test_a_job_dated_far_ahead_by_a_wrong_clock_is_done_soon(db: Database) -> None:
    ahead = NOW + timedelta(days=365)
    with db.transaction() as session:
        jobs.enqueue(session, kind="test", key="k", arguments={}, now=ahead)
    job = db.run(lambda session: jobs.claim(session, now=NOW))
    assert job is not None
    # Claimed now, it is leased by today's clock again.
    assert db.run(lambda session: jobs.claim(session, now=NOW)) is None
    # However a job was put off, its longest wait is waited for.
    longest = NOW + jobs.LONGEST_WAIT
    with db.transaction() as session:
        jobs.finish(session, job=job, now=NOW)
        jobs.enqueue(session, kind="test", key="l", arguments={}, now=NOW, run_at=longest)
    assert db.run(lambda session: jobs.claim(session, now=NOW)) is None


def test_each_job_is_one_line_with_its_id_and_no_data(
    db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = iter([None, ValueError("dora@example.org")])

    def perform(*_given: object, **_more: object) -> None:
        if (error := next(outcomes)) is not None:
            raise error

    monkeypatch.setattr(worker, "perform", perform)
    with db.transaction() as session:
        for key in ("first", "second"):
            jobs.enqueue(
                session, kind="test", key=key, arguments={"to": "dora@example.org"}, now=NOW
            )
    with caplog.at_level(logging.INFO, worker.log.name):
        assert worker.run_due(db, None, now=NOW) == 1
    done, later = (getattr(record, logs.FIELDS) for record in caplog.records)
    assert (done["outcome"], done["kind"], done["attempts"], done["error"]) == (
        "done",
        "test",
        1,
        None,
    )
    assert (later["outcome"], later["error"]) == ("later", "ValueError")
    assert later["trace"].startswith("ValueError < tests/services/test_worker_clock.py:")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert "dora" not in "".join(logs.Text().format(record) for record in caplog.records)


def test_while_the_database_is_away_pauses_grow_and_the_log_stays_short(
    db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    passes, failing = 0, 100

    def seal_all(_session: object) -> None:
        nonlocal passes
        passes += 1
        if passes <= failing:
            raise OperationalError("begin", None, Exception("the server is gone"))

    monkeypatch.setattr(seals, "seal_all", seal_all)
    stop = Passes(failing + 1)
    with caplog.at_level(logging.INFO):
        worker.run(db, None, lambda: NOW, stop, ticks=stop.ticks)
    assert stop.paused[:4] == [1.0, 2.0, 4.0, 8.0]
    assert set(stop.paused[5:failing]) == {failures.LONGEST_PAUSE_SECONDS}
    assert stop.paused[failing] == failures.PAUSE_SECONDS
    lines = [record.getMessage() for record in caplog.records if record.name == worker.log.name]
    counts = [1, 2, 4, 8, 16, 32, 64]
    assert lines == [
        *(f"a pass failed: OperationalError ({count} in a row)" for count in counts),
        "a pass failed: works again after 100 failures",
    ]
    assert not [record for record in caplog.records if record.exc_info]
