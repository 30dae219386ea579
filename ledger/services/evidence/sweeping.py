"""Remove stored files that no row names any more: once a day, with what else is no longer kept."""

from datetime import datetime, timedelta

from sqlalchemy import select

from ledger.db import Database
from ledger.models.evidence import Evidence
from ledger.stored_files import StoredFiles

# A file lies there before its row is committed; a form takes minutes at most.
SPARED = timedelta(days=1)


def remove_files(db: Database, files: StoredFiles, *, now: datetime) -> int:
    """Remove what was erased, what was kept for a row that never came, and halves of files.

    Return how many files. The key of an erased one is gone already: nobody could read it.
    """
    old = list(files.older_than(now - SPARED))
    # Asked for after the folder is read: a row that comes in meanwhile keeps its file.
    with db.snapshot() as session:
        rows = session.execute(
            select(Evidence.stored_sha256, Evidence.preview_sha256).where(
                Evidence.erased_at.is_(None)
            )
        )
        kept = {name for row in rows for name in row}
    gone = [name for name in old if name not in kept]
    for name in gone:
        files.remove(name)
    return len(gone)
