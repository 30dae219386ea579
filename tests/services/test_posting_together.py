"""Posts that decide nothing run READ COMMITTED: they never collide, and no closing misses one."""

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from itertools import count
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from ledger.core.entry import Entry, Posting
from ledger.db import LINE, MAX_TRIES, TRIES_AT_ONCE, Database, Session
from ledger.errors import Conflict
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.models.journal import Entry as EntryRow
from ledger.models.people import Person
from ledger.models.periods import Period
from ledger.services.accounting.periods import propose_closing
from ledger.services.approvals import decisions
from ledger.services.books import journal
from tests.conftest import NOW
from tests.factories import make_book, make_fund, make_person

OCTOBER = date(2026, 10, 31)


@pytest.fixture
def asked(db: Database) -> ApprovalRequest:
    """A book whose October somebody asks to close."""
    with db.transaction() as session:
        book = make_book(session)
        make_fund(session, book)
        ann = make_person(session, "Ann")
        make_person(session, "Bo", book, "approver")
        return propose_closing(
            session, book=book, until=OCTOBER, reason="All agrees", made_by=ann.id, now=NOW
        )


def post(session: Session, ref: str = "1") -> journal.Posted:
    """A gift of the last day of October."""
    legs = (Posting(1010, "GEN", "USD", 700), Posting(4010, "GEN", "USD", -700))
    return journal.post(
        session,
        [Entry("A", legs)],
        event_type="gift",
        source="test",
        external_ref=ref,
        accounting_on=OCTOBER,
        now=NOW,
    )


def close(db: Database, asked: ApprovalRequest) -> None:
    """Approve the closing as the approver's page does."""

    def deed(session: Session) -> None:
        decisions.prepare(session, asked.kind)
        decisions.decide(
            session,
            request_id=asked.id,
            approve=True,
            decided_by=next(one for one in people(session) if one != asked.made_by),
            note="",
            now=NOW,
        )

    db.run(deed)


def people(session: Session) -> list[UUID]:
    """Return the ids of all people."""
    return list(session.scalars(select(Person.id)))


def wait_for(db: Database, waiting: Future[Any]) -> None:
    """Wait until the other transaction waits for ours; SQLite lets it wait at its beginning."""
    for _time in range(200):
        time.sleep(0.02)
        assert not waiting.done()
        if db.is_sqlite:
            return
        with db.engine.connect() as connection:
            if connection.scalar(text("select count(*) from pg_locks where not granted")):
                return
    raise AssertionError("nobody waits")


def test_an_event_told_by_two_at_once_is_stored_once(db: Database, asked: ApprovalRequest) -> None:
    with ThreadPoolExecutor(1) as other:
        with db.transaction(decides=False) as session:
            first = post(session)
            second = other.submit(db.run, post, decides=False)
            wait_for(db, second)
        assert second.result(30).ids == first.ids
    assert second.result().duplicates == 1


def test_posts_of_many_at_once_do_not_collide(
    db: Database, asked: ApprovalRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under SERIALIZABLE about every third post of eight clients has to start again."""
    monkeypatch.setattr("ledger.db.MAX_TRIES", 1)
    monkeypatch.setattr("ledger.db.PATIENCE_SECONDS", 0)
    start = Barrier(4)

    def many(name: int) -> None:
        start.wait()
        for number in range(10):
            ref = f"{name}-{number}"
            db.run(partial(post, ref=ref), decides=False)

    with ThreadPoolExecutor(4) as crowd:
        assert list(crowd.map(many, range(4))) == [None] * 4
    with db.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(EntryRow)) == 40


def test_a_closing_waits_for_a_post_under_way_and_counts_it(
    db: Database, asked: ApprovalRequest
) -> None:
    with ThreadPoolExecutor(1) as other:
        with db.transaction(decides=False) as session:
            post(session)
            closing = other.submit(close, db, asked)
            wait_for(db, closing)
        closing.result(30)
    with db.snapshot() as session:
        rows = json.loads(session.scalars(select(Period.snapshot)).one())
    assert [[account, quantity] for account, *_rest, quantity in rows] == [
        [1010, 700],
        [4010, -700],
    ]


def test_a_post_waits_for_a_closing_under_way_and_is_dated_after_it(
    db: Database, asked: ApprovalRequest
) -> None:
    with ThreadPoolExecutor(1) as other:
        with db.transaction() as session:
            decisions.prepare(session, asked.kind)
            late = other.submit(db.run, post, decides=False)
            wait_for(db, late)
            session.add(_closed(session, asked))
        late.result(30)
    with db.snapshot() as session:
        (day,) = session.scalars(select(EntryRow.accounting_on)).all()
    assert day == OCTOBER + timedelta(days=1)


def test_a_closing_does_not_wait_for_ever(
    db: Database, asked: ApprovalRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has one writer; the other waits for it as for any other")
    monkeypatch.setattr(journal, "PATIENCE", "50ms")
    with db.transaction(decides=False) as session:
        post(session)
        with pytest.raises(Conflict, match="Try again when the import has finished"):
            close(db, asked)


def deed_that_collides(times: int, state: str = "40001") -> Callable[[Session], int]:
    """A deed that PostgreSQL refuses so many times; it returns how often it was tried."""
    tried = count(1)

    def deed(session: Session) -> int:
        number = next(tried)
        if number <= times:
            refuse = f"do $$ begin raise exception 'No' using errcode = '{state}'; end $$"
            session.execute(text(refuse))
        return number

    return deed


@pytest.fixture
def server(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database in which deeds collide and are tried again without a pause."""
    if db.is_sqlite:
        pytest.skip("SQLite has one writer; nobody collides")
    monkeypatch.setattr("ledger.db.random.uniform", lambda *_bounds: 0)
    return db


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_who_collides_is_tried_for_long(server: Database, state: str) -> None:
    assert server.run(deed_that_collides(3 * MAX_TRIES, state)) == 3 * MAX_TRIES + 1


def test_a_key_that_stays_taken_is_told_soon(server: Database) -> None:
    with pytest.raises(DBAPIError):
        server.run(deed_that_collides(MAX_TRIES, "23505"))
    assert server.run(deed_that_collides(MAX_TRIES - 1, "23505")) == MAX_TRIES


def test_who_collides_again_and_again_waits_for_the_others_that_do(server: Database) -> None:
    with ThreadPoolExecutor(1) as other:
        with server.engine.connect() as first:
            first.execute(text(f"select pg_advisory_xact_lock({LINE})"))
            second = other.submit(server.run, deed_that_collides(TRIES_AT_ONCE))
            wait_for(server, second)
        assert second.result(30) == TRIES_AT_ONCE + 1


def test_nobody_stands_in_line_for_ever(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.db.LINE_SECONDS", 0.05)
    with server.engine.connect() as first:
        first.execute(text(f"select pg_advisory_xact_lock({LINE})"))
        assert server.run(deed_that_collides(TRIES_AT_ONCE)) == TRIES_AT_ONCE + 1


def _closed(session: Session, asked: ApprovalRequest) -> Period:
    ann, bo = people(session)
    return Period(
        book_id=session.scalars(select(Book.id)).one(),
        until_on=OCTOBER,
        state="closed",
        snapshot="[]",
        snapshot_sha256="",
        log_size=0,
        log_root="",
        closed_by=ann,
        approved_by=bo,
        closed_at=NOW,
        reason="",
    )
