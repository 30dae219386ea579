"""Periods: which are closed and signed, what keeps one open, what came late.

A treasurer closes softly; closing for good and opening again are proposed.
"""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Invalid
from ledger.queries.accounting import periods as questions
from ledger.schemas.periods import ClosingForm, ReopeningForm
from ledger.services.accounting import periods
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("periods", __name__)


@pages.get("/books/<code>/periods")
def show(code: str) -> Response:
    """Show the periods and the form for the next."""
    return _page(code, held_answers(), {})


@pages.post("/books/<code>/periods")
def close(code: str) -> Response:
    """Ask an approver to close the books up to a day."""
    book = book_for("propose_closing", code)
    person = signed_in()
    try:
        closing = read_form(ClosingForm())
        write(
            lambda session: periods.propose_closing(
                session,
                book=book,
                until=closing.until,
                reason=closing.reason,
                unreconciled=closing.unreconciled,
                made_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        place = refusal.place or "until"
        return _page(code, request.form.to_dict(), {place: [refusal.message]}, 409)
    flash(_("Requested. The books stay open until an approver agrees."))
    return redirect(url_for("periods.show", code=code), 303)


@pages.post("/books/<code>/periods/soft")
def soft_close(code: str) -> Response:
    """Let only what an approver agreed to into the books up to a day."""
    book = book_for("propose_closing", code)
    person = signed_in()
    try:
        closing = read_form(ClosingForm())
        write(
            lambda session: periods.soft_close(
                session,
                book=book,
                until=closing.until,
                reason=closing.reason,
                made_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 422)
    flash(_("Soft close set. From now on, only approved entries can be booked up to that day."))
    return redirect(url_for("periods.show", code=code), 303)


@pages.post("/books/<code>/periods/soft/<uuid:soft_close_id>/lift")
@fresh_needed
def lift(code: str, soft_close_id: UUID) -> Response:
    """End a soft close."""
    book = book_for("propose_closing", code)
    person = signed_in()
    try:
        write(
            lambda session: periods.lift_soft_close(
                session,
                book_id=book.id,
                soft_close_id=soft_close_id,
                lifted_by=person.id,
                now=now(),
            )
        )
    except Conflict as refusal:
        flash(refusal.message)
    return redirect(url_for("periods.show", code=code), 303)


@pages.post("/books/<code>/periods/<uuid:period_id>/reopen")
@fresh_needed
def reopen(code: str, period_id: UUID) -> Response:
    """Ask an approver to open a closed period again."""
    book = book_for("propose_closing", code)
    person = signed_in()
    place = f"reopen-{period_id}"
    try:
        reason = read_form(ReopeningForm()).reason
        write(
            lambda session: periods.propose_reopening(
                session,
                book=book,
                period_id=period_id,
                reason=reason,
                made_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        sentences = [text for texts in errors_of(refusal).values() for text in texts]
        return _page(code, request.form.to_dict(), {place: sentences}, 422)
    except Conflict as refusal:
        return _page(code, request.form.to_dict(), {place: [refusal.message]}, 409)
    flash(_("Requested. The period stays closed until two approvers agree."))
    return redirect(url_for("periods.show", code=code), 303)


def _page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = book_for("read_books", code)
    last = today(book).replace(day=1) - timedelta(days=1)
    with reading() as session:
        rows = questions.periods_of(session, book_id=book.id)
        waiting = questions.blockers(session, book_id=book.id, until=last)
        soft = questions.soft_closes_of(session, book_id=book.id)
        late = questions.late_corrections(session, book_id=book.id)
    return page(
        "accounting/periods.html",
        status,
        book=book,
        rows=rows,
        waiting=waiting,
        soft=soft,
        late=late,
        last=last,
        may_propose=visitor().may("propose_closing", book.id),
        form=Form(ClosingForm(), values={"until": last.isoformat(), **values}, errors=errors),
    )
