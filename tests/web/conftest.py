"""One town for a whole file of tests, on each engine in turn: to settle one takes a while."""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import delete

from ledger.db import Database
from ledger.models.rate_limits import RateEvent
from ledger.services.payments import payment_limits
from tests.conftest import ENGINES, NOW, _administer, _with_database, copy_database
from tests.worlds.town import Town, found_town, settings_of
from wsgi import create_app


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what a table only repeats on PostgreSQL to the long run.

    ``sampled("form", some)`` names the argument of a table of cases and those that make test asks
    of PostgreSQL; SQLite is asked all of them. What Python refuses before a database is asked is
    refused the same on both.
    """
    for item in items:
        mark = item.get_closest_marker("sampled")
        if mark and isinstance(item, pytest.Function):
            params = item.callspec.params
            argument, sample = mark.args
            if params["shared_db"] == "postgresql" and params[argument] not in sample:
                item.add_marker(pytest.mark.long)


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
    copy_database(server, template, name)
    database = Database(_with_database(server, name))
    yield database
    database.dispose()
    _administer(server, f'drop database "{name}" with (force)')


@pytest.fixture(scope="module")
def town(shared_db: Database) -> Town:
    """A town without CSRF protection, which has tests of its own."""
    return found_town(shared_db)


@pytest.fixture(scope="module")
def by_card(town: Town) -> Flask:
    """The same town where money is paid by card."""
    from tests.web.gate import Provider

    # Every pledge opens a payment page here; what the tests before opened does not count.
    with town.db.transaction() as session:
        session.execute(delete(RateEvent).where(RateEvent.kind == payment_limits.KIND))
    settings = settings_of(town.db.url)
    app = create_app(
        settings,
        db=town.db,
        gateway=Provider(),  # type: ignore[arg-type]  # answers what these pages ask
        clock=lambda: NOW,
    )
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = town.app.test_client_class
    return app


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
