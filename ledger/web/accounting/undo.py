"""Undo an entry with all that rests on it: what that would reverse, what is in the way, and why.

The preview is made by the very service that undoes it, in a part of a transaction that is undone.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book
from ledger.queries.banking import statements
from ledger.queries.books import journal
from ledger.schemas.money import ReasonForm
from ledger.services.approvals import previews
from ledger.services.undoing import plans, undo
from ledger.services.undoing.events import Event
from ledger.web.accounting.undo_links import address_of
from ledger.web.identity.sessions import fresh_needed, held_answers
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

pages = Blueprint("undo", __name__)
ACTION = "propose_correction"


@dataclass(frozen=True, slots=True)
class Row:
    """One event that would be undone, by the book in whose journal it stands."""

    book: Book
    entry: journal.EntryRow


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What keeps an entry from being undone: the event, why, and the page of the cure."""

    row: Row
    why: str
    address: str
    words: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What undoing an entry would do, or why it cannot be done."""

    rows: tuple[Row, ...]
    in_the_way: tuple[InTheWay, ...]
    lines: tuple[statements.LineRow, ...]
    by_two: bool
    preview: previews.Preview | None
    refusal: str


@pages.get("/books/<code>/journal/<uuid:entry_id>/undo")
def form(code: str, entry_id: UUID) -> Response:
    """Show what undoing an entry would do, and what is in the way."""
    return _page(code, entry_id, held_answers(), {})


@pages.post("/books/<code>/journal/<uuid:entry_id>/undo")
@fresh_needed
def ask(code: str, entry_id: UUID) -> Response:
    """Undo an entry, or ask an approver to, where two people had agreed to it."""
    book = book_for(ACTION, code)
    person = signed_in()
    try:
        reason = read_form(ReasonForm()).why
        asked = write(lambda session: _undo(session, book, entry_id, reason=reason, by=person.id))
    except Invalid as refusal:
        return _page(code, entry_id, request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        values = request.form.to_dict()
        return _page(code, entry_id, values, {"why": [refusal.message]}, 409)
    if asked:
        flash(_("Requested. The entry stays unchanged until an approver agrees."))
    else:
        flash(_("Undone. The entry and its reversal both stay in the journal."))
    return redirect(url_for("journal.entry", code=code, entry_id=entry_id), 303)


def _undo(session: Session, book: Book, entry_id: UUID, *, reason: str, by: UUID) -> bool:
    """Undo or ask, and tell whether an approver was asked."""
    plan = plans.plan_of(session, book_id=book.id, entry_id=entry_id)
    _check_home(session, plan, book)
    asked = undo.ask(session, book_id=book.id, entry_id=entry_id, reason=reason, by=by, now=now())
    return asked is not None


def _check_home(session: Session, plan: plans.Plan, book: Book) -> None:
    if plan.book_id != book.id:
        raise Conflict(
            "{name} booked this, and its treasurer can undo it.",
            place="entry",
            name=session.get_one(Book, plan.book_id).name,
        )


def _page(
    code: str,
    entry_id: UUID,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for(ACTION, code)
    shown = here().db.run(lambda session: _shown(session, book, entry_id))
    return page(
        "accounting/undo.html",
        status,
        book=book,
        entry_id=entry_id,
        shown=shown,
        form=Form(ReasonForm(), values=values, errors=errors),
    )


def _shown(session: Session, book: Book, entry_id: UUID) -> Shown:
    plan = plans.plan_of(session, book_id=book.id, entry_id=entry_id)
    rows = tuple(row for event in plan.events for row in _rows(session, event))
    in_the_way = tuple(
        InTheWay(
            _rows(session, one.event)[0],
            one.why.message,
            *address_of(
                session, one.page, one.event, session.get_one(Book, one.event.first.book_id)
            ),
        )
        for one in plan.obstacles
    )
    lines = tuple(
        statements.line_by_id(session, book_id=one.book_id, line_id=one.item_id)
        for one in plan.tied
    )
    preview, refusal = None, ""
    try:
        _check_home(session, plan, book)
        checked = undo.checked_plan(session, book_id=book.id, entry_id=entry_id)
        preview = previews.tried(
            session,
            lambda: undo.carry_out(session, checked, reason="", now=now(), made_by=signed_in().id),
        )
    except (Conflict, Invalid) as error:
        refusal = error.message
    return Shown(rows, in_the_way, lines, plan.needs_approval, preview, refusal)


def _rows(session: Session, event: Event) -> list[Row]:
    return [
        Row(session.get_one(Book, row.book_id), shown)
        for row in event.entries
        for shown in journal.entries_by_id(session, book_id=row.book_id, ids=[row.id])
    ]
