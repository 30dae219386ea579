"""Commands that change nothing in the books: every rule on the live data, and balances."""

import sys
import time
from datetime import UTC, datetime

import click

from ledger.cli.console import (
    OF_BOOK,
    Console,
    cli,
    command,
    parse_date,
    parse_instant,
    pass_console,
)
from ledger.core.amount import plain_text
from ledger.logs import milliseconds_since
from ledger.queries import invariants
from ledger.queries.books import balances
from ledger.queries.books.books import book_by_code
from ledger.services.workflow.nightly import record_check
from ledger.stored_files import StoredFiles


@command(cli, "check")
@click.option(
    "--record", is_flag=True, help="Keep the result for pages and figures, as the worker does."
)
@pass_console
def check(console: Console, record: bool) -> None:
    """Check the live data against every rule of the books. Exit code 1 if one is broken."""
    database, began = console.database(), time.perf_counter()
    with database.snapshot() as session:
        results = invariants.check(session, StoredFiles.of(console.settings().data))
    if record:
        duration_ms, now = milliseconds_since(began), datetime.now(UTC)
        database.run(
            lambda session: record_check(session, results=results, duration_ms=duration_ms, now=now)
        )
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
@OF_BOOK
@click.option("--as-of", default=None, help="Last day included, as an ISO date.")
@click.option("--known-at", default=None, help="ISO instant.")
@pass_console
def trial_balance(console: Console, code: str, as_of: str | None, known_at: str | None) -> None:
    """Show all non-zero balances of a book."""
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
        f"{row.account}  {row.fund:<10} {row.layer:<4} {row.commodity:<14} "
        + plain_text(row.quantity, row.commodity).rjust(22)
        for row in rows
    )
    console.answer(document, text or "The book is empty.")
