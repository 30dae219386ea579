"""Whatever the entry points let in goes through a backup into the other engine and is the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.queries import invariants
from ledger.services.workflow.backups import restore_backup, write_backup
from migrations import head
from tests.cli.test_backups import contents
from tests.conftest import fresh_database
from tests.web import hostile
from tests.worlds.town import found_town


@pytest.fixture
def elsewhere(
    request: pytest.FixtureRequest, db: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """An empty database on the other engine."""
    engine = "postgresql" if db.is_sqlite else "sqlite"
    with fresh_database(request, engine, tmp_path_factory.mktemp("else")) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3, 4))])
def test_the_worst_rows_go_into_the_other_engine(
    db: Database, elsewhere: Database, tmp_path: Path, seed: int
) -> None:
    found_town(db)
    hostile.post_at_the_bounds(db)
    hostile.multiply(db)
    assert hostile.spoil(db, seed) > 500
    file = tmp_path / "worst.backup"
    with db.snapshot() as session, file.open("wb") as out:
        entries = write_backup(session, out, revision=head())
    with elsewhere.transaction() as session, file.open("rb") as stored:
        assert restore_backup(session, stored, revision=head()) == entries
    assert contents(elsewhere) == contents(db)
    assert checked(elsewhere) == checked(db)


def checked(db: Database) -> dict[str, bool]:
    """Which rules of the books hold: what the worst numbers break, they break on both engines."""
    with db.snapshot() as session:
        return {row.id: row.ok for row in invariants.check(session)}
