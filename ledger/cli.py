"""Door: the operator. Commands that scripts rely on; names, JSON keys and exit codes stay.

Exit codes: 0 done, 1 refused and nothing written, 2 wrong usage. With ``--json`` exactly one
JSON document goes to standard output. Holds no rule of the domain.
"""

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    NoSuchModuleError,
    ProgrammingError,
)

from ledger import config
from ledger.db import Database, Session
from ledger.errors import PoolbookError
from ledger.queries import balances, invariants
from ledger.queries.books import book_by_code
from ledger.services import books as book_services
from ledger.services import imports, statements
from ledger.statements import read_statement

UNDEFINED = ("42P01", "42703")  # a table or a column, in PostgreSQL's words
A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Console:
    """What every command shares: the settings, the database, and how answers are printed."""

    database_url: str | None
    as_json: bool

    def settings(self) -> config.Settings:
        """Read the settings, the command line's database first."""
        environ = dict(os.environ)
        if self.database_url:
            environ["POOLBOOK_DATABASE_URL"] = self.database_url
        return config.from_environment(environ)

    def database(self) -> Database:
        """Open the database."""
        return Database(self.settings().database_url)

    def answer(self, document: Mapping[str, Any], text: str) -> None:
        """Print one JSON document, or a text for people."""
        # Escaped, so that it can be printed whatever the terminal's encoding is.
        click.echo(json.dumps(document) if self.as_json else text)


pass_console = click.make_pass_decorator(Console)


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
            click.option("--json", "as_json_after", is_flag=True, help="Answer in JSON."),
            click.option("--database", "database_after", help="Database URL."),
        ):
            wrapped = option(wrapped)
        made: click.Command = group.command(*arguments, **options)(wrapped)
        return made

    return decorate


