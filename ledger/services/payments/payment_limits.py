"""Limits against card testing: how often payment pages may be opened (reliability row 15).

A try that was paid counts no more: honest donors do not use up each other's tries.
"""

from datetime import datetime
from uuid import UUID

from ledger.db import Session
from ledger.models.pledges import Pledge
from ledger.models.recurring import RecurringGift
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import DAY, MINUTE, Limit, Subject

KIND = "payment_page"
PER_VISITOR = 10
PER_VISITOR_AT_MOST = 50
PER_EMAIL = 10
PER_BOOK = 60
EVERYWHERE = 150

CONFIRM = (
    "Payments were begun from here too often without being finished. Your pledge is kept. Please "
    "confirm your e-mail address by signing in, and pay from there."
)
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
    is_confirmed: bool = False,
) -> None:
    """Count one wish to open a payment page. Raises RateLimited, and counts nothing, above a limit.

    ``visitor`` is the IP address that the connection came from. Somebody who is signed in with
    the address of the pledge (``is_confirmed``) is held to the higher limit of a visitor alone.
    """
    limits = [Limit(PER_VISITOR_AT_MOST, DAY, TOO_MANY)]
    if not is_confirmed:
        limits.append(Limit(PER_VISITOR, DAY, CONFIRM, asks_to_confirm=True))
    rate_limits.count(
        session,
        kind=KIND,
        subjects=[
            *rate_limits.visitor(visitor, *limits),
            rate_limits.email(email, Limit(PER_EMAIL, DAY, TOO_MANY)),
            Subject(f"book:{book_id}", (Limit(PER_BOOK, 10 * MINUTE, BUSY),)),
            Subject("everywhere", (Limit(EVERYWHERE, 10 * MINUTE, BUSY),)),
        ],
        key=key,
        now=now,
        about=about,
    )


def note_paid(session: Session, *, about: UUID, now: datetime) -> None:
    """Note that tries at a pledge or a recurring gift, and its form, were honest ones."""
    pledge, gift = session.get(Pledge, about), session.get(RecurringGift, about)
    basket = pledge.basket_id if pledge else gift.basket_id if gift else None
    rate_limits.settle(session, about={about, basket or about}, now=now)
