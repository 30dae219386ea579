"""Engines and transactions: the only place that commits, and the only place that retries.

``transaction()`` yields a writable session and commits once; ``snapshot()`` yields one that
cannot write. SQLite runs in WAL with ``synchronous=FULL`` (anything less loses acknowledged
entries on power loss) and begins IMMEDIATE, because a deferred read-then-write fails at once
under contention. PostgreSQL runs SERIALIZABLE, so what a command read is still true when it
commits; commands that decide nothing from what they read run READ COMMITTED and never collide.
Must not know any table.
"""

import random
import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session as _Session
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.private_files import close_to_others, make_private_file, make_private_folder

MAX_TRIES = 8
BUSY_MILLISECONDS = 20_000
# PostgreSQL gives no turns: a command is tried for as long as SQLite would let it wait.
PATIENCE_SECONDS = BUSY_MILLISECONDS / 1000
# Luck helps most; the others then wait in line.
TRIES_AT_ONCE = 4
SPREAD_SECONDS = 0.02
# The line of those that collided: any number that no other advisory lock has.
LINE = 700_700
LINE_SECONDS = 5
# SQLite's own 2 MiB do not hold the index pages that a load touches, and it slows down to a third.
CACHE_KIBIBYTES = 32 * 1024
RESTED_SECONDS = 1.0
SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
UNIQUE_VIOLATION = "23505"
LOCK_NOT_AVAILABLE = "55P03"
COLLISIONS = {SERIALIZATION_FAILURE, DEADLOCK}
# PostgreSQL's manual, appendix A: shutdowns, a server that starts, and one that is full.
CONNECTION_EXCEPTION = "08"
SERVER_AWAY = {"57P01", "57P02", "57P03", "53300"}
SQLITE_AWAY = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN),
}
PRIMARY_CODE = 0xFF
CONNECT_SECONDS = 5
TRANSIENT = {*COLLISIONS, UNIQUE_VIOLATION}

Result = TypeVar("Result")


class ReadSession(_Session):
    """A session that only reads."""


class Session(ReadSession):
    """A session that may write; queries accept it as well."""


class Database:
    """One engine and the two ways of using it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _make_engine(url)

    @property
    def is_sqlite(self) -> bool:
        """Whether the engine is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, *, decides: bool = True) -> Iterator[Session]:
        """Yield a writable session; commit at the end, roll back on any exception.

        ``decides=False``: nothing written depends on what was read, but for what the guards of
        the database see to. Raises whatever the block raises. A serialization failure surfaces
        as DBAPIError: use ``run`` where the block can be repeated.
        """
        session = Session(self.engine, expire_on_commit=False)
        try:
            if decides and not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    @contextmanager
    def snapshot(self) -> Iterator[ReadSession]:
        """Yield a session on one unchanging, read-only view of the database."""
        session = ReadSession(
            self.engine.execution_options(poolbook_read_only=True),
            expire_on_commit=False,
            autoflush=False,
        )
        try:
            if not self.is_sqlite:
                # Said as the transaction begins; to say it afterwards takes a tenth of a balance.
                session.connection(
                    execution_options={
                        "isolation_level": "REPEATABLE READ",
                        "postgresql_readonly": True,
                    }
                )
            yield session
        finally:
            # What was read stays readable afterwards; a rollback would expire it.
            session.expunge_all()
            session.rollback()
            session.close()

    def run(self, command: Callable[[Session], Result], *, decides: bool = True) -> Result:
        """Run ``command`` in a transaction, again from the start after a conflicting write.

        ``command`` must be repeatable: no effects but through its session. ``decides`` as for
        ``transaction``. Two that write the same key meet at its index, whatever they read
        before; the later one starts again, to find what the other wrote. Who merely collides
        goes on for ``PATIENCE_SECONDS``, from the fifth try on one after the other.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        with ExitStack() as turn:
            for attempt in count(1):
                try:
                    with self.transaction(decides=decides) as session:
                        return command(session)
                except DBAPIError as error:
                    patient = collided(error) and time.monotonic() < until
                    if not is_transient(error) or (attempt >= MAX_TRIES and not patient):
                        raise
                if attempt == TRIES_AT_ONCE and not self.is_sqlite:
                    turn.enter_context(self._turn())
                # Spread out, so that those who collided do not collide again.
                most = 2**attempt if attempt < TRIES_AT_ONCE else 1
                time.sleep(random.uniform(0, SPREAD_SECONDS * most))  # noqa: S311
        raise AssertionError("the loop returns or raises")

    def run_unless_busy(self, command: Callable[[Session], Result]) -> Result | None:
        """Run a small command that can wait; None when another writer is at it.

        Of what was read nothing is decided, as with ``decides=False``; it is tried once.
        """
        session = Session(
            self.engine.execution_options(poolbook_no_wait=True), expire_on_commit=False
        )
        try:
            result = command(session)
            session.commit()
        except DBAPIError as error:
            session.rollback()
            if is_transient(error) or is_away(error):
                return None
            raise
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()
        return result

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait in line with others that collided, and stay first in it until the end.

        A lock of one's own transaction would be too late: what a command sees is fixed before it
        waits. Behind a command that takes long, as an import, nobody waits for ever.
        """
        with self.engine.connect() as connection:
            connection.execute(text(f"set local lock_timeout = '{LINE_SECONDS}s'"))
            try:
                connection.execute(text(f"select pg_advisory_xact_lock({LINE})"))
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                    raise
            yield

    def flush_log(self) -> bool:
        """Have SQLite move its write-ahead log into the file and empty it; True when it is empty.

        Until then the log still holds what was overwritten. PostgreSQL does this by itself.
        """
        if not self.is_sqlite:
            return True
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            for _attempt in range(MAX_TRIES):
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                if not busy:
                    return True
                time.sleep(RESTED_SECONDS / MAX_TRIES)
            return False
        finally:
            connection.close()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def is_transient(error: DBAPIError) -> bool:
    """Tell whether the same transaction may succeed when tried again.

    PostgreSQL's manual (13.5, serialization failure handling) counts a key that is there already
    among them: SERIALIZABLE, too, may report it where another wrote the key meanwhile.
    """
    state = getattr(error.orig, "sqlstate", None)
    return state in TRANSIENT or "database is locked" in str(error.orig)


