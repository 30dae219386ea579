"""Promises that nobody will keep: intentions whose day is long past lapse together (PLG-09), and
money whose payment page was left."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select, true

from ledger.core.days import day_in
from ledger.core.vocabulary import OPEN_PLEDGES, LegalNature
from ledger.db import ReadSession, Session
from ledger.models.books import Book
from ledger.models.payments import PaymentAttempt
from ledger.models.pledges import Pledge, PledgeLine
from ledger.queries.books.policies import policy_of
from ledger.services.pledges.pledges import lapse_pledge

# A payment page can be opened again for so long; then nobody means to pay any more.
UNPAID = timedelta(days=3)


def lapse_overdue(session: Session, *, book: Book, on: date, now: datetime) -> list[str]:
    """Let intentions lapse whose last day is longer past than the book's policy waits; return
    their references. Done twice, the second time finds none.

    What is owed is written off instead, and what waits for a campaign lapses with the campaign.
    """
    rows = overdue(session, book=book, on=on)
    for pledge in rows:
        lapse_pledge(session, pledge_id=pledge.id, on=on, now=now)
    return [pledge.reference for pledge in rows]


def lapse_unpaid(session: Session, *, book: Book, on: date, now: datetime) -> list[str]:
    """Let money lapse that was to be paid by card and was not, three days after the last try.

    Return the references. It was never promised, but its memo legs stay until it ends.
    """
    tried = select(PaymentAttempt.id).where(
        PaymentAttempt.pledge_id == Pledge.id, PaymentAttempt.updated_at > now - UNPAID
    )
    rows = session.scalars(
        select(Pledge)
        .where(
            Pledge.book_id == book.id,
            Pledge.unconfirmed == true(),
            Pledge.needs_card == true(),
            Pledge.created_at <= now - UNPAID,
            ~tried.exists(),
        )
        .order_by(Pledge.created_at, Pledge.id)
    ).all()
    for pledge in rows:
        lapse_pledge(session, pledge_id=pledge.id, on=on, now=now)
    return [pledge.reference for pledge in rows]


def overdue(session: ReadSession, *, book: Book, on: date) -> list[Pledge]:
    """Return open intentions that have waited too long, oldest first.

    The last day is that of the last instalment, else the day it was due, else that it was made.
    """
    last = timedelta(days=policy_of(session, book, on).lapse_after_days)
    instalments = (
        select(PledgeLine.pledge_id, func.max(PledgeLine.due_on).label("due_on"))
        .group_by(PledgeLine.pledge_id)
        .subquery()
    )
    rows = session.execute(
        select(Pledge, instalments.c.due_on)
        .outerjoin(instalments, instalments.c.pledge_id == Pledge.id)
        .where(
            Pledge.book_id == book.id,
            Pledge.legal_nature == LegalNature.INTENTION,
            Pledge.state.in_(OPEN_PLEDGES),
        )
        .order_by(Pledge.created_at, Pledge.id)
    )
    return [
        pledge
        for pledge, due_on in rows
        if (due_on or pledge.due_on or day_in(book.time_zone, pledge.created_at)) + last < on
    ]
