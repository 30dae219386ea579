"""Commands that open what everything else stands in: the database, books, funds."""

from datetime import UTC, datetime
from typing import Any

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.core.days import day_in
from ledger.core.policies import Profile
from ledger.core.vocabulary import FundClass
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
    console.answer({"revision": revision}, f"The database is now at revision {revision}.")


@cli.group("book")
def book() -> None:
    """Manage books. Each community and each pool has one."""


@command(book, "create")
@click.argument("code")
@click.option("--name", required=True, help="Name of the book.")
@click.option(
    "--kind",
    required=True,
    type=click.Choice(["community", "pool"]),
    help="A community, or a pool of several.",
)
@click.option("--currency", required=True, help="ISO 4217 code, for example EUR.")
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    default=Profile.US_GAAP.value,
    show_default=True,
    help="The accounting rules to begin with.",
)
@click.option("--time-zone", default="UTC", show_default=True, help="For example Europe/Berlin.")
@click.option("--place", default="", help="The community's location.")
@pass_console
def book_create(console: Console, /, code: str, **given: str) -> None:
    """Create a book for a community or a pool, with its time zone."""
    now, new = datetime.now(UTC), book_services.NewBook(code=code, **given)
    console.database().run(lambda session: book_services.create_book(session, new=new, now=now))
    console.answer({"book": code}, f"Created book {code}.")


@command(book, "time-zone")
@click.argument("code")
@click.argument("zone")
@pass_console
def book_time_zone(console: Console, code: str, zone: str) -> None:
    """Change the time zone of a book in which no journal entry is sealed yet."""
    now = datetime.now(UTC)
    console.database().run(
        lambda session: book_services.correct_time_zone(
            session, book=book_by_code(session, code), time_zone=zone, now=now
        )
    )
    console.answer({"book": code, "time_zone": zone}, f"Book {code} now uses the time zone {zone}.")


@command(book, "policy")
@click.argument("code")
@click.argument("choices", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day it applies. Default: today.",
)
@pass_console
def book_policy(
    console: Console, code: str, choices: tuple[str, ...], since: datetime | None
) -> None:
    """Show a book's accounting policies, or override one of its profile."""
    now = datetime.now(UTC)

    def command(session: Session) -> dict[str, Any]:
        found = book_by_code(session, code)
        on = since.date() if since else day_in(found.time_zone, now)
        for choice in choices:
            key, _, value = choice.partition("=")
            choose_policy(session, book=found, key=key, value=value, valid_from_on=on, now=now)
        return {"book": code, "profile": found.profile, **policy_of(session, found, on).document()}

    answer = console.database().run(command)
    console.answer(answer, "\n".join(f"{key} {value}" for key, value in answer.items()))


@cli.group("fund")
def fund() -> None:
    """Manage funds, each with its own restriction."""


@command(fund, "create")
@click.argument("book_code", metavar="BOOK")
@click.argument("code")
@click.option(
    "--class",
    "fund_class",
    required=True,
    type=click.Choice([kind.value for kind in FundClass]),
    help="What the money may be used for.",
)
@click.option("--name", default="", help="Name of the fund. Default: its code.")
@pass_console
def fund_create(console: Console, book_code: str, code: str, fund_class: str, name: str) -> None:
    """Create a fund in a book."""
    console.database().run(
        lambda session: book_services.create_fund(
            session,
            book_id=book_by_code(session, book_code).id,
            fund=book_services.NewFund(code=code, fund_class=fund_class, name=name),
            now=datetime.now(UTC),
        )
    )
    console.answer({"fund": code}, f"Created fund {code} in book {book_code}.")


@cli.group("account")
def account() -> None:
    """Manage the accounts a book has in addition to the chart."""


@command(account, "create")
@click.argument("book_code", metavar="BOOK")
@click.argument("number", type=int)
@click.option("--name", required=True, help="Name of the account.")
@pass_console
def account_create(console: Console, book_code: str, number: int, name: str) -> None:
    """Add an account (1000 to 6999). It cannot be renamed or removed later."""
    console.database().run(
        lambda session: book_services.open_account(
            session, book=book_by_code(session, book_code), number=number, name=name
        )
    )
    console.answer({"account": number}, f"Created account {number} in book {book_code}.")
