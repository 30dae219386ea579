"""Commands that keep a copy of everything and put it back."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

import click
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from ledger.cli.console import Console, cli, command, pass_console, refusals_name
from ledger.cli.files import written
from ledger.services.jobs.jobs import BACKUP, heartbeat
from ledger.services.workflow.backups import restore_backup, unreadable_files, write_backup
from ledger.stored_files import StoredFiles


@command(cli, "backup")
@click.argument("output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@pass_console
def backup(console: Console, output: Path) -> None:
    """Back up the database and all attached files into one file, while Poolbook is in use."""
    from migrations import head

    database, files = console.database(), StoredFiles.of(console.settings().data)
    with database.snapshot() as session, written(output, private=True) as out:
        buffer = cast(IO[bytes], out.buffer)
        entries = write_backup(session, buffer, revision=head(), files=files)
        unreadable = unreadable_files(session, files)
    now = datetime.now(UTC)
    # A copy that is only read from takes no note, and needs none.
    with suppress(DBAPIError):
        database.run(lambda session: heartbeat(session, process=BACKUP, now=now))
    for name in unreadable:
        click.echo(f"Attached file {name} is missing or damaged. It was left out.", err=True)
    console.answer(
        {"entries": entries},
        f"{output}: {entries} journal entries and all related data. Keep the files of "
        f"{console.settings().data} as well: they hold the keys.",
    )


@command(cli, "restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_console
def restore(console: Console, file: Path) -> None:
    """Restore a backup into an empty database (SQLite or PostgreSQL)."""
    from migrations import head, require_current, upgrade

    database, revision = console.any_database(), head()
    if not inspect(database.engine).get_table_names():
        upgrade(database.engine)
    require_current(database.engine)
    with refusals_name(file), file.open("rb") as stored, database.transaction() as session:
        files = StoredFiles.of(console.settings().data)
        entries = restore_backup(session, stored, revision=revision, files=files)
    console.answer(
        {"entries": entries}, f"{entries} journal entries and all related data restored."
    )
