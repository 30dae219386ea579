"""My giving: what a donor promised, what arrived and where it went."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import NotFound
from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.queries.payments import recurring
from ledger.queries.people import parties
from ledger.queries.pledges import figures, pledge_figures, pledge_status, pledges
from ledger.schemas.basket import CONSENT_NAMES
from ledger.services.pledges import parties as party_services
from ledger.services.pledges import pledges as pledge_services
from ledger.web.site.context import links, now, page, reading, row_asked, signed_in, today, write

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
        figures_of = pledge_figures.figures_of_pledges(session, given.rows)
        parties_of = parties.parties_of_person(session, person_id=person.id)
        totals = figures.figures(session, figures.scope_of_giver(parties_of))
        regular = recurring.recurring_of_person(session, person_id=person.id)
        baskets = parties.baskets_of_person(session, person_id=person.id, after=row_asked("shown"))
    return page(
        "pledges/giving.html",
        given=given,
        standings=standings,
        figures_of=figures_of,
        totals=totals.rows,
        regular=regular,
        baskets=baskets,
        links=links(),
        consents=CONSENT_NAMES,
    )


@pages.post("/giving/baskets/<uuid:basket_id>/shown")
def shown(basket_id: UUID) -> Response:
    """Set how one of one's own baskets is shown in public."""
    person = signed_in()
    consent = request.form.get("consent", "")
    write(
        lambda session: party_services.show_basket(
            session, person_id=person.id, basket_id=basket_id, consent=consent, now=now()
        )
    )
    flash(_("Saved. This is how your name is shown from now on."))
    return redirect(url_for("giving.show", _anchor="shown"), 303)


@pages.post("/giving/baskets/<uuid:basket_id>/not-mine")
def not_mine(basket_id: UUID) -> Response:
    """Part with a basket that somebody else made with one's address."""
    person = signed_in()
    write(lambda session: party_services.disown(session, person_id=person.id, basket_id=basket_id))
    flash(_("This contribution is no longer linked to you or your e-mail address."))
    return redirect(url_for("giving.show", _anchor="shown"), 303)


@pages.post("/giving/<uuid:pledge_id>/cancel")
def cancel(pledge_id: UUID) -> Response:
    """Take back what is still open of a pledge of one's own."""
    person = signed_in()
    with reading() as session:
        if not pledges.is_of_person(session, pledge_id=pledge_id, person_id=person.id):
            raise NotFound(_("You have no such pledge."))
        book = session.get_one(Book, session.get_one(Pledge, pledge_id).book_id)
    write(
        lambda session: pledge_services.cancel_pledge(
            session, pledge_id=pledge_id, on=today(book), now=now()
        )
    )
    flash(
        _("The open part of your pledge is cancelled. What you have already given is not affected.")
    )
    return redirect(url_for("giving.show"), 303)
