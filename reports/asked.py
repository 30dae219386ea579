"""Which report somebody asks for: kept in the row of a background job, read when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ledger.core.vocabulary import BookKind
from ledger.db import ReadSession
from ledger.errors import NotFound
from ledger.queries.books.books import all_books
from reports.build import Scope, scope_of_all, scope_of_book, scope_of_pool
from reports.issue import Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report somebody asks for: the code of a book or pool, or empty for all; its days, both
    included; for which readers; and as known at which instant, or as it is known today."""

    book: str
    since: date
    until: date
    edition: str
    known_at: datetime | None


def scope_for(session: ReadSession, code: str, allowed: set[UUID]) -> Scope:
    """Return the scope of a book, a pool or, without a code, of all books.

    Raises NotFound when one of its books is not among those ``allowed``.
    """
    if not code:
        scope = scope_of_all(session)
    elif code in {book.code for book in all_books(session) if book.kind == BookKind.POOL}:
        scope = scope_of_pool(session, code)
    else:
        scope = scope_of_book(session, code)
    if any(book.id not in allowed for book in scope.books):
        raise NotFound("This report does not exist, or you don't have access to it.", place="book")
    return scope


def wanted_of(asked: Asked, allowed: set[UUID]) -> Wanted:
    """Return the report that a form asks for, of books that are ``allowed``."""
    return Wanted(
        lambda session: scope_for(session, asked.book, allowed),
        asked.since,
        asked.until,
        asked.edition,
        asked.known_at,
    )


def as_parameters(asked: Asked) -> dict[str, str | None]:
    """Return what a form asks for as plain words."""
    known_at = asked.known_at
    return {
        "book": asked.book,
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "edition": asked.edition,
        "known_at": known_at.isoformat() if known_at else None,
    }


def from_parameters(parameters: Mapping[str, Any]) -> Asked:
    """Return what a form asked for from its plain words."""
    known_at = parameters["known_at"]
    return Asked(
        book=parameters["book"],
        since=date.fromisoformat(parameters["since"]),
        until=date.fromisoformat(parameters["until"]),
        edition=parameters["edition"],
        known_at=datetime.fromisoformat(known_at) if known_at else None,
    )
