"""Attached files: what lies in the folder is what was sealed (I-70)."""

from sqlalchemy import select

from ledger.core.leaf import commit_to_file
from ledger.db import ReadSession
from ledger.errors import Conflict
from ledger.models.books import Book
from ledger.models.evidence import Evidence
from ledger.queries.invariants.result import Finding
from ledger.stored_files import StoredFiles


def sealed(session: ReadSession, files: StoredFiles) -> Finding:
    """I-70: every attached file is there, opens, and is what the sealed log says of it.

    Of an erased one nothing is left by which it could be opened or confirmed; its row says why.
    """
    checked = 0
    rows = session.execute(
        select(Evidence, Book.code)
        .join(Book, Book.id == Evidence.book_id)
        .order_by(Book.code, Evidence.id)
        .execution_options(yield_per=100)
    )
    for row, code in rows:
        checked += 1
        wrong = _wrong(row, files)
        if wrong:
            return checked, f"book {code}: the file of evidence {row.id} {wrong}"
    return checked, None


def _wrong(row: Evidence, files: StoredFiles) -> str | None:
    if row.erased_at is not None:
        rest = (row.file_key, row.nonce, row.content_sha256)
        is_gone = rest == (None, None, None) and row.erased_why
        return None if is_gone else "is marked as erased, and is not"
    try:
        data = files.get(row.stored_sha256, row.file_key or "")
        if row.preview_sha256 is not None:
            files.get(row.preview_sha256, row.file_key or "")
        nonce = bytes.fromhex(row.nonce or "")
    except (Conflict, ValueError):
        return "is missing or damaged"
    is_same = commit_to_file(nonce, data) == row.commitment_sha256 and len(data) == row.size
    return None if is_same else "is not the one that was attached"
