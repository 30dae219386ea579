"""What all commands share: the settings, the database, how they answer, how they read options.

Holds no rule of the domain.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click

from ledger import config
from ledger.db import Database
from ledger.errors import PoolbookError

A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Console:
    """What every command shares: the settings, the database, and how answers are printed."""

    database_url: str | None
    as_json: bool

    def settings(self) -> config.Settings:
        """Read the settings, the command line's database first."""
        return config.from_environment(self.environ())

    def environ(self) -> dict[str, str]:
        """Return the environment that the settings are read from."""
        environ = dict(os.environ)
        if self.database_url:
            environ["POOLBOOK_DATABASE_URL"] = self.database_url
        return environ

    def database(self) -> Database:
        """Open the database. Raises Conflict when it is older or newer than this program."""
        from migrations import require_current

        database = self.any_database()
        require_current(database.engine)
        return database

    def any_database(self) -> Database:
        """Open the database, of whatever revision it is."""
        return Database(self.settings().database_url)

    def answer(self, document: Mapping[str, Any], text: str) -> None:
        """Print one JSON document, or a text for people."""
        # Escaped, so that it can be printed whatever the terminal's encoding is.
        click.echo(json.dumps(document) if self.as_json else text)


pass_console = click.make_pass_decorator(Console)
OF_BOOK = click.option("--book", "code", required=True, help="Code of the book.")


def command(group: click.Group, *arguments: Any, **options: Any) -> Callable[..., click.Command]:
    """Like ``group.command``, with ``--json`` and ``--database`` accepted after it as well."""

    def decorate(function: Callable[..., None]) -> click.Command:
        def with_shared(
            *args: Any, as_json_after: bool, database_after: str | None, **kwargs: Any
        ) -> None:
            console = click.get_current_context().find_object(Console)
            if console is not None:
                console.as_json = console.as_json or as_json_after
                console.database_url = database_after or console.database_url
            function(*args, **kwargs)

        wrapped = update_wrapper(with_shared, function)
        for option in (
            click.option("--json", "as_json_after", is_flag=True, help="Print the result as JSON."),
            click.option("--database", "database_after", help="Database URL."),
        ):
            wrapped = option(wrapped)
        made: click.Command = group.command(*arguments, **options)(wrapped)
        return made

    return decorate


@click.group()
@click.version_option(package_name="poolbook", message="%(prog)s %(version)s")
@click.option(
    "--database", "database_url", help="Database URL. You can also set POOLBOOK_DATABASE_URL."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def cli(context: click.Context, database_url: str | None, as_json: bool) -> None:
    """Keep the books of communities that share resources."""
    context.obj = Console(database_url, as_json)


def parse_date(text: str | None) -> date | None:
    """Read an ISO date; click's usage error names the option."""
    if text is None:
        return None
    try:
        # Python also reads 20261231 and 2026-W01-1; one way of writing a day is enough.
        if not A_DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"{text} is not a date like 2026-12-31.") from error


def parse_instant(text: str | None) -> datetime | None:
    """Read an ISO instant; one without an offset is taken as UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"{text} is not a date and time like 2026-12-31T18:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def refusals_name(file: Path) -> Iterator[None]:
    """Let a refusal say in which file the line or element at fault stands."""
    try:
        yield
    except PoolbookError as refusal:
        refusal.place = f"{file}: {refusal.place}" if refusal.place else str(file)
        raise
