"""Rate limits: who counts for whom, when the next try counts, and what an honest one gives back."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.errors import RateLimited
from ledger.ids import new_id
from ledger.models.rate_limits import RateEvent
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import HOUR, Limit, Subject
from tests.conftest import NOW

TWO = Limit(2, HOUR, "Two an hour.")


def tries(
    session: Session,
    subjects: list[Subject],
    *,
    kind: str = "basket",
    at: datetime = NOW,
    about: UUID | None = None,
) -> RateLimited | None:
    """What a further event is refused with; None where it is counted."""
    try:
        rate_limits.count(session, kind=kind, subjects=subjects, key="k", now=at, about=about)
    except RateLimited as refusal:
        return refusal
    return None


def test_above_the_limit_it_is_said_how_long_to_wait(session: Session) -> None:
    who = [Subject("visitor:203.0.113.7", (TWO,))]
    assert tries(session, who) is None
    assert tries(session, who, at=NOW + timedelta(minutes=10)) is None
    refusal = tries(session, who, at=NOW + timedelta(minutes=20))
    assert refusal is not None
    assert refusal.message == "Two an hour."
    # The first of the two leaves the hour in forty minutes.
    assert refusal.retry_after_seconds == 40 * 60
    assert tries(session, who, at=NOW + timedelta(minutes=60)) is None
    assert tries(session, who, at=NOW + timedelta(minutes=61)) is not None


def test_what_is_refused_is_not_counted_for_anybody(session: Session) -> None:
    campaign = Subject("campaign:1", (Limit(3, HOUR, "Three."),))
    for _ in range(6):
        tries(session, [Subject("visitor:203.0.113.7", (TWO,)), campaign])
    assert tries(session, [Subject("visitor:203.0.113.8", (TWO,)), campaign]) is None
    assert tries(session, [Subject("visitor:203.0.113.9", (TWO,)), campaign]) is not None


def test_kinds_and_installations_are_counted_apart(session: Session) -> None:
    who = [Subject("visitor:203.0.113.7", (TWO,))]
    assert [tries(session, who) is None for _ in range(3)] == [True, True, False]
    assert tries(session, who, kind="report") is None
    rate_limits.count(session, kind="basket", subjects=who, key="another", now=NOW)


def test_what_was_honest_gives_its_place_back(session: Session) -> None:
    who, about = [Subject("visitor:203.0.113.7", (TWO,))], new_id()
    tries(session, who, about=about)
    tries(session, who)
    assert tries(session, who) is not None
    rate_limits.settle(session, about=[about], now=NOW)
    assert tries(session, who) is None
    assert tries(session, who) is not None


def names(address: str) -> list[str]:
    return [subject.name for subject in rate_limits.visitor(address)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_ipv6_customer_is_one_visitor_and_a_site_may_do_ten_times_as_much(
    session: Session,
) -> None:
    limit = replace(TWO, most=1)
    customers = [f"2001:db8:7:{n:x}::1" for n in range(11)]
    got = [tries(session, rate_limits.visitor(one, limit)) is None for one in customers]
    assert got == [True] * 10 + [False]
    # Another host of one customer is the same visitor; another site is not.
    again = rate_limits.visitor("2001:db8:7:0:ffff::2", limit)
    assert tries(session, again) is not None
    assert tries(session, rate_limits.visitor("2001:db8:8::1", limit)) is None


def test_how_an_address_is_written_makes_no_difference() -> None:
    assert names("203.0.113.7") == names("::ffff:203.0.113.7") == ["visitor:203.0.113.7"]
    assert names("2001:DB8::1") == names("2001:db8:0:0:ffff::9")
    assert names("2001:db8::1") == ["visitor:2001:db8::/64", "visitor:2001:db8::/48"]
    assert names("fe80::1%eth0") == names("fe80::2")
    assert names("") == ["visitor:"]
    one, other = rate_limits.email(" ADA@example.org"), rate_limits.email("ada@example.org ")
    assert one == other


def test_nothing_that_is_kept_tells_who_it_was(session: Session) -> None:
    tries(session, [*rate_limits.visitor("2001:db8::1"), rate_limits.email("ada@example.org")])
    rows = session.scalars(select(RateEvent)).all()
    assert len(rows) == 3
    kept = " ".join(f"{row.kind} {row.subject_sha256} {row.about}" for row in rows)
    assert "2001" not in kept
    assert "ada" not in kept
