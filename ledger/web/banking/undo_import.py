"""Undo the import of a bank file: which lines are withdrawn, which stay, and what is reversed.

The preview is made by the very service that undoes it, in a part of a transaction that is undone.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.schemas.money import UndoingForm
from ledger.services.approvals import previews
from ledger.services.undoing import imports
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    signed_in,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("undo_import", __name__)
ACTION = "import_statement"
# Lines of each kind that the page shows; their number is said.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """What undoing an import would do, and why it cannot be done."""

    plan: imports.Withdrawal | None
    preview: previews.Preview | None
    refusal: str


@pages.get("/books/<code>/statements/<uuid:statement_id>/undo")
def form(code: str, statement_id: UUID) -> Response:
    """Show what undoing the import of a statement's file would do."""
    return _page(code, statement_id, {}, {})


@pages.post("/books/<code>/statements/<uuid:statement_id>/undo")
def undo(code: str, statement_id: UUID) -> Response:
    """Undo the import of a statement's file."""
    book = book_for(ACTION, code)
    person = signed_in()
    try:
        reason = read_form(UndoingForm()).why
        done = write(
            lambda session: imports.undo_import(
                session,
                book_id=book.id,
                statement_id=statement_id,
                reason=reason,
                by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(code, statement_id, request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        values = request.form.to_dict()
        return _page(code, statement_id, values, {"why": [refusal.message]}, 409)
    withdrawn = ngettext(
        "Undone: %(num)s line was withdrawn. You can import the file again.",
        "Undone: %(num)s lines were withdrawn. You can import the file again.",
        len(done.withdrawn),
    )
    flash(withdrawn)
    return redirect(url_for("statements.show", code=code), 303)


def _page(
    code: str,
    statement_id: UUID,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for(ACTION, code)
    shown = here().db.run(lambda session: _shown(session, book, statement_id))
    return page(
        "banking/undo_import.html",
        status,
        book=book,
        statement_id=statement_id,
        shown=shown,
        most=SHOWN,
        form=Form(UndoingForm(), values=values, errors=errors),
    )


def _shown(session: Session, book: Book, statement_id: UUID) -> Shown:
    plan, preview, refusal = None, None, ""
    try:
        plan = imports.plan_import(session, book_id=book.id, statement_id=statement_id)
        preview = previews.tried(
            session,
            lambda: imports.undo_import(
                session,
                book_id=book.id,
                statement_id=statement_id,
                # What is tried is undone, and with it the reason.
                reason=_("Preview"),
                by=signed_in().id,
                now=now(),
            ),
        )
    except (Conflict, Invalid) as error:
        refusal = error.message
    # Read again: what was tried is undone, and the rows with it.
    if plan is not None:
        session.expire_all()
        plan = imports.plan_import(session, book_id=book.id, statement_id=statement_id)
    return Shown(plan, preview, refusal)
