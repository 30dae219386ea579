"""Rate limits: how often something may be done, for each visitor, address, campaign or book.

Events are counted in the database, so that every process sees them and a restart forgets none.
Who did something is kept as a keyed hash, for two days. An event that turned out to be honest
(paid, confirmed) is settled and counts no more, so that people who share a connection do not use
up each other's limits. The numbers themselves stand with what they limit.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from uuid import UUID

from sqlalchemy import delete, select, update

from ledger.db import ReadSession, Session
from ledger.errors import RateLimited
from ledger.models.rate_limits import RateEvent

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEPT = timedelta(days=2)
# A provider gives each customer a /64 at least; a /48 is a company or a school, and may do more.
HOME_PREFIX = 64
SITE_PREFIX = 48
SITE_FACTOR = 10


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` unsettled events ``within`` a rolling time; ``sentence`` says so.

    ``asks_to_confirm``: somebody with a confirmed address is not held to it.
    """

    most: int
    within: timedelta
    sentence: str
    asks_to_confirm: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what an event is counted for, like ``email:ada@example.org``."""

    name: str
    limits: tuple[Limit, ...] = ()


def visitor(address: str, *limits: Limit) -> list[Subject]:
    """Return whom a connection from an IP address counts for.

    That is the IPv4 address, or the IPv6 network of /64 and, at ten times the limits, of /48. An
    address that is none (a socket of this machine) is a subject of its own.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return [Subject(f"visitor:{address}", limits)]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if not isinstance(parsed, IPv6Address):
        return [Subject(f"visitor:{parsed}", limits)]
    # The zone of a link-local address is the interface of this machine.
    plain = IPv6Address(int(parsed))
    home = ip_network((plain, HOME_PREFIX), strict=False)
    site = ip_network((plain, SITE_PREFIX), strict=False)
    wider = tuple(
        Limit(limit.most * SITE_FACTOR, limit.within, limit.sentence, limit.asks_to_confirm)
        for limit in limits
    )
    return [Subject(f"visitor:{home}", limits), Subject(f"visitor:{site}", wider)]


def email(address: str, *limits: Limit) -> Subject:
    """Return whom an e-mail address counts for; how it is written makes no difference."""
    return Subject(f"email:{address.strip().lower()}", limits)


def count(
    session: Session,
    *,
    kind: str,
    subjects: Sequence[Subject],
    key: str,
    now: datetime,
    about: UUID | None = None,
) -> None:
    """Count one event for each subject. Raises RateLimited, and counts nothing, above a limit.

    Limits are judged in their order. ``key`` is the installation's secret: without it a hash
    cannot be looked up in a table of all addresses.
    """
    hashes = [_keyed(key, subject.name) for subject in subjects]
    for subject, hashed in zip(subjects, hashes, strict=True):
        for limit in subject.limits:
            wait = _wait(session, kind, hashed, limit, now)
            if wait is not None:
                raise RateLimited(
                    limit.sentence,
                    retry_after_seconds=max(1, ceil(wait.total_seconds())),
                    asks_to_confirm=limit.asks_to_confirm,
                )
    for hashed in hashes:
        session.add(RateEvent(kind=kind, subject_sha256=hashed, about=about, at=now))
    session.flush()


def exceeds(session: ReadSession, *, kind: str, subject: Subject, key: str, now: datetime) -> bool:
    """Tell whether a further event of a subject would be above one of its limits."""
    hashed = _keyed(key, subject.name)
    return any(_wait(session, kind, hashed, limit, now) is not None for limit in subject.limits)


def settle(session: Session, *, about: Collection[UUID], now: datetime) -> None:
    """Note that the events about some rows were honest: they count no more."""
    session.execute(
        update(RateEvent)
        .where(RateEvent.about.in_(about), RateEvent.settled_at.is_(None))
        .values(settled_at=now)
    )


def forget(session: Session, *, now: datetime) -> None:
    """Remove what is too old to count."""
    session.execute(delete(RateEvent).where(RateEvent.at < now - KEPT))


def _wait(
    session: ReadSession, kind: str, hashed: str, limit: Limit, now: datetime
) -> timedelta | None:
    """Return how long it takes until an event is within the limit; None when it is already."""
    oldest = session.scalar(
        select(RateEvent.at)
        .where(
            RateEvent.kind == kind,
            RateEvent.subject_sha256 == hashed,
            RateEvent.at > now - limit.within,
            RateEvent.settled_at.is_(None),
        )
        .order_by(RateEvent.at.desc())
        .offset(limit.most - 1)
        .limit(1)
    )
    return None if oldest is None else oldest + limit.within - now


def _keyed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
