"""Any database that a version of the program made comes up to the present one with all it holds.

The recordings hold what versions left behind; ``recording`` fills the tables that they left
empty. A migration that lands later is walked through as well, without a word here.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

import migrations
from ledger.db import Database
from ledger.errors import Conflict
from ledger.ids import new_id
from ledger.links import PLEDGE, place_for
from ledger.models.agreements import Agreement
from ledger.queries import invariants
from migrations.tables import change_table
from tests.conftest import ENGINES, fresh_database
from tests.migrations import recording

RECORDED = recording.recordings()
# Revisions between two recordings, so that old data and new are never too far apart.
FAR_APART = 10
# What the rules of the books want of a row that stands alone, table by table.
KEPT: dict[str, dict[str, Any]] = {
    "balance_transaction": {"amount": 0, "fee": 0, "net": 0, "owed_back": 0},
    "bank_line": {"amount": 0, "state": "matched"},
    "bank_statement": {"opening": 0, "closing": 0, "forward": 0},
    "bank_line_part": {"amount": 0, "state": "matched"},
    "payout": {"amount": 0},
}
# Of one deed each: pledges or things beside it would need entries that explain them.
AS_THEY_ARE = {"0013-bank", "0013-closed", "0014-worked"}
# Tables whose rows live in another one since.
MOVED = {"payment_try": "rate_event"}
# Tables into which an upgrade writes what stood elsewhere: instalments stood in written pledges.
GAINS = "pledge_line"
LEFT = recording.BY_TRIGGER | recording.COMPUTED


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table, on each engine in turn."""
    with fresh_database(request, request.param, tmp_path, migrated=False) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture
