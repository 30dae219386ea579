"""Two loads of one file at one moment: the entries come in once, and neither load fails."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from ledger.db import Database, Session
from ledger.services.importing.bulk import Imported, import_entries
from tests.conftest import NOW
from tests.factories import make_worked_books
from tests.worked import WORKED, worked_lines

LOADS = 3


def test_loads_at_one_moment_add_every_entry_once(db: Database) -> None:
    with db.transaction() as session:
        make_worked_books(session, WORKED)
    lines = list(worked_lines())
    together = Barrier(LOADS, timeout=30)

    def load(_number: int) -> Imported:
        together.wait()

        def deed(session: Session) -> Imported:
            return import_entries(session, lines=lines, book=None, now=NOW)

        return db.run(deed)

    with ThreadPoolExecutor(LOADS) as threads:
        done = list(threads.map(load, range(LOADS)))
    assert sorted(row.entries for row in done) == [0] * (LOADS - 1) + [len(lines)]
    assert sorted(row.duplicates for row in done) == [0] + [len(lines)] * (LOADS - 1)
