"""Brakes against card testing: how often payment pages may be opened (reliability table, row 15).

Tries are counted in the database, so that every process sees them and a restart forgets none. A try
that was paid counts no more: honest donors do not use up each other's tries. Who tried is kept as
keyed hashes, for two days.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from ledger.db import Session
from ledger.errors import Conflict
from ledger.models.brakes import PaymentTry

DAY = timedelta(days=1)
TEN_MINUTES = timedelta(minutes=10)
KEPT = timedelta(days=2)
PER_VISITOR = 10
PER_EMAIL = 10
PER_BOOK = 60
EVERYWHERE = 150
PLACE = "brakes"

TOO_MANY = (
    "Payments were begun from here too often without being finished. Your pledge is kept; try "
    "again tomorrow, or write to us."
)
BUSY = (
    "Too many payments are being begun at this moment. Your pledge is kept; please try again in "
    "a quarter of an hour."
)


def note_try(
    session: Session,
    *,
    book_id: UUID,
    about: UUID,
    visitor: str,
    email: str,
    key: str,
    now: datetime,
) -> None:
    """Count one wish to open a payment page. Raises Conflict, and counts nothing, above a limit.

    ``visitor`` is the address that the connection came from; ``key`` keeps its hash from being
    looked up in a table of all addresses.
    """
    whose = _keyed(key, f"visitor:{visitor}")
    who = _keyed(key, f"email:{email.strip().lower()}")
    if _open(session, PaymentTry.visitor_sha256 == whose, since=now - DAY) >= PER_VISITOR:
        raise Conflict(TOO_MANY, place=PLACE)
    if _open(session, PaymentTry.email_sha256 == who, since=now - DAY) >= PER_EMAIL:
        raise Conflict(TOO_MANY, place=PLACE)
    if _open(session, PaymentTry.book_id == book_id, since=now - TEN_MINUTES) >= PER_BOOK:
        raise Conflict(BUSY, place=PLACE)
    if _open(session, since=now - TEN_MINUTES) >= EVERYWHERE:
        raise Conflict(BUSY, place=PLACE)
    session.add(
        PaymentTry(
            book_id=book_id,
            about=about,
            visitor_sha256=whose,
            email_sha256=who,
            at=now,
        )
    )
    session.flush()


def note_paid(session: Session, *, about: UUID, now: datetime) -> None:
    """Note that tries at a pledge or a recurring gift were honest ones."""
    session.execute(
        update(PaymentTry)
        .where(PaymentTry.about == about, PaymentTry.paid_at.is_(None))
        .values(paid_at=now)
    )


def forget_tries(session: Session, *, now: datetime) -> None:
    """Remove what is too old to count."""
    session.execute(delete(PaymentTry).where(PaymentTry.at < now - KEPT))


def _open(session: Session, *which: ColumnElement[bool], since: datetime) -> int:
    found = session.scalar(
        select(func.count())
        .select_from(PaymentTry)
        .where(*which, PaymentTry.at > since, PaymentTry.paid_at.is_(None))
    )
    return int(found or 0)


def _keyed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
