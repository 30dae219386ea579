"""Nobody but the program's own user reads what the data folder and backups hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.config import from_environment
from ledger.db import Database
from ledger.sandbox.store import Store
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def _everybody_may_read() -> Iterator[None]:
    """The usual umask, which lets everybody read what a program writes."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """The files and folders below ``folder``, and itself, that others may read or write."""
    paths = [folder, *folder.rglob("*")]
    return [path.name for path in paths if path.stat().st_mode & 0o077]


def settle(data: Path) -> tuple[Database, Store]:
    """Make what an installation and its demo keep in the data folder; the log is in use."""
    from_environment({"POOLBOOK_DATA": str(data)})
    store = Store(data / "stripe.db")
    database = Database(f"sqlite:///{data / 'poolbook.db'}")
    with database.transaction() as session:
        session.execute(text("create table note (t text)"))
    return database, store


def test_everything_in_the_data_folder_is_private(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    database, _store = settle(data)
    names = {path.name for path in data.iterdir()}
    assert names >= {
        *("secret_key", "signing_seed", "poolbook.db", "poolbook.db-wal", "poolbook.db-shm"),
        *("stripe.db", "stripe.db-wal", "stripe.db-shm"),
    }
    assert open_to_others(data) == []
    database.dispose()


def test_what_an_older_version_left_open_is_closed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first, _store = settle(data)
    for path in data.iterdir():
        path.chmod(0o644)
    assert len(open_to_others(data)) == len(list(data.iterdir()))
    second = settle_again(data)
    assert open_to_others(data) == []
    for database in (first, second):
        database.dispose()


def settle_again(data: Path) -> Database:
    """Start once more over the same folder, while another process has it open."""
    from_environment({"POOLBOOK_DATA": str(data)})
    Store(data / "stripe.db")
    database = Database(f"sqlite:///{data / 'poolbook.db'}")
    with database.snapshot() as session:
        session.execute(text("select 1"))
    return database


def test_a_folder_that_is_there_already_keeps_its_rights(tmp_path: Path) -> None:
    """It may be a shared one, such as a home or /srv; only what we put there is ours to close."""
    tmp_path.chmod(0o755)
    settle(tmp_path)[0].dispose()
    assert open_to_others(tmp_path) == [tmp_path.name]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_and_what_is_restored_from_it_are_private(run: Run, tmp_path: Path) -> None:
    kept, other = tmp_path / "kept.zip", tmp_path / "other" / "poolbook.db"
    assert run("backup", str(kept)).code == 0
    assert run("--database", f"sqlite:///{other}", "restore", str(kept)).code == 0
    assert kept.stat().st_mode & 0o077 == 0
    assert open_to_others(other.parent) == []
