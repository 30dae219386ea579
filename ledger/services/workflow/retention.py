"""How long what is no longer needed is kept, and its removal once a day.

Only rows that record how work was done: never anything of the journal, its sealed log, or what
it rests on. Rows are removed in small batches, each in a transaction of its own, so that nobody
waits for them. A backup that was made before still has them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, inspect, or_, select, tuple_

from ledger.db import Database, Session
from ledger.models.background_jobs import BackgroundJob
from ledger.models.base import Base
from ledger.models.jobs import Job
from ledger.models.people import IdempotencyKey, OutboxMessage, SignInLink
from ledger.models.rate_limits import RateEvent
from ledger.models.sessions import SignInSession
from ledger.models.tables import TableDraft
from ledger.services.importing import tables
from ledger.services.jobs import background, rate_limits
from ledger.services.people import sessions, sign_in_links

BATCH = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows: how many days they are kept after what, and which are older.

    ``is_old`` makes the condition from the instant before which rows go.
    """

    name: str
    days: int
    after: str
    table: type[Base]
    is_old: Callable[[datetime], ColumnElement[bool]]


KINDS: Sequence[Kind] = (
    Kind(
        "Jobs that were done",
        30,
        "they were done",
        Job,
        lambda before: (Job.done_at < before) & Job.error.is_(None),
    ),
    Kind(
        "Jobs that failed for good",
        365,
        "the last attempt",
        Job,
        lambda before: (Job.done_at < before) & Job.error.is_not(None),
    ),
    Kind(
        "Reports, exports and bundles that were made for somebody, with their files. They can be "
        "made again at any time",
        background.KEPT.days,
        "they were done",
        BackgroundJob,
        # The instant from which it is kept no longer is written when it is done.
        lambda before: BackgroundJob.expires_at < before + background.KEPT,
    ),
    Kind(
        "Idempotency keys of forms and programs, with the answers",
        7,
        "the form or request was sent",
        IdempotencyKey,
        lambda before: IdempotencyKey.created_at < before,
    ),
    Kind(
        "Sign-in links",
        sign_in_links.KEPT.days,
        "they expired, used or not",
        SignInLink,
        lambda before: SignInLink.expires_at < before,
    ),
    Kind(
        "Sessions",
        sessions.KEPT.days,
        "they ended or expired",
        SignInSession,
        lambda before: or_(
            SignInSession.ended_at < before,
            SignInSession.idle_until < before,
            SignInSession.absolute_until < before,
        ),
    ),
    Kind(
        "Log of mail: address, subject, time. The text is removed when a message is delivered",
        90,
        "the message was written, if it was delivered or given up",
        OutboxMessage,
        lambda before: (OutboxMessage.created_at < before) & OutboxMessage.due_at.is_(None),
    ),
    Kind(
        "Uploaded files of banks, gift lists and other ledgers. They are only kept while somebody "
        "describes how to read them",
        tables.KEPT.days,
        "the upload",
        TableDraft,
        lambda before: TableDraft.made_at < before,
    ),
    Kind(
        "Events counted for rate limits, by a keyed hash",
        rate_limits.KEPT.days,
        "the event",
        RateEvent,
        lambda before: RateEvent.at < before,
    ),
)


def remove_old(db: Database, *, now: datetime) -> dict[str, int]:
    """Remove everything that is older than its kind is kept; return how many rows by kind."""
    return {kind.name: _remove(db, kind, now) for kind in KINDS}


def _remove(db: Database, kind: Kind, now: datetime) -> int:
    keys = tuple(inspect(kind.table).primary_key)
    old = (
        select(*keys)
        .where(kind.is_old(now - timedelta(days=kind.days)))
        .order_by(*keys)
        .limit(BATCH)
    )

    def command(session: Session) -> int:
        found = session.execute(old).all()
        if found:
            session.execute(
                delete(kind.table).where(tuple_(*keys).in_([tuple(row) for row in found]))
            )
        return len(found)

    removed = 0
    while count := db.run(command, decides=False):
        removed += count
    return removed
