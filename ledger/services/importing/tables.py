"""Tables that people send: remember how those of an account are read, and keep a file while
somebody says what its columns are.

Must not read any table (``ledger.bank_files`` does) and must not post.
"""

import base64
import hashlib
import zlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from ledger.bank_files import MAX_BYTES, Profile, Remembered, profile_from
from ledger.db import ReadSession, Session
from ledger.errors import NotFound
from ledger.models.books import Book
from ledger.models.tables import DraftPurpose, TableDraft, TableMapping

# Files of banks are about people; nobody needs a draft for longer than a day.
KEPT = timedelta(days=1)
LONGEST_NAME = 120


def remembered_for(session: ReadSession, *, book_id: UUID, account: int) -> tuple[Remembered, ...]:
    """Return how tables of an account were read before, the newest first."""
    rows = session.scalars(
        select(TableMapping)
        .where(TableMapping.book_id == book_id, TableMapping.account == account)
        .order_by(TableMapping.made_at.desc(), TableMapping.id)
    )
    return tuple(Remembered(tuple(row.headings), profile_from(row.profile)) for row in rows)


def remember(
    session: Session,
    *,
    book: Book,
    account: int,
    headings: tuple[str, ...],
    profile: Profile,
    by: UUID | None,
    now: datetime,
) -> None:
    """Keep how tables with these headings are read; what was kept for them before is replaced."""
    digest = hashlib.sha256("\x1f".join(headings).encode()).hexdigest()
    row = session.scalar(
        select(TableMapping).where(
            TableMapping.book_id == book.id,
            TableMapping.account == account,
            TableMapping.headings_sha256 == digest,
        )
    )
    if row is None:
        row = TableMapping(
            book_id=book.id,
            account=account,
            headings=list(headings),
            headings_sha256=digest,
            profile={},
            made_at=now,
        )
        session.add(row)
    row.profile, row.made_by, row.made_at = profile.as_dict(), by, now
    session.flush()


def keep_draft(
    session: Session,
    *,
    book: Book,
    account: int,
    purpose: str,
    file_name: str,
    data: bytes,
    by: UUID,
    now: datetime,
) -> UUID:
    """Keep a file of up to ``MAX_BYTES`` until somebody has said how it is read."""
    assert purpose in tuple(DraftPurpose)
    assert len(data) <= MAX_BYTES
    forget_drafts(session, now=now)
    shown = "".join(sign if sign.isprintable() else " " for sign in file_name)
    draft = TableDraft(
        book_id=book.id,
        account=account,
        purpose=purpose,
        file_name=shown.strip()[:LONGEST_NAME] or "table",
        content=base64.b64encode(zlib.compress(data)).decode(),
        made_by=by,
        made_at=now,
    )
    session.add(draft)
    session.flush()
    return draft.id


def draft_by_id(
    session: ReadSession, *, book_id: UUID, draft_id: UUID, purpose: str
) -> tuple[TableDraft, bytes]:
    """Return a draft of a book and its file. Raises NotFound for one that is done or too old."""
    draft = session.get(TableDraft, draft_id)
    if draft is None or (draft.book_id, draft.purpose) != (book_id, purpose):
        raise NotFound(
            "This file is no longer here. It has already been imported, or it was uploaded "
            "more than a day ago."
        )
    return draft, zlib.decompress(base64.b64decode(draft.content))


def drop_draft(session: Session, *, draft_id: UUID) -> None:
    """Forget a file whose lines came in, or that is not wanted."""
    session.execute(delete(TableDraft).where(TableDraft.id == draft_id))


def forget_drafts(session: Session, *, now: datetime) -> None:
    """Forget the files that nobody has looked at for a day."""
    session.execute(delete(TableDraft).where(TableDraft.made_at < now - KEPT))
