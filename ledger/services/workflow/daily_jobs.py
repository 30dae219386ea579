"""What the calendar brings: wear of months that are over, discounts of years that are over, and
promises that nobody kept or paid for too long (EQP-07, PLG-05, PLG-09).

Once a day is enough; twice changes nothing. What a period's close keeps out is dated on its first
open day by the journal itself.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ledger.core.days import day_in
from ledger.db import ReadSession, Session
from ledger.models.books import Book
from ledger.models.payments import Cursor
from ledger.services.equipment import depreciation
from ledger.services.pledges import expiry, receivables


def books_to_keep(session: ReadSession, *, now: datetime) -> list[UUID]:
    """Return the books in which this day has not been kept yet, each by its own clock."""
    books = session.scalars(select(Book).order_by(Book.code)).all()
    kept = {row.name: row for row in session.scalars(select(Cursor))}
    return [book.id for book in books if not _is_kept(book, kept.get(_name(book.id)), now)]


def keep_calendar(session: Session, *, book_id: UUID, now: datetime) -> bool:
    """Do what the day brings in a book; False when it was done today already."""
    book = session.get_one(Book, book_id)
    row = session.get(Cursor, _name(book_id))
    if _is_kept(book, row, now):
        return False
    today = day_in(book.time_zone, now)
    last_month = today.replace(day=1) - timedelta(days=1)
    depreciation.book_wear(session, book_id=book.id, month=last_month, by=None, now=now)
    receivables.unwind_due(session, book_id=book.id, on=today, now=now)
    expiry.lapse_overdue(session, book=book, on=today, now=now)
    expiry.lapse_unpaid(session, book=book, on=today, now=now)
    if row is None:
        session.add(Cursor(name=_name(book_id), at=now))
    else:
        row.at = now
    session.flush()
    return True


def _name(book_id: UUID) -> str:
    return f"calendar {book_id}"


def _is_kept(book: Book, row: Cursor | None, now: datetime) -> bool:
    zone = book.time_zone
    return row is not None and day_in(zone, row.at) >= day_in(zone, now)
