"""The command that writes the journal in other programs' formats."""

from pathlib import Path

import click

from ledger.cli import OF_BOOK, Console, command, parse_instant, pass_console
from ledger.cli.files import written
from ledger.queries.books.books import book_by_code
from reports.exports import FORMATS, export_journal


@click.group("export")
def export() -> None:
    """Export the books in other programs' formats."""


@command(export, "journal")
@OF_BOOK
@click.option(
    "--format",
    "file_format",
    required=True,
    type=click.Choice(list(FORMATS)),
    help="The program or kind of file it is for.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@click.option(
    "--known-at", default=None, help="ISO date and time. Leaves out entries recorded later."
)
@pass_console
def journal(
    console: Console, code: str, file_format: str, output: Path, known_at: str | None
) -> None:
    """Export the whole journal of a book."""
    instant = parse_instant(known_at)
    with console.database().snapshot() as session:
        book = book_by_code(session, code)
        with written(output) as out:
            done = export_journal(
                session, book=book, file_format=file_format, out=out, known_at=instant
            )
    console.answer(
        {"entries": done.entries, "postings": done.postings},
        f"{output}: {done.entries} entries, {done.postings} postings",
    )
