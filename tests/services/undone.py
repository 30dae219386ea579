"""A database that the tests of one file share: each test's work is checked, then undone."""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from ledger.db import Database, Session
from tests.conftest import ENGINES, _administer, _with_database, copy_database


@pytest.fixture(scope="module", params=ENGINES, name="shared_db")
def shared_db_fixture(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A migrated database, on each engine in turn."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "poolbook.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("postgresql_template")
    name = f"poolbook_{uuid4().hex[:12]}"
    copy_database(server, template, name)
    database = Database(_with_database(server, name))
    yield database
    database.dispose()
    _administer(server, f'drop database "{name}" with (force)')


class _Undone(Exception):
    """What ends the transaction of a test."""


@pytest.fixture(name="undone")
def undone_fixture(shared_db: Database) -> Iterator[Session]:
    """One writable transaction that could have been committed, and is rolled back."""
    try:
        with shared_db.transaction() as opened:
            yield opened
            opened.flush()
            # A rollback would skip what the engines check only at the commit.
            if shared_db.is_sqlite:
                assert opened.execute(text("pragma foreign_key_check")).all() == []
            else:
                opened.execute(text("set constraints all immediate"))
            raise _Undone
    except _Undone:
        pass
