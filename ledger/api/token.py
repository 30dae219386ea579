"""Who calls: a bearer token's owner and scopes; and what may be done with it.

Every view of the API says once which scope it needs (``blueprint.needs``), or that it needs none.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask, current_app, g, request

from ledger import auth
from ledger.core.written import format_day
from ledger.errors import NotAllowed
from ledger.models.books import Book
from ledger.models.people import ApiToken
from ledger.queries.books.books import book_by_code
from ledger.services.people.tokens import (
    SCOPES,
    allows,
    note_use,
    scope_in,
    token_of_secret,
    use_is_due,
)

# What a view is marked with that needs no token.
PUBLIC = "public"
MARK = "scope"
LONGEST_HEADER = 200


def parts() -> Any:
    """Return the parts of the running program: db, settings, gateway, clock."""
    return current_app.extensions["poolbook"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a token and what the token is for."""

    person_id: UUID
    scopes: frozenset[str]


def caller_or_none() -> Caller | None:
    """Return who calls; None without a good token. Raises NotAllowed for one that has ended."""
    if "caller" not in g:
        header = request.headers.get("Authorization", "")
        g.caller = None
        if header.startswith("Bearer ") and len(header) < LONGEST_HEADER:
            with parts().db.snapshot() as session:
                found = token_of_secret(session, secret=header.removeprefix("Bearer ").strip())
            g.caller = _used(found) if found else None
    found_caller: Caller | None = g.caller
    return found_caller


def _used(token: ApiToken) -> Caller:
    """Note the use of a token that still works. Raises NotAllowed."""
    now = parts().clock()
    if token.expires_at <= now:
        day = format_day(token.expires_at.date())
        raise NotAllowed(
            "This token expired on {day}. Create a new one under Access tokens.", day=day
        )
    if use_is_due(token, now):
        parts().db.run(lambda session: note_use(session, token_id=token.id, now=now), decides=False)
    return Caller(token.person_id, frozenset(token.scopes.split()))


def caller(book_code: str | None) -> Caller:
    """Return who calls when their token has the scope that the view needs, for a book or for any.

    Raises NotAllowed, naming the scope that is missing.
    """
    who = caller_or_none()
    if who is None:
        raise NotAllowed("Send a valid token in the header 'Authorization: Bearer …'.")
    scope = scope_of(request.endpoint or "")
    if not allows(who.scopes, scope, book_code):
        missing = scope if book_code is None else scope_in(scope, book_code)
        raise NotAllowed("This token does not have the scope {missing}.", missing=missing)
    return who


def book_for(code: str) -> Book:
    """Return a book in which the caller may do what the view is for.

    Raises NotAllowed, NotFound.
    """
    who = caller(code)
    action = SCOPES[scope_of(request.endpoint or "")]
    with parts().db.snapshot() as session:
        book = book_by_code(session, code)
        auth.require(
            session,
            person_id=who.person_id,
            book_id=book.id,
            action=action,
            now=parts().clock(),
            writes=request.method not in ("GET", "HEAD", "OPTIONS"),
        )
    return book


def scope_of(endpoint: str) -> str:
    """Return the scope that a view needs, or ``PUBLIC``. Raises LookupError for one without."""
    scope: str | None = getattr(current_app.view_functions[endpoint], MARK, None)
    if scope is None:
        raise LookupError(f"{endpoint} says no scope")
    return scope


def check() -> None:
    """Refuse a call without a token for its kind before anything of it is read."""
    if scope_of(request.endpoint or "") != PUBLIC:
        caller((request.view_args or {}).get("code"))


def check_marks(app: Flask, blueprints: set[str]) -> None:
    """Raise LookupError for a view of these blueprints that does not say which scope it needs."""
    for endpoint, view in app.view_functions.items():
        marked = getattr(view, MARK, None)
        if endpoint.split(".")[0] in blueprints and marked not in {PUBLIC, *SCOPES}:
            raise LookupError(f"{endpoint} says no scope; mark it with blueprint.needs")
