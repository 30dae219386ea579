"""Commands that bring data in: entries, bank statements. All of a file or nothing."""

from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.cli.console import Console, cli, command, pass_console, refusals_name
from ledger.db import Session
from ledger.queries.books import book_by_code
from ledger.services import imports, statements
from ledger.statements import read_statement


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
