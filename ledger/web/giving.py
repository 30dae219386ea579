"""My giving: what a donor promised, what arrived and where it went."""

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import NotFound
from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.queries import pledge_status, pledges, recurring
from ledger.services import pledges as pledge_services
from ledger.web.door import now, page, reading, row_asked, signed_in, today, write
from ledger.web.payment import links

pages = Blueprint("giving", __name__)


@pages.get("/giving")
def show() -> Response:
    """Show every pledge of the signed-in person."""
    person = signed_in()
    with reading() as session:
        given = pledges.page_of_person(session, person_id=person.id, after=row_asked("pledges"))
        standings = pledge_status.standings_of(
            session, pledge_ids=[part.id for part in given.rows], now=now()
        )
        regular = recurring.recurring_of_person(session, person_id=person.id)
    return page(
        "giving/show.html", given=given, standings=standings, regular=regular, links=links()
    )


@pages.post("/giving/<uuid:pledge_id>/cancel")
def cancel(pledge_id: UUID) -> Response:
    """Take back what is still open of a pledge of one's own."""
    person = signed_in()
    with reading() as session:
        if not pledges.is_of_person(session, pledge_id=pledge_id, person_id=person.id):
            raise NotFound(_("There is no such pledge among yours."))
        book = session.get_one(Book, session.get_one(Pledge, pledge_id).book_id)
    write(
        lambda session: pledge_services.cancel_pledge(
            session, pledge_id=pledge_id, on=today(book), now=now()
        )
    )
    flash(_("The open part of your pledge is cancelled. Nothing you already gave changes."))
    return redirect(url_for("giving.show"), 303)
