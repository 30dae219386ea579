"""People of a book: who has which role, and since when; an admin gives roles and ends them."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.queries import people as people_queries
from ledger.schemas.people import NewRole
from ledger.services import people
from ledger.web.door import (
    book_for,
    errors_of,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.sessions import fresh_needed, held_answers

pages = Blueprint("people", __name__)
ACTION = "manage_roles"
# What each role is for, in the words of those who give it.
WORDS = {
    "member": later("Member: logs hours, receives things, asks for spending"),
    "treasurer": later("Treasurer: keeps the books and asks"),
    "approver": later("Approver: says yes or no to what others ask"),
    "auditor": later("Auditor: reads everything and changes nothing"),
    "admin": later("Admin: gives roles and ends them"),
}


@pages.get("/books/<code>/people")
def show(code: str) -> Response:
    """Show who has which role, and the form that gives one."""
    return _page(code, {"role": "member"} | held_answers(), {})


@pages.post("/books/<code>/people")
@fresh_needed
def give(code: str) -> Response:
    """Give somebody a role, known or new."""
    book = book_for(ACTION, code)
    admin = signed_in()
    try:
        answers = read_form(NewRole())

        def deed(session: Session) -> bool:
            person = people.create_person(
                session, email=answers["email"], name=answers["name"], now=now()
            )
            given = people.grant_role(
                session,
                person_id=person.id,
                book_id=book.id,
                role=answers["role"],
                now=now(),
                granted_by=admin.id,
            )
            return given is not None

        new = write(deed)
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 422)
    except (Conflict, NotAllowed) as refusal:
        return _page(code, request.form.to_dict(), {"role": [refusal.message]}, 409)
    if new:
        flash(_("Done. They sign in with a link that is sent to this address."))
    else:
        flash(_("They have this role already."))
    return redirect(url_for("people.show", code=code), 303)


@pages.post("/books/<code>/people/<uuid:membership_id>/end")
@fresh_needed
def end(code: str, membership_id: UUID) -> Response:
    """End a role, at once."""
    book = book_for(ACTION, code)
    admin = signed_in()
    write(
        lambda session: people.end_role(
            session, book_id=book.id, membership_id=membership_id, ended_by=admin.id, now=now()
        )
    )
    flash(_("Ended. What they asked for and decided stays as it is."))
    return redirect(url_for("people.show", code=code), 303)


def _page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = book_for(ACTION, code)
    with reading() as session:
        rows = people_queries.people_of(session, book_id=book.id, now=now())
    return page(
        "people.html",
        status,
        book=book,
        books=visitor().books(ACTION),
        rows=rows,
        words=WORDS,
        values=values,
        errors=errors,
    )
