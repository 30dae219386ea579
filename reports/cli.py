"""Commands for reports and exports; hung on the command line by the program's start."""

from datetime import date
from pathlib import Path

import click

from ledger.cli import Console, command, pass_console
from ledger.cli import parse_date as parse
from ledger.db import ReadSession
from ledger.errors import Invalid
from ledger.queries.books import book_by_code
from reports.build import EDITIONS, Scope, build, scope_of_all, scope_of_book, scope_of_pool
from reports.exports import FORMATS, export_journal
from reports.render import render_pdf


def register(cli: click.Group) -> None:
    """Hang ``report`` and ``export`` on the command line."""
    cli.add_command(report)
    cli.add_command(export)


@click.group("report")
def report() -> None:
    """Reports as PDF."""


@click.group("export")
def export() -> None:
    """The books in other programs' formats."""


@command(report, "transparency")
@click.option("--book", "book_code", default=None)
@click.option("--pool", "pool_code", default=None)
@click.option("--all", "everything", is_flag=True)
@click.option("--from", "since", required=True)
@click.option("--to", "until", required=True)
@click.option("--edition", type=click.Choice(EDITIONS), default="public", show_default=True)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_console
def transparency(
    console: Console,
    book_code: str | None,
    pool_code: str | None,
    everything: bool,
    since: str,
    until: str,
    edition: str,
    output: Path,
) -> None:
    """Write the transparency report of a book, a pool with its members, or all."""
    if sum((book_code is not None, pool_code is not None, everything)) != 1:
        raise click.UsageError("Give one of --book, --pool and --all.")
    with console.database().snapshot() as session:
        made = build(
            session,
            scope=_scope(session, book_code, pool_code),
            since=_day(since),
            until=_day(until),
            edition=edition,
        )
    rendered = render_pdf(made)
    _write(output, rendered.pdf)
    console.answer(
        {
            "pages": rendered.pages,
            "dataset_sha256": rendered.dataset_sha256,
            "pdf_sha256": rendered.pdf_sha256,
            "tied": True,
        },
        f"{output}: {rendered.pages} pages, dataset {rendered.dataset_sha256}",
    )


@command(export, "journal")
@click.option("--book", "code", required=True)
@click.option("--format", "file_format", required=True, type=click.Choice(list(FORMATS)))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_console
def journal(console: Console, code: str, file_format: str, output: Path) -> None:
    """Write the whole journal of a book."""
    draft = output.with_name(output.name + ".part")
    try:
        with console.database().snapshot() as session, draft.open("w", encoding="utf-8") as out:
            done = export_journal(
                session, book=book_by_code(session, code), file_format=file_format, out=out
            )
        draft.replace(output)
    except OSError as error:
        raise Invalid(
            f"The file cannot be written: {error.strerror}.", place=str(output)
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    console.answer(
        {"entries": done.entries, "postings": done.postings},
        f"{output}: {done.entries} entries, {done.postings} postings",
    )


def _scope(session: ReadSession, book_code: str | None, pool_code: str | None) -> Scope:
    if book_code is not None:
        return scope_of_book(session, book_code)
    if pool_code is not None:
        return scope_of_pool(session, pool_code)
    return scope_of_all(session)


def _day(text: str) -> date:
    found = parse(text)
    if found is None:
        raise click.UsageError("A date is missing.")
    return found


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Invalid(f"The file cannot be written: {error.strerror}.", place=str(path)) from error
