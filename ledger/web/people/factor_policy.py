"""Who in a book needs a second factor, who has one; and an admin resets those that were lost."""

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.vocabulary import Role
from ledger.db import Session
from ledger.errors import Invalid, NotFound
from ledger.queries.people import factors as factor_queries
from ledger.queries.people.people import people_of
from ledger.schemas.factors import PolicyForm
from ledger.services.people import factors
from ledger.web.identity.sessions import fresh_needed
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("factor_policy", __name__)
ACTION = "manage_roles"
WORDS = {
    "off": later("Off"),
    "asked": later("Requested"),
    "required": later("Required, after seven days"),
}


@pages.get("/books/<code>/factors")
def show(code: str) -> Response:
    """Show what is asked of each role, and who has a factor."""
    return _page(code, {})


def _page(code: str, errors: dict[str, list[str]], status: int = 200) -> Response:
    book = book_for(ACTION, code)
    with reading() as opened:
        said = factor_queries.demands_of(opened, book.id)
        rows = people_of(opened, book_id=book.id, now=now())
        having = factor_queries.people_with_factors(opened, {row.person_id for row in rows})
    demands = {role: said.get(role) or factor_queries.default_demand(role) for role in Role}
    people = {row.person_id: row for row in rows}
    roles: dict[UUID, list[str]] = {}
    for row in rows:
        roles.setdefault(row.person_id, []).append(row.role)
    return page(
        "people/factor_policy.html",
        status,
        form=Form(PolicyForm(), errors=errors),
        book=book,
        demands=demands,
        words=WORDS,
        people=people.values(),
        roles=roles,
        having=having,
    )


@pages.post("/books/<code>/factors")
@fresh_needed
def set_demand(code: str) -> Response:
    """Say whether a role needs a second factor."""
    book = book_for(ACTION, code)
    admin = signed_in()
    try:
        policy = read_form(PolicyForm())
    except Invalid as refusal:
        return _page(code, errors_of(refusal), 422)

    def command(opened: Session) -> bool:
        return factors.set_policy(
            opened,
            book=book,
            role=policy.role,
            demand=policy.demand,
            set_by=admin.id,
            now=now(),
        )

    flash(_("Saved.") if write(command) else _("Nothing to change: this was already set."))
    return redirect(url_for("factor_policy.show", code=code), 303)


@pages.post("/books/<code>/people/<uuid:person_id>/reset-factors")
@fresh_needed
def reset(code: str, person_id: UUID) -> Response:
    """Remove the factors of somebody who lost them."""
    book = book_for(ACTION, code)
    admin = signed_in()

    def command(opened: Session) -> None:
        held = people_of(opened, book_id=book.id, now=now())
        if person_id not in {row.person_id for row in held}:
            raise NotFound("This is not a person of this community.")
        factors.reset(opened, person_id=person_id, by=admin.id, now=now())

    write(command)
    flash(_("Removed. We notified the person by mail. They set up new factors when they sign in."))
    return redirect(url_for("factor_policy.show", code=code), 303)
