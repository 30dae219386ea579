"""Commands that bring data in: entries, statements, histories. All of a file or nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click

from ledger.bank_files import FORMATS as BANK_FORMATS
from ledger.bank_files import read_profile, read_statement
from ledger.cli.console import OF_BOOK, Console, cli, command, pass_console, refusals_name
from ledger.core.written import counted
from ledger.db import Session
from ledger.importers import FORMATS, LEAVABLE, read_history, read_mapping, write_mapping
from ledger.queries.books.books import book_by_code
from ledger.services.importing import bulk, ledgers, tables
from ledger.services.statements import statements

BALANCED = {True: "balanced", False: "NOT BALANCED", None: "states no two balances"}


@cli.group("import")
def import_() -> None:
    """Import journal entries, bank statements, contributions and other ledgers."""


@command(import_, "entries")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--book", "code", default=None, help="Import only the entries of this book.")
@pass_console
def import_entries(console: Console, file: Path, code: str | None) -> None:
    """Import journal entries from JSON lines, all or none."""

    def load(session: Session) -> bulk.Imported:
        with refusals_name(file), file.open("rb") as opened:
            lines = bulk.lines_of(opened)
            return bulk.import_entries(session, lines=lines, book=code, now=datetime.now(UTC))

    # The journal's guards decide, and nothing that was read: others can post meanwhile.
    done = console.database().run(load, decides=False)
    console.answer(
        {"entries": done.entries, "postings": done.postings, "duplicates": done.duplicates},
        f"{done.entries} entries with {done.postings} postings imported, "
        f"{done.duplicates} already known.",
    )


@command(import_, "statement")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", required=True, help="BOOK/1010")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(BANK_FORMATS),
    default="auto",
    show_default=True,
    help="Kind of the file, if it is not to be recognised.",
)
@click.option("--dry-run", is_flag=True, help="Show the result without saving it.")
@click.option(
    "--profile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file that describes the columns of a table (CSV, XLSX).",
)
@click.option("--opening", help="Balance before the first line, if the table does not state it.")
@click.option(
    "--bank-account",
    "only",
    multiple=True,
    help="Import only this account of the file (number or number/CURRENCY).",
)
@click.option(
    "--same-as", default="", help="The account in the file is this known account under a new name."
)
@click.option(
    "--further-account",
    "further",
    is_flag=True,
    help="The account in the file is an additional one under the same ledger account.",
)
@pass_console
def import_statement(
    console: Console,
    /,
    file: Path,
    account: str,
    file_format: str,
    dry_run: bool,
    profile: Path | None,
    opening: str | None,
    **accounts: Any,
) -> None:
    """Import a bank statement: camt, MT940, OFX, a table (CSV, XLSX), or a ZIP of them."""
    code, _, number = account.partition("/")
    if not number.isascii() or not number.isdigit():
        raise click.UsageError("--account must be a book and an account, like A/1010.")
    columns = None
    if profile is not None:
        with refusals_name(profile):
            columns = read_profile(profile.read_bytes())
    database = console.database()
    with database.snapshot() as session:
        book = book_by_code(session, code)
        currency = book.commodity
        known = tables.remembered_for(session, book_id=book.id, account=int(number))
    with refusals_name(file):
        read = read_statement(
            file.read_bytes(),
            file_format,
            profile=columns,
            opening=opening,
            currency=currency,
            remembered=known,
        )
    call: dict[str, Any] = {
        "account": int(number),
        "file": read,
        "choice": statements.Choice(**accounts),
    }

    def load(session: Session) -> statements.Imported:
        return statements.import_statement(
            session,
            book=book_by_code(session, code),
            imported_by=None,
            now=datetime.now(UTC),
            **call,
        )

    if dry_run:
        with database.snapshot() as session:
            done = statements.preview_statement(session, book=book_by_code(session, code), **call)
    else:
        done = database.run(load)
    text = "\n".join(
        f"{row['id']}  {row['account']}  {row['currency']}  {row['opening']} → {row['closing']}"
        f"  {row['lines']} lines  {BALANCED[row['balanced']]}"
        for row in done.statements
    )
    for row in done.statements:
        for warning in row["warnings"]:
            click.echo(f"{row['id']}: {warning}", err=True)
    for sentence in done.refused:
        click.echo(f"The import would be rejected: {sentence}", err=True)
    console.answer(
        done.as_json(), f"{text}\n{done.new} new lines, {done.duplicates} already known."
    )


class _Reading(TypedDict):
    """How the file of another ledger is read: its kind, and what of it is left out."""

    file_format: str
    leave_out: tuple[str, ...]


@command(import_, "journal")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@OF_BOOK
@click.option(
    "--format",
    "file_format",
    default="auto",
    show_default=True,
    type=click.Choice(FORMATS),
    help="Kind of the file, if it is not to be recognised.",
)
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file that says what each account and commodity is; else every account is opened "
    "under its own name.",
)
@click.option(
    "--propose",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a mapping for you to edit, and import nothing.",
)
@click.option(
    "--fund", default=None, help="Fund for everything that names none, if there is no --mapping."
)
@click.option(
    "--leave-out",
    multiple=True,
    type=click.Choice(LEAVABLE),
    help="Leave out transactions that were generated from others.",
)
@click.option("--dry-run", is_flag=True, help="Show the result of the import without saving it.")
@pass_console
def import_journal(
    console: Console,
    file: Path,
    code: str,
    mapping: Path | None,
    propose: Path | None,
    fund: str | None,
    dry_run: bool,
    **reading: Unpack[_Reading],
) -> None:
    """Import the history of another ledger.

    Reads hledger, ledger and beancount files with the files they include, GnuCash books (XML or
    SQLite), timeclock and timedot files, and journals that GnuCash or Xero exported as CSV.
    """
    if mapping is not None and (propose is not None or fund is not None):
        raise click.UsageError("--mapping cannot be used with --propose or --fund.")
    with refusals_name(file):
        history = read_history(file, reading["file_format"], frozenset(reading["leave_out"]))
    database = console.database()
    if propose is not None:
        with database.snapshot() as session:
            found = ledgers.propose_mapping(
                session, book=book_by_code(session, code), history=history, fund=fund
            )
        with propose.open("x", encoding="utf-8") as out:
            out.write(write_mapping(found))
        console.answer(
            {"accounts": len(found.accounts), "commodities": len(found.commodities)},
            f"{propose} contains a mapping of "
            f"{counted(len(found.accounts), 'account', 'accounts')}. "
            f"Check it, then import with --mapping {propose}.",
        )
        return
    given = None
    if mapping is not None:
        with refusals_name(mapping):
            given = read_mapping(mapping.read_bytes())

    def load(session: Session) -> ledgers.HistoryImported:
        book = book_by_code(session, code)
        with refusals_name(file):
            return (ledgers.preview_history if dry_run else ledgers.import_history)(
                session,
                book=book,
                history=history,
                mapping=given
                or ledgers.propose_mapping(session, book=book, history=history, fund=fund),
                now=datetime.now(UTC),
            )

    done = database.run(load)
    for warning in (*history.warnings, *done.warnings):
        click.echo(f"{file}: {warning}", err=True)
    told = "would be imported" if dry_run else "imported"
    console.answer(
        {
            "entries": done.entries,
            "postings": done.postings,
            "duplicates": done.duplicates,
            "commodities": len(done.commodities),
            "codes": list(done.commodities),
            "opened": list(done.opened),
            "warnings": [*history.warnings, *done.warnings],
        },
        f"{counted(done.entries, 'entry', 'entries')} with "
        f"{counted(done.postings, 'posting', 'postings')} {told}, {done.duplicates} already "
        f"known. {counted(len(done.opened), 'account', 'accounts')} "
        f"{'would be' if dry_run else 'were'} opened.",
    )
