"""Hours: log one's own, confirm those of others."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger import auth
from ledger.db import Session
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book
from ledger.models.hours import HoursEntry
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.models.pledges import Pledge
from ledger.queries.books.books import book_by_code, commodities, fund_by_code, funds_of_books
from ledger.queries.pledges import pledges
from ledger.queries.pools import hours as pooled
from ledger.queries.volunteering import hours
from ledger.schemas.hours import Hours, HoursForm
from ledger.services.pledges import parties
from ledger.services.pools import hours as pool_hours
from ledger.services.volunteering import hours as hours_services
from ledger.web.site.context import (
    now,
    page,
    read_form,
    reading,
    require_anywhere,
    row_asked,
    signed_in,
    today,
    today_here,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("hours", __name__)


@pages.get("/hours")
def show() -> Response:
    """Show the form, one's own hours, and those that wait for a second person."""
    values = {"worked_on": today_here().isoformat(), "pledge": request.args.get("pledge", "")}
    return _page(values, {})


@pages.post("/hours")
def log() -> Response:
    """Log time that the signed-in person gave: as a member, or towards a pledge of one's own."""
    person = signed_in()
    try:
        answers = read_form(HoursForm())
        write(lambda session: _log(session, person, answers))
    except (Invalid, NotFound) as refusal:
        return _page(request.form.to_dict(), errors_of(refusal), 422)
    flash(_("Thank you. Your time counts once another person has confirmed it."))
    return redirect(url_for("hours.show"), 303)


@pages.post("/hours/<uuid:hours_id>/confirm")
def confirm(hours_id: UUID) -> Response:
    """Confirm time that somebody else gave."""
    person, book = _may_confirm(hours_id)
    day = today(book)
    write(
        lambda session: pool_hours.confirm(
            session, hours_id=hours_id, confirmed_by=person, on=day, now=now()
        )
    )
    flash(_("Confirmed. The hours are in the books."))
    return redirect(url_for("hours.show"), 303)


@pages.post("/hours/<uuid:hours_id>/reject")
def reject(hours_id: UUID) -> Response:
    """Send back time that did not happen like this."""
    person, _book = _may_confirm(hours_id)
    write(
        lambda session: hours_services.reject_hours(
            session, hours_id=hours_id, rejected_by=person, now=now()
        )
    )
    flash(_("Rejected. Nothing was booked."))
    return redirect(url_for("hours.show"), 303)


def _log(session: Session, person: Person, answers: Hours) -> None:
    pledge = pledges.pledge_of_person(session, person_id=person.id, reference=answers.pledge)
    if answers.pledge and pledge is None:
        raise Invalid(_("You have no such pledge."), place="pledge")
    if pledge is not None:
        party = session.get_one(Party, pledge.party_id)
        if answers.allocation:
            _log_pooled(session, person, pledge, party, answers)
            return
        book, fund = session.get_one(Book, pledge.book_id), pledges.fund_of(session, pledge)
        commodity = pledge.commodity
    else:
        if answers.allocation:
            raise Invalid(_("Choose the pledge that these hours are for."), place="pledge")
        giver = parties.Giver(person.name, person.email, "initials")
        party = parties.party_of_person(session, person=person, giver=giver, now=now())
        book = book_by_code(session, answers.book)
        auth.require(
            session,
            person_id=person.id,
            book_id=book.id,
            action="log_hours",
            now=now(),
            writes=True,
        )
        fund = fund_by_code(session, book.id, answers.fund)
        commodity = answers.commodity
        # Only what the form offers: a new skill is not made by a typing error.
        if commodity not in commodities(session):
            raise Invalid(_("Choose a skill."), place="commodity")
    hours_services.log_hours(
        session,
        book=book,
        fund=fund,
        party=party,
        work=hours_services.Work(
            commodity=commodity,
            minutes=answers.worked,
            worked_on=answers.worked_on,
            description=answers.description,
            pledge=pledge,
            campaign_id=pledge.campaign_id if pledge else None,
        ),
        logged_by=person.id,
        now=now(),
    )


def _log_pooled(
    session: Session, person: Person, pledge: Pledge, party: Party, answers: Hours
) -> None:
    """Log time that was pledged to a pool at the member that it was allocated to."""
    offered = pooled.allocated_to(session, person_id=person.id)
    chosen = next((row for row in offered if str(row.id) == answers.allocation), None)
    if chosen is None:
        raise Invalid(_("Choose where you worked."), place="allocation")
    pool_hours.log_pooled_hours(
        session,
        allocation_id=chosen.id,
        party=party,
        work=hours_services.Work(
            commodity=pledge.commodity,
            minutes=answers.worked,
            worked_on=answers.worked_on,
            description=answers.description,
            pledge=pledge,
            campaign_id=pledge.campaign_id,
        ),
        logged_by=person.id,
        now=now(),
    )


def _may_confirm(hours_id: UUID) -> tuple[UUID, Book]:
    """Return who is asking, and whose hours they are. Raises NotFound."""
    person = signed_in()
    with reading() as session:
        row = session.get(HoursEntry, hours_id)
        book = session.get(Book, row.book_id) if row else None
    if book is None or not visitor().may("confirm_hours", book.id):
        raise NotFound(_("This record of hours does not exist, or you don't have access to it."))
    return person.id, book


def _page(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    books = require_anywhere("log_hours") if visitor().may("log_hours") else []
    person = signed_in()
    with reading() as session:
        skills = [item for item in commodities(session).values() if item.code.startswith("MIN.")]
        funds = funds_of_books(session, [book.id for book in books])
        own = hours.hours_of_person(session, person_id=person.id, after=row_asked("own"))
        promised = [
            part
            for part in pledges.pledges_of_person(session, person_id=person.id)
            if part.commodity.startswith("MIN.") and part.open
        ]
        allocated = pooled.allocated_to(session, person_id=person.id) if promised else []
        confirms = [book.id for book in visitor().books("confirm_hours")]
        waiting = hours.hours_to_confirm(session, book_ids=confirms, after=row_asked("waiting"))
    # Who has nowhere to log sees no form in which the sentences could stand.
    for sentences in errors.values() if not (books or promised) else ():
        flash(" ".join(sentences))
    return page(
        "volunteering/hours.html",
        status,
        skills=sorted(skills, key=lambda item: item.singular),
        books=books,
        funds=[fund for found in funds.values() for fund in found],
        own=own,
        promised=promised,
        allocated=allocated,
        waiting=waiting,
        form=Form(HoursForm(), values=values, errors=errors),
    )
