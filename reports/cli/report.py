"""The command that writes reports as PDF."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from ledger.cli import Console, command, parse_date, pass_console
from ledger.cli.files import written
from ledger.db import ReadSession, Session
from ledger.queries.books import book_by_code
from reports.build import EDITIONS, Scope, build, scope_of_all, scope_of_book, scope_of_pool
from reports.certificate import Certificate, certify
from reports.cli.proofs import signer_of_console
from reports.render import render_pdf


@click.group("report")
def report() -> None:
    """Reports as PDF."""


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
    rendered = render_pdf(made, _certificates(console, made.books))
    with written(output) as out:
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


def _certificates(
    console: Console, books: Sequence[tuple[str, str, str]]
) -> tuple[Certificate, ...]:
    """Seal the books of a report and state their logs."""
    signer = signer_of_console(console)

    def deed(session: Session) -> tuple[Certificate, ...]:
        found = [book_by_code(session, code) for code, _name, _kind in books]
        return certify(session, books=found, signer=signer, now=datetime.now(UTC))

    return console.database().run(deed)


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
