"""One's own API tokens: make one, see which there are, end one. A secret is shown once."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Invalid
from ledger.queries import people as people_queries
from ledger.schemas.tokens import NewToken
from ledger.services import people
from ledger.web.door import errors_of, now, page, read_form, reading, signed_in, write
from ledger.web.sessions import fresh_needed, held_answers

pages = Blueprint("tokens", __name__)


@pages.get("/tokens")
def show() -> Response:
    """Show one's tokens and the form for another."""
    return _page({"scope": "read"} | held_answers(), {})


@pages.post("/tokens")
@fresh_needed
def create() -> Response:
    """Make a token and show its secret, this once: only its hash is kept."""
    person = signed_in()
    try:
        answers = read_form(NewToken())
        secret = write(
            lambda session: people.create_token(
                session,
                person_id=person.id,
                name=answers["name"],
                scopes=people.SCOPES[answers["scope"]],
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(request.form.to_dict(), {"form": [refusal.message]}, 409)
    return _page({"scope": "read"}, {}, 201, secret=secret)


@pages.post("/tokens/<uuid:token_id>/revoke")
def revoke(token_id: UUID) -> Response:
    """End a token of one's own, at once."""
    person = signed_in()
    write(
        lambda session: people.revoke_token(
            session, person_id=person.id, token_id=token_id, now=now()
        )
    )
    flash(_("Revoked. Programs that used it are refused from now on."))
    return redirect(url_for("tokens.show"), 303)


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
    return page("tokens.html", status, rows=rows, values=values, errors=errors, secret=secret)
