"""Card testing: what a bot gets through, and that honest donors are never stopped (row 15)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.db import Session
from ledger.errors import Conflict
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.brakes import PaymentTry
from ledger.services import brakes
from tests.conftest import NOW
from tests.factories import make_book

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Door:
    """Where everybody asks for a payment page; the clock is the test's own."""

    session: Session
    book: Book
    seconds: float = 0
    opened: list[UUID] = field(default_factory=list)

    def asks(self, visitor: str, email: str, book: Book | None = None) -> bool:
        """Whether a page is opened: that is one call to the provider."""
        about = new_id()
        try:
            brakes.note_try(
                self.session,
                book_id=(book or self.book).id,
                about=about,
                visitor=visitor,
                email=email,
                key="k",
                now=NOW + timedelta(seconds=self.seconds),
            )
        except Conflict as refusal:
            if refusal.place != brakes.PLACE or "Your pledge is kept" not in refusal.message:
                raise
            return False
        self.opened.append(about)
        return True

    def pays(self, about: UUID) -> None:
        brakes.note_paid(self.session, about=about, now=NOW + timedelta(seconds=self.seconds))


@pytest.fixture
def door(session: Session) -> Door:
    return Door(session, make_book(session))


def one_bot(door: Door, times: int) -> int:
    """How many pages one address gets in a day with a new e-mail address each time."""
    got = 0
    for n in range(times):
        door.seconds = n * 86_000 / times
        got += door.asks("203.0.113.7", f"bot{n}@example.org")
    return got


@pytest.mark.parametrize("times", [600, pytest.param(18_000, marks=pytest.mark.long)])
def test_thousands_of_tries_from_one_address_get_ten_pages(door: Door, times: int) -> None:
    assert one_bot(door, times) == 10
    assert door.session.scalar(select(func.count()).select_from(PaymentTry)) == 10


def test_without_the_limit_the_bot_gets_through(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brakes, "PER_VISITOR", 10**9)
    assert one_bot(door, 200) == 200


def test_a_day_later_ten_more(door: Door) -> None:
    assert one_bot(door, 30) == 10
    door.seconds = 2 * 86_400
    assert door.asks("203.0.113.7", "late@example.org")


def test_one_mail_address_from_many_places_gets_ten_pages(door: Door) -> None:
    assert sum(door.asks(f"203.0.113.{n}", "one@example.org") for n in range(40)) == 10
    assert not door.asks("203.0.113.99", " ONE@example.org ")


def seconds_until_closed(door: Door, ask: Callable[[int], bool]) -> float:
    """How long 1000 addresses with three tries each, five a second, get pages."""
    for n in range(400):
        door.seconds = n / 5
        if not ask(n):
            return door.seconds
    return 10**6


def test_a_thousand_addresses_meet_the_brake_of_the_community_within_a_minute(door: Door) -> None:
    seconds = seconds_until_closed(
        door, lambda n: door.asks(f"10.0.{n % 1000 // 250}.{n % 250}", f"b{n}@example.org")
    )
    assert seconds < 60


def test_a_thousand_addresses_at_many_communities_meet_the_brake_of_all(door: Door) -> None:
    books = [make_book(door.session, f"B{n}") for n in range(30)]
    seconds = seconds_until_closed(
        door,
        lambda n: door.asks(
            f"10.0.{n % 1000 // 250}.{n % 250}", f"b{n}@example.org", books[n % 30]
        ),
    )
    assert seconds < 60


def test_without_the_brake_of_all_many_communities_stay_open(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brakes, "EVERYWHERE", 10**9)
    books = [make_book(door.session, f"B{n}") for n in range(30)]
    seconds = seconds_until_closed(
        door,
        lambda n: door.asks(
            f"10.0.{n % 1000 // 250}.{n % 250}", f"b{n}@example.org", books[n % 30]
        ),
    )
    assert seconds > 60


def test_none_of_200_honest_donors_is_stopped_even_behind_one_router(door: Door) -> None:
    """An evening of two hours; sixty of them sit in one hall, some need a second try."""
    dice = Random(15)
    moments = sorted((dice.uniform(0, 7200), n) for n in range(200))
    waiting: list[tuple[float, UUID]] = []
    stopped = 0
    for moment, n in moments:
        door.seconds = moment
        for paid_at, about in [row for row in waiting if row[0] <= moment]:
            door.pays(about)
            waiting.remove((paid_at, about))
        visitor = "198.51.100.1" if n < 60 else f"198.51.100.{n % 250 + 2}"
        for _ in range(2 if dice.random() < 0.1 else 1):
            stopped += not door.asks(visitor, f"donor{n}@example.org")
        waiting.append((moment + dice.uniform(40, 180), door.opened[-1]))
        if len(door.opened) > 1 and door.opened[-2] not in [about for _at, about in waiting]:
            door.pays(door.opened[-2])
    assert stopped == 0


def test_who_tried_is_kept_as_keyed_hashes_and_not_for_long(door: Door) -> None:
    door.asks("203.0.113.7", "ada@example.org")
    row = door.session.scalars(select(PaymentTry)).one()
    kept = f"{row.visitor_sha256} {row.email_sha256}"
    assert "203.0.113" not in kept
    assert "ada" not in kept
    brakes.forget_tries(door.session, now=NOW + timedelta(days=3))
    assert door.session.scalar(select(func.count()).select_from(PaymentTry)) == 0
