"""Commands about pledges: those that nobody will keep are let go."""

from datetime import UTC, datetime
from typing import Any

import click

from ledger.cli.console import OF_BOOK, Console, cli, command, pass_console
from ledger.core.days import day_in
from ledger.core.written import counted
from ledger.db import Session
from ledger.queries.books.books import book_by_code
from ledger.services.pledges.expiry import lapse_overdue, overdue


@cli.group("pledge")
def pledge() -> None:
    """Manage pledges."""


@command(pledge, "lapse")
@OF_BOOK
@click.option("--dry-run", is_flag=True, help="List them without changing anything.")
@pass_console
def pledge_lapse(console: Console, code: str, dry_run: bool) -> None:
    """Let pledges lapse that are older than the book's policy allows."""
    now = datetime.now(UTC)

    def command(session: Session) -> dict[str, Any]:
        book = book_by_code(session, code)
        today = day_in(book.time_zone, now)
        if dry_run:
            names = [row.reference for row in overdue(session, book=book, on=today)]
        else:
            names = lapse_overdue(session, book=book, on=today, now=now)
        return {"book": code, "lapsed": names, "written": not dry_run}

    answer = console.database().run(command)
    verb = "would lapse" if dry_run else "lapsed"
    console.answer(answer, f"{counted(len(answer['lapsed']), 'pledge', 'pledges')} {verb}.")
