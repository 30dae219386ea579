"""Questions about the installation as a whole, for whoever runs it. None names a person."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select

from ledger.core.vocabulary import CampaignState, Role
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.jobs import Job
from ledger.models.journal import Entry
from ledger.models.payments import BalanceTransaction, StripeEvent
from ledger.models.people import Membership, OutboxMessage

MAIL_WAITS = timedelta(hours=1)
LATELY = timedelta(days=7)
# Stripe tries a message again for three days (docs.stripe.com/webhooks, "Retry behavior").
MESSAGE_DELAY = timedelta(days=1)


def newest_record(session: ReadSession) -> datetime | None:
    """Return when the newest entry was recorded."""
    return session.scalar(select(func.max(Entry.recorded_at)))


def jobs_given_up(session: ReadSession) -> int:
    """Return how many jobs ended with an error on them."""
    count = select(func.count()).where(Job.done_at.is_not(None), Job.error.is_not(None))
    return session.scalar(count) or 0


def books_without_admin(session: ReadSession, *, now: datetime) -> list[str]:
    """Return the codes of books in which nobody may give roles."""
    held = exists().where(
        Membership.book_id == Book.id,
        Membership.role == Role.ADMIN,
        Membership.starts_at <= now,
        or_(Membership.ends_at.is_(None), Membership.ends_at > now),
    )
    return list(session.scalars(select(Book.code).where(~held).order_by(Book.code)))


def mail_in_trouble(session: ReadSession, *, now: datetime) -> tuple[int, int]:
    """Return how many messages wait for long, and how many were given up lately."""
    waits = and_(OutboxMessage.due_at.is_not(None), OutboxMessage.created_at < now - MAIL_WAITS)
    given_up = and_(
        OutboxMessage.due_at.is_(None),
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.created_at > now - LATELY,
    )
    waiting, lost = (
        session.scalar(select(func.count()).select_from(OutboxMessage).where(one)) or 0
        for one in (waits, given_up)
    )
    return waiting, lost


def movements_without_message(session: ReadSession, *, now: datetime) -> bool:
    """Tell whether money moved at Stripe for a day and more and no message came since."""
    moved = session.scalar(
        select(func.min(BalanceTransaction.created_at)).where(
            BalanceTransaction.created_at > now - LATELY
        )
    )
    if moved is None or moved > now - MESSAGE_DELAY:
        return False
    heard = session.scalar(select(func.max(StripeEvent.received_at)))
    return heard is None or heard < moved


def has_campaign(session: ReadSession, *, book_id: UUID) -> bool:
    """Tell whether a book has opened a campaign ever."""
    return bool(
        session.scalar(
            select(
                exists().where(Campaign.book_id == book_id, Campaign.state != CampaignState.DRAFT)
            )
        )
    )
