"""Keep which reports were made, with the size of each book's log, in the report's transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.models.books import Book
from ledger.models.editions import Edition, EditionLog
from ledger.queries.seals import log_size


def keep_edition(
    session: Session,
    *,
    title: str,
    scope: str,
    books: Sequence[Book],
    since: date,
    until: date,
    audience: str,
    known_at: datetime | None,
    dataset_sha256: str,
    made_by: UUID | None,
    now: datetime,
) -> Edition:
    """Keep a report that was just made and return its edition; equal data is the same one.

    The books must have been sealed in this transaction: then the log's beginning is exactly what
    the report was made of.
    """
    known = session.scalar(select(Edition).where(Edition.dataset_sha256 == dataset_sha256))
    if known is not None:
        return known
    row = Edition(
        title=title,
        scope=scope,
        code="" if scope == "all" else books[0].code,
        since_on=since,
        until_on=until,
        audience=audience,
        known_at=known_at,
        dataset_sha256=dataset_sha256,
        made_by=made_by,
        made_at=now,
    )
    session.add(row)
    session.flush()
    for book in books:
        size = log_size(session, book.id)
        session.add(EditionLog(edition_id=row.id, book_id=book.id, size=size))
    session.flush()
    return row
