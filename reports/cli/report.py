"""Commands that write reports as PDF, list their editions, and say what made two differ."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click

from ledger.cli import Console, command, parse_date, parse_instant, pass_console
from ledger.cli.files import written
from ledger.core.written import format_figure
from ledger.db import ReadSession
from ledger.models.editions import Audience
from ledger.queries.books import editions as questions
from ledger.queries.books.books import all_books
from ledger.queries.books.journal import EntryRow
from reports.build import Scope, scope_of_all, scope_of_book, scope_of_pool
from reports.cli.proofs import signer_of_console
from reports.issue import Wanted, issue

# Words of their own: click takes members of an enumeration by their names.
EDITIONS = [one.value for one in Audience]


class _About(TypedDict):
    """Which books a report is about: of one, of a pool, or of all."""

    book_code: str | None
    pool_code: str | None
    everything: bool


@click.group("report")
def report() -> None:
    """Issue reports as PDF and manage their editions."""


@command(report, "transparency")
@click.option("--book", "book_code", default=None, help="Code of the book to report on.")
@click.option("--pool", "pool_code", default=None, help="Code of the pool to report on.")
@click.option("--all", "everything", is_flag=True, help="Report on all books together.")
@click.option("--from", "since", required=True, help="First day, as an ISO date.")
@click.option("--to", "until", required=True, help="Last day included, as an ISO date.")
@click.option(
    "--edition",
    type=click.Choice(EDITIONS),
    default="public",
    show_default=True,
    help="The auditor's edition lists every entry.",
)
@click.option(
    "--known-at", default=None, help="ISO date and time. Leaves out entries recorded later."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@pass_console
def transparency(
    console: Console,
    since: str,
    until: str,
    edition: str,
    known_at: str | None,
    output: Path,
    **about: Unpack[_About],
) -> None:
    """Issue the transparency report of a book, a pool or all, and write it. A report issued before
    from the same data is written again unchanged."""
    if sum(value is not None and value is not False for value in about.values()) != 1:
        raise click.UsageError("Use exactly one of --book, --pool and --all.")
    wanted = Wanted(
        lambda session: _scope(session, about["book_code"], about["pool_code"]),
        _day(since),
        _day(until),
        edition,
        parse_instant(known_at),
    )
    # The file is opened first: a place that cannot be written to leaves no edition behind.
    with written(output) as out:
        issued = issue(
            console.database(),
            wanted,
            signer=signer_of_console(console),
            made_by=None,
            now=datetime.now(UTC),
        )
        rendered = issued.rendered
        out.buffer.write(rendered.pdf)
    console.answer(
        {
            "pages": rendered.pages,
            "dataset_sha256": rendered.dataset_sha256,
            "pdf_sha256": rendered.pdf_sha256,
            "tied": True,
        },
        f"{output}: {rendered.pages} pages, dataset {rendered.dataset_sha256}",
    )


@command(report, "editions")
@pass_console
def editions(console: Console) -> None:
    """List issued reports, newest first."""
    with console.database().snapshot() as session:
        ids = [book.id for book in all_books(session)]
        rows = questions.editions_for(session, book_ids=ids)
    found: list[dict[str, Any]] = [
        {
            "id": str(row.id),
            "number": row.number,
            "title": row.title,
            "from": row.since_on.isoformat(),
            "to": row.until_on.isoformat(),
            "edition": row.audience,
            "dataset_sha256": row.dataset_sha256,
            "superseded": row.superseded,
            "interim": row.interim,
            "known_at": row.known_at.isoformat() if row.known_at else None,
        }
        for row in rows
    ]
    text = "\n".join(
        f"{row['dataset_sha256'][:16]}  {row['from']} to {row['to']}  {row['edition']:<8}"
        f"no. {row['number']}  {row['title']}{_mark(row)}"
        for row in found
    )
    console.answer({"editions": found}, text or "No reports have been issued yet.")


@command(report, "compare")
@click.argument("older")
@click.argument("newer")
@pass_console
def compare(console: Console, older: str, newer: str) -> None:
    """List the entries by which one edition differs from another.

    OLDER and NEWER are ids or the beginnings of the hash of the data that is printed on a report.
    """
    with console.database().snapshot() as session:
        found = questions.difference(
            session,
            older=questions.edition_named(session, older),
            newer=questions.edition_named(session, newer),
        )
    lines = [f"+ {_line(code, row)}" for code, row in found.came]
    lines += [f"- {_line(code, row)}" for code, row in found.left]
    lines += [
        f"  {row.book} {row.account} {row.fund}: {_signed(row)} {row.commodity}"
        for row in found.changes
    ]
    console.answer(
        {
            "came": [_document(code, row) for code, row in found.came],
            "left": [_document(code, row) for code, row in found.left],
            "changes": [asdict(row) for row in found.changes],
        },
        "\n".join(lines) or "There are no differences.",
    )


def _mark(row: dict[str, Any]) -> str:
    if row["known_at"]:
        return f"  (look-back, as known at {row['known_at']})"
    marks = [name for name in ("superseded", "interim") if row[name]]
    return f"  ({', '.join(marks)})" if marks else ""


def _signed(row: questions.Change) -> str:
    """Write a change as people read it: with its sign and the decimals of its commodity."""
    return f"{'+' if row.quantity > 0 else ''}{format_figure(row.quantity, row.commodity)}"


def _line(code: str, row: EntryRow) -> str:
    return f"{row.accounting_on} {code} {row.event_type} {row.external_ref} ({row.id})"


def _document(code: str, row: EntryRow) -> dict[str, Any]:
    return {
        "book": code,
        "id": str(row.id),
        "accounting_date": row.accounting_on.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "event_type": row.event_type,
        "external_ref": row.external_ref,
        "reverses": str(row.reverses) if row.reverses else None,
        "postings": [
            {
                "account": leg.account,
                "fund": leg.fund,
                "commodity": leg.commodity,
                "quantity": leg.quantity,
            }
            for leg in row.legs
        ],
    }


def _scope(session: ReadSession, book_code: str | None, pool_code: str | None) -> Scope:
    if book_code is not None:
        return scope_of_book(session, book_code)
    if pool_code is not None:
        return scope_of_pool(session, pool_code)
    return scope_of_all(session)


def _day(text: str) -> date:
    found = parse_date(text)
    if found is None:
        raise click.UsageError("A date is missing.")
    return found
