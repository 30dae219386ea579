"""Attach files: kept encrypted in the folder first, then written down with their commitment.

A file that was kept for a row that never came is removed at night (``sweeping``).
"""

import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ledger.core.leaf import commit_to_file
from ledger.db import Session
from ledger.errors import Conflict
from ledger.evidence_files import Inspected
from ledger.models.evidence import Evidence, MediaType
from ledger.queries.evidence.subjects import Subject
from ledger.stored_files import StoredFiles, new_key

MOST_FILES = 20
NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that lies in the folder: what it is, its names there, and what opens it."""

    media_type: MediaType
    size: int
    pages: int
    content_sha256: str
    is_scanned: bool
    stored_sha256: str
    preview_sha256: str | None
    key: bytes
    nonce: bytes
    commitment_sha256: str


def keep(files: StoredFiles, inspected: Inspected) -> KeptFile:
    """Put a file and its preview into the folder, encrypted with a key of their own."""
    key, nonce = new_key(), os.urandom(NONCE_BYTES)
    preview = files.put(inspected.preview, key) if inspected.preview else None
    return KeptFile(
        media_type=MediaType(inspected.media_type),
        size=len(inspected.data),
        pages=inspected.pages,
        content_sha256=inspected.sha256,
        is_scanned=inspected.is_scanned,
        stored_sha256=files.put(inspected.data, key),
        preview_sha256=preview,
        key=key,
        nonce=nonce,
        commitment_sha256=commit_to_file(nonce, inspected.data),
    )


def attach(
    session: Session,
    *,
    book_id: UUID,
    subject: Subject,
    file: KeptFile,
    note: str,
    added_by: UUID,
    now: datetime,
) -> Evidence:
    """Attach a kept file; the same bytes are attached to the same thing once.

    Raises Conflict when there are twenty files already.
    """
    own = (
        Evidence.book_id == book_id,
        Evidence.subject == subject.kind,
        Evidence.subject_id == subject.id,
        Evidence.erased_at.is_(None),
    )
    known = session.scalar(
        select(Evidence).where(*own, Evidence.content_sha256 == file.content_sha256)
    )
    if known is not None:
        return known
    count = session.scalar(select(func.count()).select_from(Evidence).where(*own)) or 0
    if count >= MOST_FILES:
        raise Conflict("There are 20 files here already. No more can be attached.", place="file")
    row = Evidence(
        book_id=book_id,
        subject=subject.kind,
        subject_id=subject.id,
        media_type=file.media_type,
        size=file.size,
        pages=file.pages,
        commitment_sha256=file.commitment_sha256,
        added_by=added_by,
        added_at=now,
        note=note.strip(),
        is_scanned=file.is_scanned,
        file_key=file.key.hex(),
        nonce=file.nonce.hex(),
        content_sha256=file.content_sha256,
        stored_sha256=file.stored_sha256,
        preview_sha256=file.preview_sha256,
    )
    session.add(row)
    session.flush()
    return row
