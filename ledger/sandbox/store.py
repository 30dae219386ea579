"""The sandbox's memory: one SQLite file of JSON objects, safe against a kill at any moment.

Every request and every tick of the clockwork is one transaction. ``seq`` orders objects as they
were made, newest last.
"""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ledger.sandbox.errors import unknown

Object = dict[str, Any]

# Raised when objects of an older file would lack what this version needs.
VERSION = 3
# Ids are as long as Stripe's; those of payment pages have 66 characters.
ID_BYTES = {"checkout.session": 29}
_TABLES = """
create table if not exists object (
    seq integer primary key, id text not null unique, kind text not null, body text not null);
create index if not exists object_kind on object (kind, seq);
create table if not exists reply (
    key text primary key, fingerprint text not null, status integer, body text,
    created integer not null default 0);
create table if not exists delivery (
    seq integer primary key, event text not null, url text not null, secret text not null,
    tries integer not null default 0, due real not null, status integer, done integer not null
    default 0, endpoint text not null default '');
create table if not exists control (name text primary key, value text not null);
create table if not exists wakeup (
    seq integer primary key, kind text not null, object text not null, due real not null);
"""


class Store:
    """Objects by id, in one file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Names and addresses of payers stand in it; SQLite alone would let everybody read them.
        path.touch(mode=0o600)
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).chmod(0o600)
        self._lock = threading.RLock()
        self._frozen: int | None = None
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        (made_by,) = self._connection.execute("pragma user_version").fetchone()
        if made_by != VERSION and self._connection.execute("pragma table_info(object)").fetchall():
            raise RuntimeError(f"{path} is of another version of the sandbox; give it a new file.")
        self._connection.executescript(_TABLES)
        self._connection.execute(f"pragma user_version = {VERSION}")
        columns = self._connection.execute("pragma table_info(reply)").fetchall()
        if "created" not in {column[1] for column in columns}:
            self._connection.execute("alter table reply add created integer not null default 0")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside happen wholly or not at all; one at a time."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def now(self) -> int:
        """Return the sandbox's clock in seconds: the real one plus what tests advanced, or the
        instant of a test clock while it is being worked off."""
        return self.real_now() if self._frozen is None else self._frozen

    def real_now(self) -> int:
        """Return the sandbox's clock, whatever instant a test clock is worked off at."""
        return int(time.time()) + int(self.control("advance", "0"))

    @property
    def frozen(self) -> bool:
        """Return whether a test clock is being worked off."""
        return self._frozen is not None

    @contextmanager
    def at(self, instant: int | None) -> Iterator[None]:
        """Let it be another instant for what happens inside; None changes nothing."""
        with self._lock:
            before = self._frozen
            self._frozen = instant if instant is not None else before
            try:
                yield
            finally:
                self._frozen = before

    def wake(self, kind: str, object_id: str, seconds: float) -> None:
        """Have something happen to an object after so many seconds."""
        self.run(
            "insert into wakeup (kind, object, due) values (?, ?, ?)",
            kind,
            object_id,
            self.real_now() + seconds,
        )

    def control(self, name: str, default: str = "") -> str:
        """Return a control's value."""
        rows = self.run("select value from control where name = ?", name)
        return str(rows[0][0]) if rows else default

    def set_control(self, name: str, value: str) -> None:
        """Set a control."""
        self.run("insert or replace into control (name, value) values (?, ?)", name, value)

    def add(self, kind: str, prefix: str, body: Object) -> Object:
        """Keep a new object under a fresh id and return it."""
        length = ID_BYTES.get(kind, 12)
        made = {"id": f"{prefix}_{secrets.token_hex(length)}", "object": kind, **body}
        if self.control("livemode") == "1" and "livemode" in made:
            # An object that a careful client refuses.
            made["livemode"] = True
        self.run(
            "insert into object (id, kind, body) values (?, ?, ?)",
            made["id"],
            kind,
            json.dumps(made),
        )
        return made

    def save(self, body: Object) -> Object:
        """Keep what changed of an object."""
        self.run("update object set body = ? where id = ?", json.dumps(body), body["id"])
        return body

    def remove(self, object_id: str) -> None:
        """Forget an object."""
        self.run("delete from object where id = ?", object_id)

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return an object, or None."""
        rows = self.run("select body from object where id = ? and kind = ?", object_id, kind)
        return json.loads(rows[0][0]) if rows else None

    def need(self, kind: str, object_id: str, *, param: str = "id") -> Object:
        """Return an object that must be there. Raises ApiError."""
        found = self.get(kind, object_id)
        if found is None:
            raise unknown(kind, object_id, param=param, status=404 if param == "id" else 400)
        return found

    def where(self, kind: str, name: str, value: str) -> list[Object]:
        """Return the objects of a kind whose field has a value, newest first."""
        rows = self.run(
            "select body from object where kind = ? and json_extract(body, ?) = ?"
            " order by seq desc",
            kind,
            f"$.{name}",
            value,
        )
        return [json.loads(row[0]) for row in rows]

    def all(self, kind: str) -> list[Object]:
        """Return every object of a kind, newest first, as Stripe lists them."""
        rows = self.run("select body from object where kind = ? order by seq desc", kind)
        return [json.loads(row[0]) for row in rows]
