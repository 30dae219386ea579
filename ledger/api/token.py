"""Who calls: a bearer token's owner and scopes; and what may be done with it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app, g, request

from ledger import auth
from ledger.errors import NotAllowed
from ledger.models.books import Book
from ledger.queries.books import book_by_code
from ledger.services.people import token_owner

# The addresses that need no token; every other, and every new one, does.
PUBLIC = frozenset({"api_books.index", "api_campaigns.index", "api_campaigns.show"})


def parts() -> Any:
    """Return the parts of the running program: db, settings, gateway, clock."""
    return current_app.extensions["poolbook"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a token and what the token is for."""

    person_id: UUID
    scopes: frozenset[str]


def caller_or_none() -> Caller | None:
    """Return who calls; None without a good token."""
    if "caller" not in g:
        header = request.headers.get("Authorization", "")
        g.caller = None
        if header.startswith("Bearer ") and len(header) < 200:
            with parts().db.snapshot() as session:
                found = token_owner(session, secret=header.removeprefix("Bearer ").strip())
            g.caller = Caller(*found) if found else None
    found_caller: Caller | None = g.caller
    return found_caller


def caller(scope: str) -> Caller:
    """Return who calls when their token has a scope. Raises NotAllowed."""
    who = caller_or_none()
    if who is None:
        raise NotAllowed("Send a good token as 'Authorization: Bearer …'.")
    if scope not in who.scopes:
        raise NotAllowed(f"This token is not for {scope}.")
    return who


def book_for(action: str, code: str, *, scope: str) -> Book:
    """Return a book in which the caller may do something. Raises NotAllowed, NotFound."""
    who = caller(scope)
    with parts().db.snapshot() as session:
        book = book_by_code(session, code)
        auth.require(
            session, person_id=who.person_id, book_id=book.id, action=action, now=parts().clock()
        )
    return book


def check() -> None:
    """Refuse a call without a token for its kind before anything of it is read."""
    if request.endpoint not in PUBLIC:
        caller("read" if request.method in ("GET", "HEAD", "OPTIONS") else "write")
