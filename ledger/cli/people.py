"""Commands about people: give them roles and end those, erase somebody who asks for it."""

from datetime import UTC, datetime

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.core.vocabulary import Role
from ledger.db import Session
from ledger.errors import NotFound
from ledger.queries.books.books import book_by_code
from ledger.queries.people.people import people_of, person_by_email
from ledger.services.approvals import role_grants
from ledger.services.people import factors, installation_admins
from ledger.services.people.people import create_person, grant_role
from ledger.services.workflow.erasures import erase


@command(cli, "erase")
@click.argument("email")
@pass_console
def erase_somebody(console: Console, email: str) -> None:
    """Erase a person's name, address, messages and free text. The books do not change."""
    now, database = datetime.now(UTC), console.database()
    done = database.run(lambda session: erase(session, email=email, now=now))
    if not database.flush_log():
        click.echo(
            "The database is in use, so its log may contain the erased data for a while.", err=True
        )
    console.answer(
        {"parties": done.parties, "pledges": done.pledges, "texts": done.texts},
        f"Erased. {done.pledges} pledges remain without a name. Earlier backups still contain it.",
    )


INSTALLATION = click.option(
    "--installation", is_flag=True, help="The role of no book: it looks after the installation."
)


@cli.group("role")
def role() -> None:
    """Manage roles in a book. Admins can also do this on the book's People page."""


@command(role, "give")
@click.argument("email")
@click.argument("book_code", metavar="[BOOK]", default="")
@click.argument(
    "name", metavar="[ROLE]", type=click.Choice([role.value for role in Role]), required=False
)
@INSTALLATION
@click.option("--name", "called", default="", help="The person's name, if new.")
@pass_console
def role_give(
    console: Console, email: str, book_code: str, name: str | None, called: str, installation: bool
) -> None:
    """Give a person a role, for example a book's first admin."""
    now = datetime.now(UTC)
    name = _check_which(book_code, name, installation)

    def command(session: Session) -> bool:
        if installation:
            person = create_person(session, email=email, name=called, now=now)
            return installation_admins.give(session, person_id=person.id, now=now)
        book = book_by_code(session, book_code)
        person = create_person(session, email=email, name=called, now=now)
        given = grant_role(session, person_id=person.id, book_id=book.id, role=name, now=now)
        if given is not None:
            role_grants.told_by_operator(session, book=book, role=name, now=now)
        return given is not None

    new = console.database().run(command)
    said = "is" if new else "was already"
    if installation:
        console.answer(
            {"email": email, "role": installation_admins.NAME, "new": new},
            f"{email} {said} an admin of this installation.",
        )
        return
    console.answer(
        {"email": email, "book": book_code, "role": name, "new": new},
        f"{email} {said} {name} of book {book_code}.",
    )


def _check_which(book_code: str, name: str | None, installation: bool) -> str:
    """Return the role, empty for that of the installation. A role of a book and of the installation
    at once, or neither, is wrong usage."""
    if installation == bool(book_code) or bool(book_code) != bool(name):
        raise click.UsageError("Give a BOOK and a ROLE, or --installation.")
    return name or ""


@command(role, "end")
@click.argument("email")
@click.argument("book_code", metavar="[BOOK]", default="")
@click.argument(
    "name", metavar="[ROLE]", type=click.Choice([role.value for role in Role]), required=False
)
@INSTALLATION
@pass_console
def role_end(
    console: Console, email: str, book_code: str, name: str | None, installation: bool
) -> None:
    """End a role immediately."""
    now = datetime.now(UTC)
    name = _check_which(book_code, name, installation)

    def command(session: Session) -> None:
        if installation:
            person = person_by_email(session, email)
            if person is None:
                raise NotFound("This person does not look after this installation.", place="role")
            installation_admins.end(session, person_id=person.id, now=now)
            return
        book = book_by_code(session, book_code)
        held = [
            row
            for row in people_of(session, book_id=book.id, now=now)
            if (row.email, row.role) == (email.strip().lower(), name)
        ]
        if not held:
            raise NotFound("This person does not have this role here.", place="role")
        for row in held:
            role_grants.take_role(session, book=book, membership_id=row.id, taken_by=None, now=now)

    console.database().run(command)
    if installation:
        console.answer(
            {"email": email, "role": installation_admins.NAME},
            f"{email} is no longer an admin of this installation.",
        )
        return
    console.answer(
        {"email": email, "book": book_code, "role": name},
        f"{email} no longer has the role {name} in book {book_code}.",
    )


@command(cli, "reset-factors")
@click.argument("email")
@pass_console
def reset_factors(console: Console, email: str) -> None:
    """Remove a person's passkeys, authenticator app and recovery codes.

    For the only admin of a community, whom nobody else can help; make sure that it is them who
    asks. They are told by mail, are signed out everywhere, and what their roles may change waits
    until they have set up another factor.
    """
    now = datetime.now(UTC)

    def command(session: Session) -> None:
        person = person_by_email(session, email)
        if person is None:
            raise NotFound("There is no person or donor with this address here.", place="email")
        factors.reset(session, person_id=person.id, by=None, now=now)

    console.database().run(command)
    console.answer(
        {"email": email},
        f"Removed the second factors of {email} and notified them by mail.",
    )
