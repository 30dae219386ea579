"""Whether the parts of an installation are up, for those who watch it and for load balancers.

Each part is judged by what it wrote last, never by calling anybody: a probe that waits for Stripe
or a mail relay would itself be down with them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.models.jobs import Heartbeat
from ledger.queries.jobs.outbox import oldest_waiting
from migrations import head, revision_of

WORKER_SILENCE = timedelta(seconds=60)
MAIL_WAIT = timedelta(minutes=15)
# The worker asks Stripe every few seconds; what has not worked for so long needs somebody.
STRIPE_SILENCE = timedelta(minutes=5)
# Less than this, and the next backup, report or write-ahead log does not fit.
DISK_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Asked:
    """Which parts an installation has: whether it sends mail, and whether it takes payments."""

    sends_mail: bool
    takes_payments: bool


def parts_down(asked: Asked) -> dict[str, bool]:
    """Return the parts of which a database tells, each as it is while nobody can ask it."""
    parts = {"database": False, "schema": False, "worker": False}
    if asked.sends_mail:
        parts["mail"] = False
    if asked.takes_payments:
        parts["stripe"] = False
    return parts


def has_current_schema(session: ReadSession) -> bool:
    """Tell whether a database is of this program's revision.

    Somebody may have upgraded it since the program started.
    """
    return revision_of(session.connection()) == head()


def heartbeats(session: ReadSession) -> dict[str, datetime]:
    """Return when each process last wrote that it is alive."""
    return {row.process: row.at for row in session.scalars(select(Heartbeat))}


def parts_up(session: ReadSession, asked: Asked, *, now: datetime) -> dict[str, bool]:
    """Return which parts are up of a database that is of this program's revision.

    ``worker``: it has been alive within a minute. ``mail``: no message waits longer than a quarter
    of an hour. ``stripe``: what Stripe did has been read within five minutes. Instants ahead of the
    clock are as wrong as those that are long past.
    """
    alive_at = heartbeats(session)
    parts = parts_down(asked) | {"database": True, "schema": True}
    parts["worker"] = is_recent(alive_at.get("worker"), WORKER_SILENCE, now)
    if asked.sends_mail:
        oldest = oldest_waiting(session)
        parts["mail"] = oldest is None or now - oldest < MAIL_WAIT
    if asked.takes_payments:
        parts["stripe"] = is_recent(alive_at.get("stripe"), STRIPE_SILENCE, now)
    return parts


def is_recent(at: datetime | None, silence: timedelta, now: datetime) -> bool:
    """Tell whether something happened within a time around now."""
    return at is not None and abs(now - at) < silence
