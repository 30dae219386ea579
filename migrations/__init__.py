"""Numbered, linear migrations: applying them, and telling which of them a database has seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine

from ledger.errors import Conflict

FOLDER = Path(__file__).parent


def alembic_config(connection: Connection | None = None) -> Config:
    """Return alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> str:
    """Bring the database to ``revision``, in one transaction, and return the head's name.

    Raises Conflict when the database is newer than this program, or when rows would refer to
    nothing afterwards; nothing is changed then.
    """
    with _migrating(engine) as connection:
        before = revision_of(connection)
        if before is not None and before not in revisions():
            raise _newer(before)
        command.upgrade(alembic_config(connection), revision)
        if connection.dialect.name == "sqlite" and revision_of(connection) != before:
            _check_references(connection)
    return head()


def revisions() -> list[str]:
    """Return every revision of this program in order; files are named after theirs."""
    return sorted(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def head() -> str:
    """Return the one newest revision."""
    return revisions()[-1]


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database is at; None for one without books."""
    return MigrationContext.configure(connection).get_current_revision()


def require_current(engine: Engine) -> None:
    """Raise Conflict, saying what to do, when a database is not of this program's revision."""
    with engine.connect() as connection:
        found = revision_of(connection)
    if found == head():
        return
    if found is None:
        raise Conflict("The database holds no books yet: run `poolbook init` first.")
    if found in revisions():
        raise Conflict(
            f"The database is at revision {found}, older than this program's {head()}: run "
            "`poolbook init` to upgrade it, after a backup by the version that made it."
        )
    raise _newer(found)


def _newer(found: str) -> Conflict:
    return Conflict(
        f"The database is at revision {found}, newer than this program's {head()}: start the "
        "version of Poolbook that upgraded it, or a later one."
    )


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction in which tables can be rebuilt.

    SQLite changes a table by copying it, dropping it and renaming the copy. With foreign keys on,
    the drop counts every row that refers to it as broken; and a rename checks triggers that name
    the table while it is away. Both settings are ignored inside a transaction, so they are set
    before it begins (SQLite, "Making other kinds of table schema changes").
    """
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver = connection.connection.driver_connection
        if driver is None:
            raise AssertionError("a connection that was just opened has its driver's")
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("PRAGMA legacy_alter_table=ON")
        try:
            with connection.begin():
                yield connection
        finally:
            driver.execute("PRAGMA legacy_alter_table=OFF")
            driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise Conflict(f"After the migration, rows of {broken[0]} would refer to nothing.")
