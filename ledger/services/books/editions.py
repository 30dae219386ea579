"""Keep an issued report: what it is about, the size of each book's log, and the file itself."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.db import Session
from ledger.models.editions import Edition, EditionFile, EditionLog


@dataclass(frozen=True, slots=True)
class RenderedReport:
    """A report as it was printed, the data it shows, and what it is about.

    ``sizes`` are the leaves that each book's log had when the report was made of it, so that the
    log's beginning is exactly what the report says.
    """

    title: str
    scope: str
    code: str
    sizes: Mapping[UUID, int]
    since: date
    until: date
    audience: str
    known_at: datetime | None
    dataset: bytes
    dataset_sha256: str
    pdf: bytes
    pages: int


def keep_edition(
    session: Session,
    *,
    report: RenderedReport,
    made_by: UUID | None,
    now: datetime,
) -> Edition:
    """Keep a report that was rendered and return its edition; equal data is the same one."""
    file = {
        "dataset": report.dataset.decode(),
        "pdf": b64encode(report.pdf).decode(),
        "pages": report.pages,
    }
    known = session.scalar(select(Edition).where(Edition.dataset_sha256 == report.dataset_sha256))
    if known is not None:
        if session.get(EditionFile, known.id) is None:
            session.add(EditionFile(edition_id=known.id, **file))
        return known
    row = Edition(
        title=report.title,
        scope=report.scope,
        code=report.code,
        since_on=report.since,
        until_on=report.until,
        audience=report.audience,
        known_at=report.known_at,
        dataset_sha256=report.dataset_sha256,
        made_by=made_by,
        made_at=now,
    )
    session.add(row)
    session.flush()
    for book_id, size in report.sizes.items():
        session.add(EditionLog(edition_id=row.id, book_id=book_id, size=size))
    session.add(EditionFile(edition_id=row.id, **file))
    session.flush()
    return row
