"""Backups: every row of the database in one file, the same for both engines.

A backup is read in one snapshot, so that it is consistent while others work, and put back into
an empty database in one transaction. It is the only place besides the journal's writer that
inserts entries: as they were, through the same triggers. Attached files are in it as they lie in
their folder, encrypted. What else the installation keeps in files (its keys) is not in it.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import IO, Any, TypedDict
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, delete, func, insert, select, text
from sqlalchemy.exc import OperationalError, StatementError

from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models import Base
from ledger.models.base import UtcDateTime
from ledger.models.evidence import Evidence
from ledger.stored_files import StoredFiles

FORMAT = "poolbook-backup-1"
MANIFEST = "manifest.json"
# Where attached files stand in a backup, each under the hash of its bytes.
FILES = "evidence/"
CHUNK = 1000
# That a process lives is no longer so; and no copy signs anybody in, nor brings back a session
# that was ended after it was made.
LEFT_OUT = {"heartbeat", "challenge", "session", "sign_in_link"}
LAST = ("period", "soft_close", "unsealed")
BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError)


class TableManifest(TypedDict):
    """How many rows a table has in a backup, and the hash of them all."""

    rows: int
    sha256: str


class Manifest(TypedDict):
    """What a backup says of itself: its format, the schema's revision, and its tables by name."""

    format: str
    revision: str
    tables: dict[str, TableManifest]
    files: list[str]


def write_backup(
    session: ReadSession, out: IO[bytes], *, revision: str, files: StoredFiles | None = None
) -> int:
    """Write every row of the database and return how many entries there are.

    ``revision`` names the schema, which a restore must have as well. With ``files``, every attached
    file goes along; one that is missing or damaged (``unreadable_files``) is left out, so that it
    keeps nobody from a backup of the rest.
    """
    told: Manifest = {"format": FORMAT, "revision": revision, "tables": {}, "files": []}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in _tables():
            digest, count = hashlib.sha256(), 0
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
                for line in _lines(session, table):
                    file.write(line)
                    digest.update(line)
                    count += 1
            told["tables"][table.name] = {"rows": count, "sha256": digest.hexdigest()}
        if files is not None:
            told["files"] = _write_files(session, archive, files)
        archive.writestr(MANIFEST, json.dumps(told, indent=1))
    return int(told["tables"]["entry"]["rows"])


def _write_files(session: ReadSession, archive: zipfile.ZipFile, files: StoredFiles) -> list[str]:
    """Write the attached files and return their names."""
    written = []
    for name in _stored_files(session):
        with suppress(Conflict):
            # Encrypted bytes do not get smaller.
            archive.writestr(FILES + name, files.get_sealed(name), zipfile.ZIP_STORED)
            written.append(name)
    return written


def unreadable_files(session: ReadSession, files: StoredFiles) -> list[str]:
    """Return the names of attached files that are missing or damaged."""
    found = []
    for name in _stored_files(session):
        try:
            files.get_sealed(name)
        except Conflict:
            found.append(name)
    return found


def _stored_files(session: ReadSession) -> list[str]:
    """Return the names of all files that the rows name and that were not erased."""
    rows = session.execute(
        select(Evidence.stored_sha256, Evidence.preview_sha256)
        .where(Evidence.erased_at.is_(None))
        .order_by(Evidence.id)
    )
    return list(dict.fromkeys(name for names in rows for name in names if name is not None))


def restore_backup(
    session: Session, file: IO[bytes], *, revision: str, files: StoredFiles | None = None
) -> int:
    """Put a backup into an empty database and return how many entries it has.

    Raises Invalid for a file that is no backup, is damaged or has another schema, and Conflict
    when the database holds anything.
    """
    for table in _tables():
        if session.scalar(select(func.count()).select_from(table)):
            raise Conflict(
                "You can restore a backup only into an empty database. This one holds data."
            )
    try:
        with zipfile.ZipFile(file) as archive:
            told: Manifest = json.loads(archive.read(MANIFEST))
            _check_manifest(told, revision)
            for table in _tables():
                _load(session, table, archive, told["tables"][table.name])
            for name in told["files"]:
                if files is not None and files.put_sealed(archive.read(FILES + name)) != name:
                    raise ValueError(f"file {name} is not as it was told")
            return int(told["tables"]["entry"]["rows"])
    except BROKEN as error:
        raise Invalid("This file is not a backup, or it is damaged.") from error
    except StatementError as error:
        if isinstance(error, OperationalError):
            raise
        raise Invalid("The rows of this backup contradict each other.") from error


def _check_manifest(told: Manifest, revision: str) -> None:
    if told["format"] != FORMAT or set(told["tables"]) != {table.name for table in _tables()}:
        if told["revision"] != revision:
            raise _other_revision(told["revision"], revision)
        raise ValueError("not the tables of a backup")
    if told["revision"] != revision:
        raise _other_revision(told["revision"], revision)


def _other_revision(theirs: object, ours: str) -> Invalid:
    return Invalid(
        "The backup has schema {theirs}, but this program has schema {ours}. Restore it with "
        "the program that made it, then run `poolbook init` with this one.",
        theirs=theirs,
        ours=ours,
    )


def _tables() -> list[Table]:
    """Return the tables in the order in which their rows can be put back.

    Postings come before the entries that close them, closed periods after what is in them.
    """
    known: set[str] = {"entry"}
    before, after = [], []
    for table in Base.metadata.sorted_tables:
        if table.name in {"posting", "entry", *LAST, *LEFT_OUT}:
            continue
        if {key.column.table.name for key in table.foreign_keys} & known:
            known.add(table.name)
            after.append(table)
        else:
            before.append(table)
    found = Base.metadata.tables
    journal = [found["posting"], found["entry"]]
    return [*before, *journal, *after, *(found[name] for name in LAST)]


def _lines(session: ReadSession, table: Table) -> Iterator[bytes]:
    order: list[ColumnElement[Any]] = list(table.primary_key)
    if table.name == "entry":
        # What was reversed comes before what reverses it.
        order.insert(0, table.c.reverses.is_not(None))
    query = select(table).order_by(*order).execution_options(yield_per=CHUNK)
    for row in session.connection().execute(query):
        # In ASCII: a JSON column may hold half of a surrogate pair, which UTF-8 has no bytes for.
        yield json.dumps([_plain(value) for value in row]).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _load(session: Session, table: Table, archive: zipfile.ZipFile, told: TableManifest) -> None:
    """Insert the rows of one table. Raises ValueError when they are not those that were told."""
    connection = session.connection()
    if table.name == "unsealed":
        # The entries that were just put back wait here, sealed or not.
        connection.execute(delete(table))
    columns = list(table.columns)
    digest, count = hashlib.sha256(), 0
    rows: list[dict[str, Any]] = []
    with archive.open(f"{table.name}.jsonl") as file:
        for line in file:
            digest.update(line)
            values = zip(columns, json.loads(line), strict=True)
            rows.append({column.name: _value(column, value) for column, value in values})
            if len(rows) == CHUNK:
                connection.execute(insert(table), rows)
                count, rows = count + len(rows), []
    if rows:
        connection.execute(insert(table), rows)
    if (count + len(rows), digest.hexdigest()) != (told["rows"], told["sha256"]):
        raise ValueError(f"{table.name} is not as it was told")
    if connection.dialect.name == "postgresql":
        connection.execute(text(f'analyze "{table.name}"'))


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    kind = column.type.python_type
    return UUID(value) if kind is UUID else date.fromisoformat(value) if kind is date else value
