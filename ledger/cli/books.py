"""Commands that open what everything else stands in: the database, books, funds."""

from datetime import UTC, datetime
from typing import Any

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.core.days import day_in
from ledger.db import Session
from ledger.queries.books.books import book_by_code
from ledger.queries.books.policies import policy_of
from ledger.services.books import books as book_services
from ledger.services.books.policies import choose_policy


@command(cli, "init")
@pass_console
def init(console: Console) -> None:
    """Create or migrate the database."""
    from migrations import upgrade

    revision = upgrade(console.any_database().engine)
    console.answer({"revision": revision}, f"The database is at revision {revision}.")


@cli.group("book")
def book() -> None:
    """Books: one per community or pool."""


@command(book, "create")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--kind", required=True, type=click.Choice(["community", "pool"]))
@click.option("--currency", required=True)
@click.option("--profile", default="US_GAAP", show_default=True)
@click.option("--time-zone", default="UTC", show_default=True, help="As in Europe/Berlin.")
@click.option("--place", default="", help="Where it is.")
@pass_console
def book_create(console: Console, /, code: str, **given: str) -> None:
    """Open a community's or a pool's book; the days of its entries are days in its time zone."""
    now = datetime.now(UTC)
    console.database().run(
        lambda session: book_services.create_book(session, code=code, now=now, **given)
    )
    console.answer({"book": code}, f"Book {code} is open.")


@command(book, "time-zone")
@click.argument("code")
@click.argument("zone")
@pass_console
def book_time_zone(console: Console, code: str, zone: str) -> None:
    """Correct the time zone of a book in which nothing is booked yet."""
    now = datetime.now(UTC)
    console.database().run(
        lambda session: book_services.correct_time_zone(
            session, book=book_by_code(session, code), time_zone=zone, now=now
        )
    )
    console.answer({"book": code, "time_zone": zone}, f"The days of {code} are days in {zone}.")


@command(book, "policy")
@click.argument("code")
@click.argument("choices", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="The first day; today.")
@pass_console
def book_policy(
    console: Console, code: str, choices: tuple[str, ...], since: datetime | None
) -> None:
    """Show what the books' accounting rules decide, or choose otherwise than the profile."""
    now = datetime.now(UTC)

    def deed(session: Session) -> dict[str, Any]:
        found = book_by_code(session, code)
        on = since.date() if since else day_in(found.time_zone, now)
        for choice in choices:
            key, _, value = choice.partition("=")
            choose_policy(session, book=found, key=key, value=value, valid_from_on=on, now=now)
        return {"book": code, "profile": found.profile, **policy_of(session, found, on).document()}

    answer = console.database().run(deed)
    console.answer(answer, "\n".join(f"{key} {value}" for key, value in answer.items()))


@cli.group("fund")
def fund() -> None:
    """Funds: slices of a book with their own restriction."""


@command(fund, "create")
@click.argument("book_code", metavar="BOOK")
@click.argument("code")
@click.option("--class", "fund_class", required=True)
@click.option("--name", default="")
@pass_console
def fund_create(console: Console, book_code: str, code: str, fund_class: str, name: str) -> None:
    """Open a fund in a book."""
    console.database().run(
        lambda session: book_services.create_fund(
            session,
            book_id=book_by_code(session, book_code).id,
            code=code,
            fund_class=fund_class,
            name=name,
            now=datetime.now(UTC),
        )
    )
    console.answer({"fund": code}, f"Fund {code} of book {book_code} is open.")


@cli.group("account")
def account() -> None:
    """Accounts that a book has besides those of the chart."""


@command(account, "create")
@click.argument("book_code", metavar="BOOK")
@click.argument("number", type=int)
@click.option("--name", required=True)
@pass_console
def account_create(console: Console, book_code: str, number: int, name: str) -> None:
    """Add an account of value (1000 to 6999); it stays for good, with its name."""
    console.database().run(
        lambda session: book_services.open_account(
            session, book=book_by_code(session, book_code), number=number, name=name
        )
    )
    console.answer({"account": number}, f"Account {number} of book {book_code} is open.")