def is_away(error: BaseException) -> bool:
    """Tell whether the database cannot be reached or answers nobody just now.

    That passes, and is no defect: a server that restarts or hands over, a file that is locked or
    on a disk that is gone. A missing table, say, is a defect.
    """
    if isinstance(error, (PoolTimeout, DisconnectionError)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return getattr(error.orig, "sqlite_errorcode", 0) & PRIMARY_CODE in SQLITE_AWAY
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(error.orig, "sqlstate", None)
    # Whoever cannot even connect is told no state.
    return state is None or state[:2] == CONNECTION_EXCEPTION or state in SERVER_AWAY


def collided(error: DBAPIError) -> bool:
    """Tell whether others got in between; a key that stays taken, say, is no collision."""
    return getattr(error.orig, "sqlstate", None) in COLLISIONS


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # A server that is gone without a word must not hold a page for minutes.
        bound = {} if "connect_timeout" in parsed.query else {"connect_timeout": CONNECT_SECONDS}
        engine = create_engine(url, isolation_level="READ COMMITTED", connect_args=bound)
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", _check_rested)
        return engine
    engine = create_engine(url)
    if parsed.database and parsed.database != ":memory:":
        make_private_folder(Path(parsed.database).parent)
        event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _check_rested(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask a connection that rested whether it is still there; asking each time costs a tenth.

    One that was used just now is asked when its socket holds something to read: a server that
    ends a connection says so, and one in good health sends nothing unasked.
    """
    used_at = record.info.get("used_at")
    if used_at is None:
        return
    rested = time.monotonic() - used_at >= RESTED_SECONDS
    if not rested and not _has_something_to_read(connection):
        return
    try:
        connection.execute("select 1")
        connection.rollback()
    except Exception as error:
        # The pool then takes a new connection in its place.
        raise DisconnectionError from error


def _has_something_to_read(connection: Any) -> bool:
    try:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        return bool(waiting.poll(0))
    except Exception:
        # A driver's connection that is closed has no socket any more.
        return True


def _make_private(_dialect: object, _record: object, arguments: list[str], _: object) -> None:
    """Create the database's file before SQLite does, which would let everybody read it.

    SQLite gives the log and its index beside the file the rights of the file; those that an
    older version made are mended with it.
    """
    file = Path(arguments[0])
    # A folder that is gone or full is for SQLite to report, in its own words.
    with suppress(OSError):
        make_private_file(file)
        for end in ("-wal", "-shm"):
            close_to_others(file.with_name(file.name + end))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own implicit BEGIN is deferred; ours is issued by _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    options = cast(dict[str, Any], connection.get_execution_options())
    read_only = bool(options.get("poolbook_read_only"))
    # Not through SQLAlchemy, which takes longer to pass a statement on than SQLite to do it.
    driver = connection.connection.driver_connection
    try:
        if connection.info.get("read_only", False) != read_only:
            driver.execute(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
            connection.info["read_only"] = read_only
        if options.get("poolbook_no_wait"):
            _begin_without_waiting(driver)
        else:
            driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise DBAPIError.instance(
            "BEGIN", None, error, sqlite3.Error, dialect=connection.dialect
        ) from error


def _begin_without_waiting(driver: Any) -> None:
    """Begin to write, or raise at once when another writes."""
    driver.execute("PRAGMA busy_timeout=0")
    try:
        driver.execute("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