@click.group()
@click.option("--database", "database_url", help="Database URL; also POOLBOOK_DATABASE_URL.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def cli(context: click.Context, database_url: str | None, as_json: bool) -> None:
    """Keep the books of communities that pool what they have."""
    context.obj = Console(database_url, as_json)


def main() -> None:
    """Run the command line; a refusal is one plain sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        # What was done is done: a terminal that cannot show a sign must not make it a failure.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(standalone_mode=False)
    except PoolbookError as refusal:
        _refuse(f"{refusal.place}: {refusal.message}" if refusal.place else refusal.message)
    except UnicodeEncodeError:
        _refuse("One of the texts given is not UTF-8.")
    except (ArgumentError, NoSuchModuleError):
        _refuse(
            "The database's address cannot be read; it looks like sqlite:///books.db or "
            "postgresql://host/name.",
        )
    except DBAPIError as error:
        _refuse(_database_trouble(error))
    except OSError as error:
        _refuse(f"{error.filename or 'The system'}: {error.strerror}.")
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)


def _refuse(sentence: str) -> None:
    click.echo(" ".join(sentence.split()), err=True)
    sys.exit(1)


def _database_trouble(error: DBAPIError) -> str:
    """Say in a sentence what is wrong with the database; a fault of ours is raised again."""
    told = str(error.orig)
    if "no such " in told or getattr(error.orig, "sqlstate", None) in UNDEFINED:
        return "The database holds no books yet, or older ones: run `poolbook init` first."
    if isinstance(error, (DataError, IntegrityError, InternalError, ProgrammingError)):
        raise error
    return f"The database refused: {told.splitlines()[0] if told else 'no reason given'}."


@command(cli, "init")
@pass_console
def init(console: Console) -> None:
    """Create or migrate the database."""
    from migrations import upgrade

    with console.database().engine.begin() as connection:
        revision = upgrade(connection)
    console.answer({"revision": revision}, f"The database is at revision {revision}.")


@cli.group("book")
def book() -> None:
    """Books: one per community or pool."""


@command(book, "create")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--kind", required=True, type=click.Choice(["community", "pool"]))
@click.option("--currency", required=True)
@click.option("--profile", default="US_GAAP", show_default=True)
@pass_console
def book_create(
    console: Console, code: str, name: str, kind: str, currency: str, profile: str
) -> None:
    """Open a community's or a pool's book."""
    console.database().run(
        lambda session: book_services.create_book(
            session,
            code=code,
            name=name,
            kind=kind,
            currency=currency,
            profile=profile,
            now=datetime.now(UTC),
        )
    )
    console.answer({"book": code}, f"Book {code} is open.")


@cli.group("fund")
def fund() -> None:
    """Funds: slices of a book with their own restriction."""


@command(fund, "create")
@click.argument("book_code", metavar="BOOK")
@click.argument("code")
@click.option("--class", "fund_class", required=True)
@click.option("--name", default="")
@pass_console
def fund_create(console: Console, book_code: str, code: str, fund_class: str, name: str) -> None:
    """Open a fund in a book."""
    console.database().run(
        lambda session: book_services.create_fund(
            session,
            book_id=book_by_code(session, book_code).id,
            code=code,
            fund_class=fund_class,
            name=name,
            now=datetime.now(UTC),
        )
    )
    console.answer({"fund": code}, f"Fund {code} of book {book_code} is open.")


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
        raise click.UsageError(f"{text} is not an instant like 2026-12-31T18:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def refusals_name(file: Path) -> Iterator[None]:
    """Let a refusal say in which file the line or element at fault stands."""
    try:
        yield
    except PoolbookError as refusal:
        refusal.place = f"{file}: {refusal.place}" if refusal.place else str(file)
        raise


@cli.group("import")
def import_() -> None:
    """Bring data in: entries, bank statements."""


@command(import_, "entries")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--book", "code", default=None, help="Take entries of this book only.")
@pass_console
def import_entries(console: Console, file: Path, code: str | None) -> None:
    """Load entries from JSON lines, all or nothing."""

    def load(session: Session) -> imports.Imported:
        with refusals_name(file), file.open("rb") as lines:
            return imports.import_entries(session, lines=lines, book=code, now=datetime.now(UTC))

    done = console.database().run(load)
    console.answer(
        {"entries": done.entries, "postings": done.postings, "duplicates": done.duplicates},
        f"{done.entries} entries with {done.postings} postings came in; {done.duplicates} were "
        "there already.",
    )


@command(import_, "statement")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", required=True, help="BOOK/1010")
@click.option("--format", "file_format", default="auto", show_default=True)
@click.option("--dry-run", is_flag=True, help="Read and show; keep nothing.")
@pass_console
def import_statement(
    console: Console, file: Path, account: str, file_format: str, dry_run: bool
) -> None:
    """Import a bank statement: camt.053 or MT940."""
    code, _, number = account.partition("/")
    if not number.isascii() or not number.isdigit():
        raise click.UsageError("--account is a book and an account, like A/1010.")
    with refusals_name(file):
        read = read_statement(file.read_bytes(), file_format)
    database = console.database()
    if dry_run:
        with database.snapshot() as session:
            done = statements.preview_statement(
                session, book=book_by_code(session, code), account=int(number), file=read
            )
    else:
        with database.transaction() as session:
            done = statements.import_statement(
                session,
                book=book_by_code(session, code),
                account=int(number),
                file=read,
                imported_by=None,
                now=datetime.now(UTC),
            )
    text = "\n".join(
        f"{row['id']}  {row['account']}  {row['currency']}  {row['opening']} → {row['closing']}"
        f"  {row['lines']} lines  {'balanced' if row['balanced'] else 'NOT BALANCED'}"
        for row in done.statements
    )
    console.answer(
        done.as_json(), f"{text}\n{done.new} lines are new, {done.duplicates} were known."
    )


@command(cli, "check")
@pass_console
def check(console: Console) -> None:
    """Check every rule of the books on the live data; exit code 1 when one is broken."""
    with console.database().snapshot() as session:
        results = invariants.check(session)
    ok = all(row.ok for row in results)
    console.answer(
        {
            "ok": ok,
            "invariants": [
                {
                    "id": row.id,
                    "ok": row.ok,
                    "checked": row.checked,
                    "first_violation": row.first_violation,
                }
                for row in results
            ],
        },
        "\n".join(
            f"{row.id}  {'holds ' if row.ok else 'BROKEN'}  {row.checked:>8}  {row.title}"
            + (f": {row.first_violation}" if row.first_violation else "")
            for row in results
        ),
    )
    if not ok:
        sys.exit(1)


@command(cli, "trial-balance")
@click.option("--book", "code", required=True)
@click.option("--as-of", default=None, help="ISO date; up to and including.")
@click.option("--known-at", default=None, help="ISO instant.")
@pass_console
def trial_balance(console: Console, code: str, as_of: str | None, known_at: str | None) -> None:
    """Show every balance of a book that is not zero."""
    day, instant = parse_date(as_of), parse_instant(known_at)
    with console.database().snapshot() as session:
        rows = balances.trial_balance(
            session, book_id=book_by_code(session, code).id, as_of=day, known_at=instant
        )
    document = {
        "rows": [
            {
                "account": row.account,
                "fund": row.fund,
                "layer": row.layer.value,
                "commodity": row.commodity,
                "quantity": row.quantity,
            }
            for row in rows
        ]
    }
    text = "\n".join(
        f"{row.account}  {row.fund:<10} {row.layer:<4} {row.quantity:>16,} {row.commodity}"
        for row in rows
    )
    console.answer(document, text or "The book is empty.")
