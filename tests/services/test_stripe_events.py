"""The inbox keeps each message once, wakes the worker once, and keeps nothing about persons."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from ledger.db import Database, Session
from ledger.gateway import Event
from ledger.models.jobs import Job
from ledger.models.payments import StripeEvent
from ledger.services.stripe_balance import events
from tests.conftest import NOW
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401

BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "charge.succeeded",
        "api_version": "2026-10-28.endive",
        "created": 1,
        "livemode": False,
        "account": None,
        "request": {"id": "req_1", "idempotency_key": "k"},
        "data": {
            "object": {
                "id": "ch_1",
                "object": "charge",
                "billing_details": {"name": "Ada Hill", "email": "ada@example.org"},
                "description": "From Ada Hill",
            },
            "previous_attributes": {"receipt_email": "old@example.org"},
        },
    }
)
EVENT = Event("evt_1", "charge.succeeded", "ch_1", False)


@pytest.fixture
def session(undone: Session) -> Session:
    return undone


def store(session: Session, event: Event = EVENT, body: str = BODY) -> bool:
    return events.store(session, event=event, body=body, now=NOW)


def test_a_message_is_kept_once_and_wakes_the_worker_once(session: Session) -> None:
    assert [store(session) for _ in range(3)] == [True, False, False]
    row = session.scalars(select(StripeEvent)).one()
    assert (row.event_type, row.object_id, row.processed_at) == ("charge.succeeded", "ch_1", None)
    job = session.scalars(select(Job)).one()
    assert (job.kind, job.arguments) == (
        "stripe_event",
        {"event": "evt_1", "kind": "charge.succeeded", "object": "ch_1"},
    )


def test_another_message_about_the_same_thing_is_another_message(session: Session) -> None:
    """The control: it is the message's id that makes a repetition."""
    store(session)
    assert store(session, Event("evt_2", "charge.updated", "ch_1", False))
    assert session.scalar(select(func.count()).select_from(Job)) == 2


def test_nothing_about_a_person_is_kept(session: Session) -> None:
    store(session)
    kept = session.scalars(select(StripeEvent)).one().body
    assert json.loads(kept) == {
        "id": "evt_1",
        "object": "event",
        "type": "charge.succeeded",
        "api_version": "2026-10-28.endive",
        "created": 1,
        "livemode": False,
        "about": {"object": "charge", "id": "ch_1"},
    }
    job = session.scalars(select(Job)).one()
    for word in ("Ada", "example.org"):
        assert word in BODY
        assert word not in kept + json.dumps(job.arguments) + job.key


@pytest.mark.parametrize("about", [None, {}, "text"], ids=["nothing", "empty", "text"])
def test_a_message_about_nothing_is_kept_as_well(session: Session, about: object) -> None:
    body = json.dumps({**json.loads(BODY), "data": {"object": about}})
    assert store(session, Event("evt_1", "account.updated", None, False), body)


def test_a_message_that_had_its_effect_says_when(session: Session) -> None:
    store(session)
    events.mark_processed(session, event_id="evt_1", now=NOW)
    assert session.scalars(select(StripeEvent)).one().processed_at == NOW


def test_the_same_message_at_once_is_kept_once(db: Database) -> None:
    start = Barrier(6)

    def deliver(_: int) -> bool:
        start.wait()
        return db.run(store)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(deliver, range(6))) == [False] * 5 + [True]
    with db.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1
