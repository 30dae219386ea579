"""Nothing lost (cases 2, 6, 7; reliability row 5): whatever becomes of messages, the books are
the same, byte for byte.

The long run tells a history of 1,000 events in ten orders, each message once to three times.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import stripe

from ledger.db import Database, ReadSession
from ledger.queries.invariants import check
from ledger.stripe.sync import reconcile
from reports.build import draft, scope_of_all
from tests.faults.conftest import Sandbox
from tests.payments.history import Copy, History, canonical_books, copied
from tests.ports import free_port

# In its history a pool is given euros, and there are refunds, disputes and a payout.
SEED = 43
HAPPENED = (
    (b'"book":"P"', b"payment_settled", b'\\"EUR\\"'),
    (b"host_fee",),
    (b"refund_settled",),
    (b"dispute_moved",),
    (b"payout_created",),
)
DELAY_SECONDS = 5 * 86_400
# In this order of messages nothing is heard: the sweep alone.
NOTHING: list[stripe.Event] = []


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox in which nothing happens by itself."""
    server = Sandbox(free_port(), tmp_path / "sandbox.db")
    server.start()
    later = ("settle_seconds", "refund_seconds", "debit_seconds", "payout_seconds")
    server.control("set", **dict.fromkeys(later, "864000000"))
    yield server
    server.kill()


def shuffled(events: list[stripe.Event], seed: int) -> list[stripe.Event]:
    """The events once to three times: late by up to five days, or in no order at all."""
    chance = random.Random(seed)
    sent = [event for event in events for _ in range(chance.choice((1, 1, 2, 3)))]
    if seed % 2:
        chance.shuffle(sent)
        return sent
    return sorted(sent, key=lambda event: event.created + chance.randrange(DELAY_SECONDS))


def untied(session: ReadSession) -> tuple[str, ...]:
    """The rules that stop the report of everything that happened so far."""
    return draft(
        session,
        scope=scope_of_all(session),
        since=date(2026, 1, 1),
        until=date(2099, 12, 31),
        edition="public",
        now=datetime(2100, 1, 2, tzinfo=UTC),
    ).untied


def told(
    db: Database,
    sandbox: Sandbox,
    place: Path,
    name: str,
    events: list[stripe.Event],
    *instants: int,
) -> bytes:
    """The books of a copy that was told of events, or that only swept now and then."""
    with copied(db, place, name) as own:
        books = Copy(own, sandbox)
        for event in events:
            books.deliver(event)
        if not events:
            for until in instants:
                books.see(until)
                books.sync_stripe()
        books.catch_up()
        for row in reconcile(own, books.gateway):
            assert (row.difference, row.unexplained) == (0, ())
        with own.snapshot() as session:
            assert [row for row in check(session) if not row.ok] == []
            assert untied(session) == ()
        return canonical_books(own)


def difference(one: bytes, other: bytes) -> list[bytes]:
    """The lines that only one of two books has; none means that they are equal, byte for byte."""
    if one == other:
        return []
    return sorted(set(one.split(b"\n")) ^ set(other.split(b"\n"))) or [b"a line more than once"]


def same_in_any_order(
    db: Database, sandbox: Sandbox, place: Path, *, events: int, orders: int, seed: int
) -> tuple[int, bytes]:
    """Tell a history in order, in other orders, and not at all; return how often and the books."""
    history = History(db, sandbox, random.Random(seed))
    history.run(events)
    sandbox.control("set", payout_seconds="864000000")
    everything = history.events()
    instants = [event.created for event in everything][:: len(everything) // 10]
    expected = told(db, sandbox, place, "in_order", everything)
    deliveries = len(everything)
    assert b"payment_settled" in expected
    assert difference(expected, told(db, sandbox, place, "swept", NOTHING, *instants)) == []
    for order in range(orders):
        sent = shuffled(everything, order)
        deliveries += len(sent)
        found = told(db, sandbox, place, f"order{order}", sent)
        assert difference(expected, found) == [], f"order {order}"
    return deliveries, expected


def test_messages_in_any_order_or_none_lead_to_the_same_books(
    db: Database, sandbox: Sandbox, tmp_path: Path
) -> None:
    _deliveries, books = same_in_any_order(db, sandbox, tmp_path, events=60, orders=2, seed=SEED)
    for said in HAPPENED:
        assert any(all(part in line for part in said) for line in books.split(b"\n")), said


@pytest.mark.long
def test_a_thousand_events_in_ten_orders_lead_to_the_same_books(
    db: Database, sandbox: Sandbox, tmp_path: Path
) -> None:
    deliveries, books = same_in_any_order(db, sandbox, tmp_path, events=1000, orders=10, seed=1)
    print(f"{deliveries} deliveries, books of {len(books)} bytes")
    assert deliveries >= 10_000


def test_books_that_follow_the_order_of_messages_would_differ(
    db: Database, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: booked on the day it was heard, the same history leads to other books."""
    if not db.is_sqlite:
        pytest.skip("the control is shown on SQLite")
    books: list[Copy] = []
    made = Copy.__post_init__

    def remembered(copy: Copy) -> None:
        made(copy)
        books.append(copy)

    monkeypatch.setattr(Copy, "__post_init__", remembered)
    for room in (
        "payments.payments",
        "stripe_balance.balance_transactions",
        "stripe_balance.payouts",
    ):
        monkeypatch.setattr(
            f"ledger.services.{room}.day_in", lambda _zone, _at: books[-1].instant.date()
        )
    with pytest.raises(AssertionError):
        same_in_any_order(db, sandbox, tmp_path, events=40, orders=2, seed=7)
