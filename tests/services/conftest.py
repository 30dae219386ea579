"""A hamlet per engine that is made once; each test changes it in a transaction rolled back."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from ledger.db import Database, Session
from tests.conftest import ENGINES, _administer, _with_database, copy_database
from tests.worlds.hamlet import Hamlet, build


@pytest.fixture(scope="session", params=ENGINES)
def hamlet_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with the hamlet in it, on each engine in turn. Not for tests that commit."""
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("hamlet") / "hamlet.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        server, name, url = "", "", f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("postgresql_server")
        template = request.getfixturevalue("postgresql_template")
        name = f"poolbook_{uuid4().hex[:12]}"
        copy_database(server, template, name)
        url = _with_database(server, name)
    database = Database(url)
    with database.transaction() as session:
        build(session)
    yield database
    database.dispose()
    if server:
        _administer(server, f'drop database "{name}" with (force)')


@pytest.fixture
def hamlet_session(hamlet_database: Database) -> Iterator[Session]:
    """One writable transaction in the hamlet, rolled back at the end of the test."""
    with hamlet_database.engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, expire_on_commit=False) as opened:
            yield opened
        if transaction.is_active:
            transaction.rollback()


@pytest.fixture
def hamlet(hamlet_session: Session) -> Hamlet:
    """Who and what there is in the hamlet."""
    return Hamlet(hamlet_session)
