"""What the calendar brings: wear of months that are over, discounts of years that are over, and
promises that nobody kept for too long (EQP-07, PLG-05, PLG-09).

Once a day is enough; twice changes nothing. What a period's close keeps out is dated on its first
open day by the journal itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from ledger.core.days import day_in
from ledger.db import Session
from ledger.models.books import Book
from ledger.models.payments import Cursor
from ledger.services import depreciation, lapses, receivables

NAME = "calendar"


def keep_calendar(session: Session, *, now: datetime) -> bool:
    """Do what the day brings in every book; False when it was done today already."""
    row = session.get(Cursor, NAME)
    if row is not None and row.at.date() >= now.date():
        return False
    for book in session.scalars(select(Book).order_by(Book.code)):
        today = day_in(book.time_zone, now)
        last_month = today.replace(day=1) - timedelta(days=1)
        depreciation.book_wear(session, book_id=book.id, month=last_month, by=None, now=now)
        receivables.unwind_due(session, book_id=book.id, on=today, now=now)
        lapses.lapse_overdue(session, book=book, on=today, now=now)
    if row is None:
        session.add(Cursor(name=NAME, at=now))
    else:
        row.at = now
    session.flush()
    return True
