"""Commands about periods: which are closed, and what a treasurer does or asks for.

Whoever is named with --by must be a treasurer of the book; approvers decide on their page.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from ledger.auth import require
from ledger.cli.console import OF_BOOK, Console, cli, command, parse_date, pass_console
from ledger.core.days import day_in
from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.accounting import periods as questions
from ledger.queries.books.books import book_by_code
from ledger.queries.people.people import person_by_email
from ledger.services.accounting import periods

Result = TypeVar("Result")


@cli.group("period")
def period() -> None:
    """List periods, soft-close them, and request to close or reopen them."""


@command(period, "list")
@OF_BOOK
@pass_console
def list_periods(console: Console, code: str) -> None:
    """Show closed periods, whether they still agree, and what keeps others open."""
    with console.database().snapshot() as session:
        book = book_by_code(session, code)
        soft = questions.soft_closes_of(session, book_id=book.id)
        rows = questions.periods_of(session, book_id=book.id)
        today = day_in(book.time_zone, datetime.now(UTC))
        waiting = questions.blockers(session, book_id=book.id, until=today)
    found: list[dict[str, Any]] = [
        {"until": row.until_on.isoformat(), "state": "softly_closed"} for row in soft
    ]
    for row in rows:
        found.append(
            {
                "until": row.until_on.isoformat(),
                "state": row.state,
                "snapshot_sha256": row.snapshot_sha256,
                "size": row.log_size,
                "root": row.log_root,
                "agrees": row.agrees,
            }
        )
    text = "\n".join(f"{row['until']}  {row['state']}" for row in found)
    console.answer({"periods": found, "waiting": dict(waiting)}, text or "No period is closed.")


@command(period, "soft-close")
@OF_BOOK
@click.option("--until", required=True, help="Last day included, as an ISO date.")
@click.option("--reason", required=True, help="Why; it is kept with the period.")
@click.option("--by", "email", required=True, help="The treasurer's e-mail address.")
@pass_console
def soft_close(console: Console, code: str, until: str, reason: str, email: str) -> None:
    """Allow only approved entries up to a date."""
    day, now = _day(until), datetime.now(UTC)
    _as_treasurer(
        console,
        code,
        email,
        lambda session, book, person: periods.soft_close(
            session, book=book, until=day, reason=reason, made_by=person, now=now
        ),
    )
    console.answer({"until": until}, f"Book {code} has a soft close up to {until}.")


@command(period, "close")
@OF_BOOK
@click.option("--until", required=True, help="Last day included, as an ISO date.")
@click.option("--reason", required=True, help="Why; it is kept with the period.")
@click.option("--by", "email", required=True, help="The treasurer's e-mail address.")
@click.option(
    "--unreconciled", default="", help="Why it can be closed without a signed reconciliation."
)
@pass_console
def close(
    console: Console, code: str, until: str, reason: str, email: str, unreconciled: str
) -> None:
    """Request approval to close a period."""
    day, now = _day(until), datetime.now(UTC)
    asked = _as_treasurer(
        console,
        code,
        email,
        lambda session, book, person: periods.propose_closing(
            session,
            book=book,
            until=day,
            reason=reason,
            made_by=person,
            now=now,
            unreconciled=unreconciled,
        ),
    )
    console.answer({"proposal": str(asked.id)}, "Requested. An approver decides.")


@command(period, "reopen")
@OF_BOOK
@click.option("--reason", required=True, help="Why; it is kept with the period.")
@click.option("--by", "email", required=True, help="The treasurer's e-mail address.")
@pass_console
def reopen(console: Console, code: str, reason: str, email: str) -> None:
    """Request approval by two people to reopen the last closed period."""
    now = datetime.now(UTC)

    def command(session: Session, book: Book, person: UUID) -> Any:
        return periods.propose_reopening(
            session,
            book=book,
            period_id=questions.last_closed(session, book_id=book.id),
            reason=reason,
            made_by=person,
            now=now,
        )

    asked = _as_treasurer(console, code, email, command)
    console.answer({"proposal": str(asked.id)}, "Requested. Two approvers decide.")


def _as_treasurer(
    console: Console, code: str, email: str, command: Callable[[Session, Book, UUID], Result]
) -> Result:
    """Run a command as somebody who may propose closings. Raises NotAllowed for anybody else."""

    def check(session: Session) -> Result:
        book = book_by_code(session, code)
        person = person_by_email(session, email)
        person_id = person.id if person else None
        now = datetime.now(UTC)
        require(session, person_id=person_id, book_id=book.id, action="propose_closing", now=now)
        assert person_id is not None, "require refuses nobody"
        return command(session, book, person_id)

    return console.database().run(check)


def _day(text: str) -> date:
    found = parse_date(text)
    if found is None:
        raise click.UsageError("A date is missing.")
    return found
