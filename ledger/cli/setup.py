"""Command: from an empty folder to a book whose admin can sign in."""

import sys
from datetime import UTC, datetime

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.cli.doctor import examined, lines
from ledger.core.policies import PROFILES
from ledger.links import Links
from ledger.services.people.sign_in_links import issue_link
from ledger.services.workflow.first_book import FirstBook, open_first_book

QUESTIONS = {
    "name": "Name of your community",
    "code": "Short code in capital letters (for example HALL)",
    "currency": "Currency (for example EUR)",
    "time_zone": "Time zone (for example Europe/Berlin)",
    "place": "Location, as shown to donors",
    "admin_name": "Your name",
    "admin_email": "Your e-mail address",
}


@command(cli, "setup")
@click.option("--name", help="Name of the community.")
@click.option("--code", help="Short code of the book.")
@click.option("--currency", help="ISO 4217 code, for example EUR.")
@click.option("--time-zone", help="Time zone of the book, for example Europe/Berlin.")
@click.option("--place", help="The community's location.")
@click.option(
    "--profile",
    type=click.Choice([*map(str, PROFILES)]),
    default="US_GAAP",
    show_default=True,
    help="The accounting rules to begin with.",
)
@click.option("--admin-name", help="Name of the first admin, who gives others their roles.")
@click.option("--admin-email", help="E-mail address of the admin.")
@pass_console
def setup(console: Console, /, profile: str, **given: str | None) -> None:
    """Create the database and a first book, test mail and Stripe, and sign in the admin.

    Asks for missing values in a terminal. Safe to repeat.
    """
    from migrations import upgrade

    settings, now = console.settings(), datetime.now(UTC)
    plan = FirstBook(profile=profile, **{key: _asked(key, given[key]) for key in QUESTIONS})
    database = console.any_database()
    upgrade(database.engine)
    links = Links(settings.base_url, settings.secret_key)

    def command(session):  # type: ignore[no-untyped-def]
        book = open_first_book(session, plan=plan, now=now)
        return book.code, issue_link(session, email=plan.admin_email, links=links, now=now)

    code, place = database.run(command)
    found, link = examined(console), links.fill(place)
    console.answer(
        {
            "book": code,
            "admin": plan.admin_email,
            "link": link,
            "parts": [{"part": row.part, "ok": row.ok} for row in found],
        },
        "\n".join(
            [
                f"Book {code} created with the fund GEN and the usual skills and equipment.",
                "",
                *lines(found),
                "",
                "Start `poolbook serve` and `poolbook worker`, then sign in within twenty minutes:",
                f"  {link}",
                "Later: `poolbook sign-in-link " + plan.admin_email + "`, `poolbook doctor`.",
            ]
        ),
    )


def _asked(key: str, given: str | None) -> str:
    """Return what was given, or ask where somebody can answer. Raises a usage error otherwise."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"Give --{key.replace('_', '-')}, or run this command in a terminal."
        )
    answer: str = click.prompt(QUESTIONS[key], err=True)
    return answer
