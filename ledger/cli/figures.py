"""Figures for scripts: received, promised, available, spent, passed on, held for others."""

import click

from ledger.cli.console import Console, cli, command, parse_date, pass_console
from ledger.core.amount import plain_text
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.campaigns.campaigns import campaign_by_slug
from ledger.queries.pledges import figures

SHOWN = (
    "brought_forward",
    "received",
    "advances",
    "other_income",
    "from_communities",
    "spent",
    "passed_on",
    "available",
    "committed",
    "promised",
    "held",
)


@command(cli, "figures")
@click.option("--book", "book", default=None, help="A community's code.")
@click.option("--pool", "pool", default=None, help="A pool's code.")
@click.option("--campaign", "campaign", default=None, help="A campaign's slug.")
@click.option("--fund", "fund", default=None, help="Code of a fund. Requires --book or --pool.")
@click.option(
    "--from",
    "since",
    default=None,
    help="First day included, as an ISO date. Default: from the start.",
)
@click.option(
    "--to", "until", default=None, help="Last day included, as an ISO date. Default: today."
)
@pass_console
def show(
    console: Console,
    book: str | None,
    pool: str | None,
    campaign: str | None,
    fund: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show amounts received, pledged, available, spent and passed on, for one or all."""
    if sum(name is not None for name in (book, pool, campaign)) > 1:
        raise click.UsageError("Use exactly one of --book, --pool and --campaign.")
    if fund is not None and book is None and pool is None:
        raise click.UsageError("Add --book or --pool to say where the fund is.")
    first, last = parse_date(since), parse_date(until)
    with console.database().snapshot() as session:
        scope = _scope(session, book, pool, campaign, fund)
        found = figures.figures(session, scope, since=first, until=last)
    document = figures.document(found)
    lines = [
        f"{row['commodity']:<14} {name.replace('_', ' '):<18} "
        + plain_text(row[name], row["commodity"])
        for row in document["figures"]
        for name in SHOWN
        if row[name]
    ]
    console.answer(document, "\n".join(lines) or "No contributions and no pledges.")


def _scope(
    session: ReadSession,
    book: str | None,
    pool: str | None,
    campaign: str | None,
    fund: str | None,
) -> figures.Scope:
    code = book or pool
    if code is not None:
        found = book_by_code(session, code)
        if (found.kind == figures.POOL) != (pool is not None):
            other = "a pool. Use --pool" if pool is None else "not a pool. Use --book"
            raise NotFound(
                "{code} is {other}.",
                place="book" if pool is None else "pool",
                code=code,
                other=other,
            )
        if fund is not None:
            return figures.scope_of_fund(fund_by_code(session, found.id, fund))
        return figures.scope_of_book(found)
    if campaign is not None:
        return figures.scope_of_campaign(campaign_by_slug(session, campaign))
    return figures.Scope()