def current(
    request: pytest.FixtureRequest, empty: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database of the same engine that began with the present program."""
    engine = "sqlite" if empty.is_sqlite else "postgresql"
    with fresh_database(request, engine, tmp_path_factory.mktemp("current")) as url:
        database = Database(url)
        yield database
        database.dispose()


def counts(db: Database) -> dict[str, int]:
    """Return how many rows each table has."""
    with db.engine.connect() as connection:
        return recording.counts(connection)


def broken_rules(db: Database) -> list[str]:
    with db.snapshot() as session:
        return [
            f"{row.id}: {row.first_violation}" for row in invariants.check(session) if not row.ok
        ]


def described(db: Database) -> dict[str, set[Any]]:
    """Return what a database consists of and what guards it."""
    with db.engine.connect() as connection:
        inspector = sa.inspect(connection)
        found: dict[str, set[Any]] = {"guards": guards(connection)}
        for table in inspector.get_table_names():
            found[table] = {
                *(
                    (column["name"], str(column["type"]), column["nullable"])
                    for column in inspector.get_columns(table)
                ),
                *(
                    (index["name"], *index["column_names"], index["unique"])
                    for index in inspector.get_indexes(table)
                ),
                *(
                    (check["name"], " ".join(check["sqltext"].split()))
                    for check in inspector.get_check_constraints(table)
                ),
                *(
                    (*key["constrained_columns"], key["referred_table"])
                    for key in inspector.get_foreign_keys(table)
                ),
                *(
                    ("unique", *unique["column_names"])
                    for unique in inspector.get_unique_constraints(table)
                ),
                ("primary", *inspector.get_pk_constraint(table)["constrained_columns"]),
            }
        return found


def guards(connection: sa.Connection) -> set[Any]:
    """Return triggers and functions with all they say."""
    if connection.dialect.name == "sqlite":
        query = "select tbl_name, name, sql from sqlite_master where type = 'trigger'"
    else:
        query = (
            "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger"
            " where not tgisinternal union all"
            " select '', proname, pg_get_functiondef(oid) from pg_proc"
            " where pronamespace = 'public'::regnamespace"
        )
    return {tuple(row) for row in connection.execute(sa.text(query))}


def make(db: Database, name: str) -> None:
    """Bring an empty database to where a recording left off, with rows in every table."""
    kept = recording.read(RECORDED[name])
    migrations.upgrade(db.engine, kept.revision)
    with db.engine.begin() as connection:
        recording.put_back(connection, kept)
    if name not in AS_THEY_ARE:
        with db.engine.begin() as connection:
            recording.fill_empty(connection, KEPT, leave=LEFT)
        assert {table for table, rows in counts(db).items() if not rows} <= LEFT


@pytest.mark.parametrize("name", RECORDED)
def test_a_database_of_an_earlier_version_comes_up_with_all_it_holds(
    empty: Database, current: Database, name: str
) -> None:
    make(empty, name)
    before = counts(empty)
    migrations.upgrade(empty.engine)
    after = counts(empty)
    assert after[GAINS] == before.get(GAINS, 0) + written_instalments(empty)
    before[GAINS] = after[GAINS]
    assert {table: after.get(MOVED.get(table, table)) for table in before} == before
    assert described(empty) == described(current)
    assert broken_rules(empty) == []


def written_instalments(db: Database) -> int:
    """Count the instalments of written pledges that are not paid at once."""
    with db.snapshot() as session:
        schedules = session.scalars(
            sa.select(Agreement.terms["schedule"]).where(
                Agreement.kind == "promise", Agreement.terms["pledge"].as_string().is_not(None)
            )
        ).all()
    return sum(len(schedule) for schedule in schedules if len(schedule) > 1)


def test_every_migration_runs_over_rows_in_every_table(empty: Database, current: Database) -> None:
    """From the first revision on, each table gets a row as soon as it is there."""
    before: dict[str, int] = {}
    for revision in migrations.revisions():
        migrations.upgrade(empty.engine, revision)
        kept = counts(empty)
        for table in before:
            assert table in kept or kept[MOVED[table]] == before[table], revision
        assert {table: kept[table] for table in before if table in kept} == {
            table: rows for table, rows in before.items() if table in kept
        }, revision
        with empty.engine.begin() as connection:
            recording.fill_empty(connection, {})
        before = counts(empty)
        assert {table for table, rows in before.items() if not rows} <= recording.BY_TRIGGER
    assert described(empty) == described(current)


def test_with_foreign_keys_on_no_table_with_rows_could_be_rebuilt(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the two tests above: how upgrades of before failed on SQLite."""
    if not empty.is_sqlite:
        pytest.skip("PostgreSQL alters tables in place")
    make(empty, "0013-demo")
    monkeypatch.setattr(migrations, "_migrating", Engine.begin)
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        migrations.upgrade(empty.engine)
    with empty.engine.connect() as connection:
        assert migrations.revision_of(connection) == "0013"


def test_rows_that_refer_to_nothing_stop_an_upgrade(empty: Database) -> None:
    """Foreign keys are off while SQLite rebuilds tables, so they are checked at the end."""
    if not empty.is_sqlite:
        pytest.skip("PostgreSQL keeps them on")
    make(empty, "0013-demo")
    driver = sqlite3.connect(empty.engine.url.database or "")
    driver.execute("update pledge set party_id = '00' || substr(party_id, 3)")
    driver.commit()
    driver.close()
    before = counts(empty)
    with pytest.raises(Conflict, match="rows of pledge would refer to nothing"):
        migrations.upgrade(empty.engine)
    assert counts(empty) == before


@pytest.mark.parametrize("change", [change_table, op.batch_alter_table], ids=["ours", "control"])
def test_a_changed_table_keeps_what_guards_it(current: Database, change: Any) -> None:
    """The control shows that alembic alone loses the triggers of a table that SQLite rebuilds."""
    before = described(current)
    with migrations._migrating(current.engine) as connection:
        with Operations.context(MigrationContext.configure(connection)), change("entry") as batch:
            batch.alter_column("event_type", existing_type=sa.String(64), type_=sa.String(65))
        after = guards(connection)
    kept = described(current)
    if change is change_table:
        assert after == before["guards"]
        lost = before["entry"] - kept["entry"]
        assert lost == {("event_type", "VARCHAR(64)", False)}
    else:
        assert (before["guards"] - after != set()) == current.is_sqlite


def test_recordings_are_never_far_behind() -> None:
    """Make one with ``python -m tests.migrations.recording`` when this fails."""
    newest = max(int(name[:4]) for name in RECORDED)
    assert int(migrations.head()) - newest < FAR_APART


def test_tables_are_changed_by_the_one_way_that_keeps_what_guards_them() -> None:
    for path in sorted((migrations.FOLDER / "versions").glob("*.py")):
        assert "batch_alter_table" not in path.read_text(), path.name


def test_files_are_named_after_their_revisions_one_after_the_other() -> None:
    script = ScriptDirectory.from_config(migrations.alembic_config())
    walked = [step.revision for step in script.walk_revisions()]
    assert walked[::-1] == migrations.revisions()
    assert script.get_heads() == [migrations.head()]


def test_places_of_links_in_messages_of_before_are_still_places(empty: Database) -> None:
    row_id = new_id()
    migrations.upgrade(empty.engine, "0033")
    insert = (
        "insert into outbox_message (id, to_email, subject, body, created_at)"
        " values (:id, 'a@example.org', 's', :body, '2026-11-02 10:00:00')"
    )
    body = f"Ada gave.\n\n[link:pledge:{row_id.hex}]\n\n[link:other]"
    with empty.engine.begin() as connection:
        connection.execute(sa.text(insert), {"id": row_id.hex, "body": body})
    migrations.upgrade(empty.engine)
    with empty.engine.connect() as connection:
        kept = connection.scalar(sa.text("select body from outbox_message"))
    assert kept == f"Ada gave.\n\n{place_for(PLEDGE, row_id)}\n\n[link:other]"
