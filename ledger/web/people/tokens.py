"""One's own API tokens: make one, see which there are, end one. A secret is shown once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Invalid
from ledger.models.people import ApiToken
from ledger.queries.people import people as people_queries
from ledger.schemas.tokens import DAYS, NewTokenForm
from ledger.services.people import tokens
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("tokens", __name__)
# What each scope allows, in the words of those who choose it.
WORDS = {
    "read-reports": later("Read reports and figures"),
    "read-books": later("Read journal entries and balances"),
    "import": later("Import bank statements"),
    "propose": later("Request journal entries, which another person approves"),
    "pledge": later("Make pledges in your name"),
}
TICKED = "on"
# A token that ends within so many days is pointed out.
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Shown:
    """A token as its owner sees it: what it may do, by book, and whether it still works."""

    row: ApiToken
    may: list[tuple[str, list[str]]]
    state: str
    soon: bool


@pages.get("/tokens")
def show() -> Response:
    """Show one's tokens and the form for another."""
    return _page({"days": str(tokens.USUAL_DAYS)} | held_answers(), {})


@pages.post("/tokens")
@fresh_needed
def create() -> Response:
    """Make a token and show its secret, this once: only its hash is kept."""
    person = signed_in()
    try:
        form = request.form.to_dict()
        scopes = [name for name in _offered() if form.get(name) == TICKED]
        answers = read_form(NewTokenForm(), {k: v for k, v in form.items() if k not in scopes})
        secret = write(
            lambda session: tokens.create_token(
                session,
                person_id=person.id,
                name=answers.name,
                scopes=scopes,
                days=int(answers.days),
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(request.form.to_dict(), {"form": [refusal.message]}, 409)
    return _page({"days": str(tokens.USUAL_DAYS)}, {}, 201, secret=secret)


@pages.post("/tokens/<uuid:token_id>/revoke")
def revoke(token_id: UUID) -> Response:
    """End a token of one's own, at once."""
    person = signed_in()
    write(
        lambda session: tokens.revoke_token(
            session, person_id=person.id, token_id=token_id, now=now()
        )
    )
    flash(_("Revoked. Programs that used this token no longer have access."))
    return redirect(url_for("tokens.show"), 303)


def _offered() -> dict[str, str]:
    """Return the scopes that the visitor's own roles allow, each for one book, with its words."""
    return {
        tokens.scope_in(scope, book.code): str(WORDS[scope])
        for book, _roles in visitor().memberships
        for scope, action in tokens.SCOPES.items()
        if visitor().may(action, book.id)
    }


def _shown(row: ApiToken, names: dict[str, str]) -> Shown:
    by_book: dict[str, list[str]] = {}
    for found in row.scopes.split():
        scope, _colon, code = found.partition(":")
        place = _("All your books") if code == tokens.ANY_BOOK else names.get(code, code)
        by_book.setdefault(place, []).append(str(WORDS.get(scope, scope)))
    ended = row.expires_at <= now()
    state = "revoked" if row.revoked_at else "ended" if ended else "active"
    return Shown(
        row, list(by_book.items()), state, state == "active" and row.expires_at <= now() + SOON
    )


def _page(
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
    *,
    secret: str | None = None,
) -> Response:
    person = signed_in()
    with reading() as session:
        rows = people_queries.tokens_of(session, person_id=person.id)
    books = [book for book, _roles in visitor().memberships]
    names = {book.code: book.name for book in books}
    offered: dict[str, list[tuple[str, str]]] = {}
    for name, text in _offered().items():
        offered.setdefault(name.partition(":")[2], []).append((name, text))
    return page(
        "people/tokens.html",
        status,
        rows=[_shown(row, names) for row in rows],
        books=[(book, offered.get(book.code, [])) for book in books],
        lasting=[(days, _("%(days)s days", days=days)) for days in DAYS],
        form=Form(NewTokenForm(), values=values, errors=errors),
        secret=secret,
    )
