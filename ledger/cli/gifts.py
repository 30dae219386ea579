"""The command that brings in a list of gifts, as people keep them in a spreadsheet."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from ledger.bank_files import MAX_BYTES, read_gifts, read_profile
from ledger.cli.console import OF_BOOK, Console, command, pass_console, refusals_name
from ledger.cli.imports import import_
from ledger.core.accounts import Acct
from ledger.db import Session
from ledger.queries.books.books import book_by_code
from ledger.services.importing import gift_lists

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Purpose(TypedDict):
    """What all contributions of a list are for, and where their money is."""

    fund: str
    campaign: str
    account: int


@command(import_, "gifts")
@click.argument("file", type=_FILE)
@OF_BOOK
@click.option("--fund", default="", help="The fund for all contributions.")
@click.option("--campaign", default="", help="The campaign for all contributions.")
@click.option("--account", type=int, default=Acct.BANK, show_default=True,
              help=(
                  "Where the money is: 1010 for the bank account, 1030 for the cash box."
              ))  # fmt: skip
@click.option("--profile", type=_FILE, help="TOML file that describes the columns.")
@click.option(
    "--without-email",
    is_flag=True,
    help="Import contributions without address as unidentified receipts.",
)
@click.option("--dry-run", is_flag=True, help="Show the result without saving it.")
@pass_console
def import_gifts(
    console: Console,
    file: Path,
    code: str,
    profile: Path | None,
    without_email: bool,
    dry_run: bool,
    **of_all: Unpack[_Purpose],
) -> None:
    """Import a list of contributions (CSV, XLSX) with donor, e-mail address, amount and date."""
    columns = None
    if profile is not None:
        with refusals_name(profile):
            columns = read_profile(profile.read_bytes())
    if file.stat().st_size > MAX_BYTES:
        raise click.UsageError("The file is larger than 10 MB.")
    database, now = console.database(), datetime.now(UTC)
    with database.snapshot() as session:
        currency = book_by_code(session, code).commodity
    with refusals_name(file):
        gifts = read_gifts(file.read_bytes(), columns, currency)

    def load(session: Session) -> gift_lists.GiftsImported:
        book = book_by_code(session, code)
        purpose = gift_lists.purpose_of(session, book=book, **of_all)
        with refusals_name(file):
            return gift_lists.import_gifts(
                session, purpose=purpose, gifts=gifts, without_email=without_email, by=None, now=now
            )

    if dry_run:
        with database.snapshot() as session, refusals_name(file):
            purpose = gift_lists.purpose_of(session, book=book_by_code(session, code), **of_all)
            done = gift_lists.preview_gifts(
                session, purpose=purpose, gifts=gifts, without_email=without_email, now=now
            )
    else:
        done = database.run(load)
    for warning in done.warnings:
        click.echo(f"{file}: {warning}", err=True)
    console.answer(
        done.as_json(),
        f"{done.new} new contributions, {done.known} already known, {done.new_givers} new donors.",
    )
