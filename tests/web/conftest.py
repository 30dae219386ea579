"""One town for a whole file of tests, on each engine in turn: to settle one takes a while."""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest

from ledger.db import Database
from tests.conftest import ENGINES, _administer, _with_database
from tests.web.town import Town, found_town


@pytest.fixture(scope="module", params=ENGINES)
def shared_db(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A migrated database that the tests of one file share."""
    if request.param == "sqlite":
        database = _sqlite(request, tmp_path_factory)
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"poolbook_{uuid4().hex[:12]}"
    template = request.getfixturevalue("postgresql_template")
    _administer(server, f'create database "{name}" template "{template}"')
    database = Database(_with_database(server, name))
    yield database
    database.dispose()
    _administer(server, f'drop database "{name}" with (force)')


@pytest.fixture(scope="module")
def town(shared_db: Database) -> Town:
    """A town without CSRF protection, which has tests of its own."""
    return found_town(shared_db)


@pytest.fixture(scope="module")
def quick_town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A town on SQLite alone, for what is refused before any database is asked."""
    database = _sqlite(request, tmp_path_factory)
    yield found_town(database)
    database.dispose()


def _sqlite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = tmp_path_factory.mktemp("town") / "poolbook.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return Database(f"sqlite:///{path}")
