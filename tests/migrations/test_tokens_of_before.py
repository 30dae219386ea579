"""Tokens from before scopes named books keep what they could do, and get an end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import migrations
from ledger.db import Database
from ledger.ids import new_id
from ledger.models.people import ApiToken, Person
from ledger.services.people.tokens import allows
from tests.conftest import ENGINES, NOW, fresh_database

ALL = ("read-reports", "read-books", "propose", "pledge")


@pytest.fixture(params=ENGINES)
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the version before, on each engine in turn."""
    with fresh_database(request, request.param, tmp_path, migrated=False) as url:
        database = Database(url)
        migrations.upgrade(database.engine, "0040")
        yield database
        database.dispose()


def test_tokens_keep_what_they_could_do_and_end_after_ninety_days(before: Database) -> None:
    owner = new_id()
    with before.engine.begin() as connection:
        connection.execute(
            sa.insert(Person).values(id=owner, email="a@example.org", name="A", created_at=NOW)
        )
        table = sa.table(
            "api_token",
            *(
                sa.column(column.name, column.type)
                for column in ApiToken.__table__.columns
                if column.name not in ("expires_at", "last_used_at")
            ),
        )
        for scopes in ("read", "read write"):
            connection.execute(
                table.insert().values(
                    id=new_id(),
                    person_id=owner,
                    name=scopes,
                    secret_sha256=scopes,
                    scopes=scopes,
                    created_at=NOW,
                )
            )
    migrations.upgrade(before.engine)
    with before.snapshot() as session:
        found = {row.name: row for row in session.scalars(sa.select(ApiToken))}
    for name, may in (("read", ALL[:2]), ("read write", ALL)):
        granted = found[name].scopes.split()
        assert {scope for scope in (*ALL, "import") if allows(granted, scope, "ANY")} == {*may}
        left = found[name].expires_at - datetime.now(UTC)
        assert timedelta(days=89) < left <= timedelta(days=90)
        assert found[name].last_used_at is None
