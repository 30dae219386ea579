"""Card testing: robots are stopped, honest donors never are (reliability row 15)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.db import Session
from ledger.errors import RateLimited
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.models.rate_limits import RateEvent
from ledger.services.jobs import rate_limits
from ledger.services.payments import payment_limits
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

    def asks(
        self, visitor: str, email: str, book: Book | None = None, *, is_confirmed: bool = False
    ) -> bool:
        """Whether a page is opened: that is one call to the provider."""
        about = new_id()
        try:
            payment_limits.note_try(
                self.session,
                book_id=(book or self.book).id,
                about=about,
                visitor=visitor,
                email=email,
                key="k",
                now=NOW + timedelta(seconds=self.seconds),
                is_confirmed=is_confirmed,
            )
        except RateLimited as refusal:
            if "Your pledge is kept" not in refusal.message:
                raise
            return False
        self.opened.append(about)
        return True

    def pays(self, about: UUID) -> None:
        payment_limits.note_paid(
            self.session, about=about, now=NOW + timedelta(seconds=self.seconds)
        )


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
    tries = select(func.count(RateEvent.about.distinct()))
    assert door.session.scalar(tries) == 10


def test_without_the_limit_the_bot_gets_through(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_limits, "PER_VISITOR", 10**9)
    assert one_bot(door, 200) == 50
    monkeypatch.setattr(payment_limits, "PER_VISITOR_AT_MOST", 10**9)
    assert one_bot(door, 200) == 200


def test_who_has_confirmed_the_address_may_go_on_up_to_fifty(door: Door) -> None:
    """Somebody who signs in at a library is not held up by those who sat there before."""
    assert one_bot(door, 30) == 10
    assert not door.asks("203.0.113.7", "reader@example.org")
    assert door.asks("203.0.113.7", "reader@example.org", is_confirmed=True)
    got = sum(
        door.asks("203.0.113.7", f"reader{n}@example.org", is_confirmed=True) for n in range(60)
    )
    assert got == 50 - 11


def test_the_first_limit_asks_to_confirm_and_the_second_does_not(door: Door) -> None:
    def ask(n: int, *, is_confirmed: bool) -> None:
        payment_limits.note_try(
            door.session,
            book_id=door.book.id,
            about=new_id(),
            visitor="203.0.113.7",
            email=f"bot{n}@example.org",
            key="k",
            now=NOW,
            is_confirmed=is_confirmed,
        )

    def refusal(*, is_confirmed: bool) -> RateLimited:
        for n in range(60):
            try:
                ask(n, is_confirmed=is_confirmed)
            except RateLimited as refused:
                return refused
        raise AssertionError("nothing was refused")

    first, second = refusal(is_confirmed=False), refusal(is_confirmed=True)
    assert first.asks_to_confirm
    assert "signing in" in first.message
    assert not second.asks_to_confirm
    assert "try again tomorrow" in second.message
    assert first.retry_after_seconds == second.retry_after_seconds == 24 * 3600


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
    monkeypatch.setattr(payment_limits, "EVERYWHERE", 10**9)
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
    rows = door.session.scalars(select(RateEvent)).all()
    assert len({row.subject_sha256 for row in rows}) == 4
    kept = " ".join(f"{row.kind} {row.subject_sha256}" for row in rows)
    assert "203.0.113" not in kept
    assert "ada" not in kept
    rate_limits.forget(door.session, now=NOW + timedelta(days=3))
    assert door.session.scalar(select(func.count()).select_from(RateEvent)) == 0
