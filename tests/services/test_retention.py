"""What is kept for how long: each kind goes when it is old, stays before, and the books stay."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from ledger.db import Database, Session
from ledger.models.background_jobs import BackgroundJob
from ledger.models.base import Base
from ledger.models.jobs import Job
from ledger.models.people import IdempotencyKey, OutboxMessage, Person, SignInLink
from ledger.models.rate_limits import RateEvent
from ledger.models.sessions import SignInSession
from ledger.models.tables import TableDraft
from ledger.services.jobs import background
from ledger.services.workflow import retention
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

Make = Callable[[datetime, UUID, UUID, str], Base]
OLD, YOUNG = "old", "young"
FUTURE = NOW + timedelta(days=400)


def _job(at: datetime, key: str, error: str | None) -> Job:
    return Job(kind="x", key=key, arguments={}, run_at=at, created_at=at, done_at=at, error=error)


def _session(at: datetime, person_id: UUID, key: str, **ends: datetime) -> SignInSession:
    times = {"idle_until": FUTURE, "absolute_until": FUTURE} | ends
    return SignInSession(
        token_sha256=key, person_id=person_id, created_at=at, issued_at=at, last_seen_at=at,
        fresh_until=at, methods="link", device="", **times,
    )  # fmt: skip


def _mail(at: datetime, key: str, **more: Any) -> OutboxMessage:
    return OutboxMessage(to_email=key, subject="s", body="", created_at=at, **more)


# Kind → rows of it that begin to be old at an instant.
ROWS: dict[str, list[Make]] = {
    "Jobs that were done": [lambda at, _p, _b, key: _job(at, key, None)],
    "Jobs that failed for good": [lambda at, _p, _b, key: _job(at, key, "GatewayDown")],
    "Reports, exports and bundles": [
        lambda at, person, _b, key: BackgroundJob(
            kind="report",
            asked_by=person,
            action=key,
            books=[],
            parameters={},
            state="done",
            result={},
            asked_at=at,
            expires_at=at + background.KEPT,
        )
    ],
    "Idempotency keys": [
        lambda at, person, _b, key: IdempotencyKey(
            person_id=person, key=key, request_sha256="", status=200, body={}, created_at=at
        )
    ],
    "Sign-in links": [
        lambda at, _p, _b, key: SignInLink(
            email=key, secret_sha256=key, created_at=at, expires_at=at
        )
    ],
    "Sessions": [
        lambda at, person, _b, key: _session(at, person, "e" + key, ended_at=at),
        lambda at, person, _b, key: _session(at, person, "i" + key, idle_until=at),
        lambda at, person, _b, key: _session(at, person, "a" + key, absolute_until=at),
    ],
    "Log of mail": [
        lambda at, _p, _b, key: _mail(at, key, sent_at=NOW),
        lambda at, _p, _b, key: _mail(at, key, error="too old"),
    ],
    "Uploaded files": [
        lambda at, person, book, key: TableDraft(
            book_id=book,
            account=1010,
            purpose="statement",
            file_name=key,
            content="",
            made_by=person,
            made_at=at,
        )
    ],
    "Events counted": [
        lambda at, _p, _b, key: RateEvent(kind="x", subject_sha256=key, about=None, at=at)
    ],
}


def kind_of(name: str) -> retention.Kind:
    (kind,) = [kind for kind in retention.KINDS if kind.name.startswith(name)]
    return kind


def count(db: Database, table: type[Base]) -> int:
    with db.snapshot() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def owners(db: Database) -> tuple[UUID, UUID]:
    """Somebody and a book, to whom rows can belong."""

    def command(session: Session) -> tuple[UUID, UUID]:
        book = make_book(session, "A")
        make_fund(session, book, "GEN")
        return make_person(session, "Ada").id, book.id

    return db.run(command)


def fill(db: Database, name: str, owners: tuple[UUID, UUID], key: str, at: datetime) -> None:
    for make in ROWS[name]:
        row = make(at, *owners, key)
        db.run(partial(Session.add, instance=row))


def test_every_kind_has_rows_to_try_it_with() -> None:
    assert sorted(map(kind_of, ROWS), key=id) == sorted(retention.KINDS, key=id)


@pytest.mark.parametrize("name", ROWS)
def test_a_kind_goes_when_it_is_old_and_stays_before(
    db: Database, owners: tuple[UUID, UUID], name: str
) -> None:
    kind = kind_of(name)
    limit = NOW - timedelta(days=kind.days)
    fill(db, name, owners, OLD, limit - timedelta(seconds=1))
    fill(db, name, owners, YOUNG, limit + timedelta(seconds=1))
    kinds = len(ROWS[name])
    assert count(db, kind.table) == 2 * kinds
    assert retention.remove_old(db, now=NOW)[kind.name] == kinds
    assert count(db, kind.table) == kinds
    with db.snapshot() as session:
        left = " ".join(str(vars(row)) for row in session.scalars(select(kind.table)))
    assert YOUNG in left
    assert OLD not in left.replace("too old", "")
    # A second time there is nothing left to do.
    assert set(retention.remove_old(db, now=NOW).values()) == {0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_still_waits_is_never_too_old(db: Database, owners: tuple[UUID, UUID]) -> None:
    long_ago = NOW - timedelta(days=4000)

    def command(session: Session) -> None:
        session.add(_mail(long_ago, "waits", due_at=NOW))
        session.add(Job(kind="x", key="1", arguments={}, run_at=NOW, created_at=long_ago))
        session.add(_session(long_ago, owners[0], "live"))

    db.run(command)
    assert set(retention.remove_old(db, now=NOW).values()) == {0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_many_rows_go_in_small_batches(
    db: Database, owners: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        fill(db, "Idempotency keys", owners, str(number), NOW - timedelta(days=8))
    assert retention.remove_old(db, now=NOW)[kind_of("Idempotency keys").name] == 5
    assert count(db, Person) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_goes_that_the_books_rest_on(db: Database) -> None:
    """No other table refers to what is removed, and none of it is guarded against change."""
    removed = {kind.table.__tablename__ for kind in retention.KINDS}
    tables = Base.metadata.tables.values()
    assert (
        removed & {key.column.table.name for table in tables for key in table.foreign_keys} == set()
    )
    with db.snapshot() as session:
        guarded = set(
            session.scalars(text("select tbl_name from sqlite_master where type = 'trigger'"))
        )
    assert guarded >= {"entry", "posting", "seal", "checkpoint", "rights_log"}
    assert removed & guarded == set()
