"""Keep an issued report: what it is about, the size of each book's log, and the file itself."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.models.editions import Edition, EditionFile, EditionLog


def keep_edition(
    session: Session,
    *,
    title: str,
    scope: str,
    code: str,
    sizes: Mapping[UUID, int],
    since: date,
    until: date,
    audience: str,
    known_at: datetime | None,
    dataset: bytes,
    dataset_sha256: str,
    pdf: bytes,
    pages: int,
    made_by: UUID | None,
    now: datetime,
) -> Edition:
    """Keep a report that was rendered and return its edition; equal data is the same one.

    ``sizes`` are the leaves that each book's log had when the report was made of it, so that the
    log's beginning is exactly what the report says.
    """
    file = {"dataset": dataset.decode(), "pdf": b64encode(pdf).decode(), "pages": pages}
    known = session.scalar(select(Edition).where(Edition.dataset_sha256 == dataset_sha256))
    if known is not None:
        if session.get(EditionFile, known.id) is None:
            session.add(EditionFile(edition_id=known.id, **file))
        return known
    row = Edition(
        title=title,
        scope=scope,
        code=code,
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
    for book_id, size in sizes.items():
        session.add(EditionLog(edition_id=row.id, book_id=book_id, size=size))
    session.add(EditionFile(edition_id=row.id, **file))
    session.flush()
    return row
