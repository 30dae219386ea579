"""Commands about people: give them roles and end those, erase somebody who asks for it."""

from datetime import UTC, datetime

import click

from ledger.cli.console import Console, cli, command, pass_console
from ledger.db import Session
from ledger.errors import NotFound
from ledger.queries.books.books import book_by_code
from ledger.queries.people.people import people_of, person_by_email
from ledger.services.approvals import role_grants
from ledger.services.people import factors
from ledger.services.people.people import ROLES, create_person, grant_role
from ledger.services.workflow.erasures import erase


@command(cli, "erase")
@click.argument("email")
@pass_console
def erase_somebody(console: Console, email: str) -> None:
    """Erase a person: name, address, messages and free text; the books stay as they are."""
    now, database = datetime.now(UTC), console.database()
    done = database.run(lambda session: erase(session, email=email, now=now))
    if not database.flush_log():
        click.echo("Others are reading: the log still holds old pages for a while.", err=True)
    console.answer(
        {"parties": done.parties, "pledges": done.pledges, "texts": done.texts},
        f"Erased; {done.pledges} pledges stay without a name. Backups made before still hold it.",
    )


@cli.group("role")
def role() -> None:
    """Roles: who may do what in a book. Admins give them on the book's page of people."""


@command(role, "give")
@click.argument("email")
@click.argument("book_code", metavar="BOOK")
@click.argument("name", metavar="ROLE", type=click.Choice(ROLES))
@click.option("--name", "called", default="", help="What the person is called, if new.")
@pass_console
def role_give(console: Console, email: str, book_code: str, name: str, called: str) -> None:
    """Give a role; the first admin of a book is made so."""
    now = datetime.now(UTC)

    def deed(session: Session) -> bool:
        book = book_by_code(session, book_code)
        person = create_person(session, email=email, name=called, now=now)
        given = grant_role(session, person_id=person.id, book_id=book.id, role=name, now=now)
        if given is not None:
            role_grants.told_by_operator(session, book=book, role=name, now=now)
        return given is not None

    new = console.database().run(deed)
    said = "is" if new else "was already"
    console.answer(
        {"email": email, "book": book_code, "role": name, "new": new},
        f"{email} {said} {name} of book {book_code}.",
    )


@command(role, "end")
@click.argument("email")
@click.argument("book_code", metavar="BOOK")
@click.argument("name", metavar="ROLE", type=click.Choice(ROLES))
@pass_console
def role_end(console: Console, email: str, book_code: str, name: str) -> None:
    """End a role at once."""
    now = datetime.now(UTC)

    def deed(session: Session) -> None:
        book = book_by_code(session, book_code)
        held = [
            row
            for row in people_of(session, book_id=book.id, now=now)
            if (row.email, row.role) == (email.strip().lower(), name)
        ]
        if not held:
            raise NotFound("Nobody has this role here.", place="role")
        for row in held:
            role_grants.take_role(session, book=book, membership_id=row.id, taken_by=None, now=now)

    console.database().run(deed)
    console.answer(
        {"email": email, "book": book_code, "role": name},
        f"{email} is not {name} of book {book_code} any more.",
    )


@command(cli, "reset-factors")
@click.argument("email")
@pass_console
def reset_factors(console: Console, email: str) -> None:
    """Remove the passkeys, app and recovery codes of somebody who lost them.

    For the only admin of a community, whom nobody else can help; make sure that it is them who
    asks. They are told by mail, are signed out everywhere, and what their roles may change waits
    until they have set up another factor.
    """
    now = datetime.now(UTC)

    def deed(session: Session) -> None:
        person = person_by_email(session, email)
        if person is None:
            raise NotFound("Nobody here has this address.", place="email")
        factors.reset(session, person_id=person.id, by=None, now=now)

    console.database().run(deed)
    console.answer(
        {"email": email},
        f"{email} has no second factor any more and was told by mail.",
    )
