"""Commands about outgoing mail: try the relay, see what waits, try again, sign somebody in.

No command shows what a message says.
"""

from datetime import UTC, datetime

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.errors import Conflict
from ledger.ids import new_id
from ledger.links import Links
from ledger.mail import Letter, MailDown, MailLater, MailRefused, MailServer
from ledger.queries.jobs.outbox import STATES, messages_in, waiting_now
from ledger.services.jobs import outbox
from ledger.services.people.people import clean_email
from ledger.services.people.sign_in_links import issue_link


@cli.group("mail")
def mail() -> None:
    """Test the mail server, list outgoing messages, and retry failed ones."""


@command(mail, "test")
@click.argument("email")
@pass_console
def test(console: Console, email: str) -> None:
    """Send a test message now and show the mail server's response. Exit code 1 if it fails."""
    settings, address = console.settings(), clean_email(email)
    if settings.mail is None:
        raise Conflict("No mail server is set.", place="POOLBOOK_MAIL_URL")
    letter = Letter(
        id=new_id(),
        to_email=address,
        subject="Poolbook mail test",
        text="This message tests the mail settings. You do not need to do anything.",
        written_at=datetime.now(UTC),
    )
    try:
        with MailServer(settings.mail, settings.base_url).connected() as relay:
            relay.send(letter)
    except (MailDown, MailLater, MailRefused) as error:
        raise Conflict(
            "{host} does not accept the mail: {error}.", host=settings.mail.host, error=error
        ) from error
    console.answer(
        {"sent": True, "relay": settings.mail.host}, f"{settings.mail.host} accepted the message."
    )


@command(mail, "list")
@click.option(
    "--state", type=click.Choice(STATES), default=None, help="Only messages with this status."
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many, the newest first.",
)
@pass_console
def show(console: Console, state: str | None, limit: int) -> None:
    """List the latest messages with time, recipient, subject and status."""
    with console.database().snapshot() as session:
        rows = messages_in(session, state=state, limit=limit)
        waiting = waiting_now(session)
    console.answer(
        {
            "waiting": waiting,
            "messages": [
                {
                    "id": str(row.id),
                    "to": row.to_email,
                    "subject": row.subject,
                    "state": row.state,
                    "written_at": row.written_at.isoformat(),
                    "attempts": row.attempts,
                    "error": row.error,
                }
                for row in rows
            ],
        },
        "\n".join(
            [
                *(
                    f"{row.written_at:%Y-%m-%d %H:%M}  {row.state:<8}  {row.to_email}  "
                    f"{row.subject}" + (f"  ({row.error})" if row.error else "")
                    for row in rows
                ),
                f"{waiting} wait.",
            ]
        ),
    )


@command(mail, "retry")
@pass_console
def retry(console: Console) -> None:
    """Retry the messages that failed in the last three days."""
    now = datetime.now(UTC)
    again = console.database().run(lambda session: outbox.retry(session, now=now))
    console.answer({"again": again}, f"{again} messages will be retried.")


@command(cli, "sign-in-link")
@click.argument("email")
@pass_console
def sign_in_link(console: Console, email: str) -> None:
    """Print a single-use sign-in link for a person who cannot receive mail. Keep it secret."""
    settings, now = console.settings(), datetime.now(UTC)
    links = Links(settings.base_url, settings.secret_key)
    place = console.database().run(
        lambda session: issue_link(session, email=email, links=links, now=now)
    )
    link = links.fill(place)
    console.answer({"link": link}, link)
