"""Matching sponsors: their terms, tried on the gifts that have come before they are proposed."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.match_gifts import Matched, Terms, match
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.queries.campaigns.campaigns import campaigns_of
from ledger.queries.campaigns.matching_sponsors import cleared_gifts, sponsors_of
from ledger.schemas.money import sponsor as sponsor_schema
from ledger.services.campaigns import matching_sponsors as match_funding
from ledger.services.pledges import parties
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

pages = Blueprint("sponsors", __name__)

POINTS_OF_A_PERCENT = 100


@pages.get("/books/<code>/sponsors")
def show(code: str) -> Response:
    """Show the sponsors of a book, and the form for another one."""
    return _page(code, {"percent": "100"}, {})


@pages.post("/books/<code>/sponsors")
def propose(code: str) -> Response:
    """Try terms on the gifts that have come, or ask an approver to take them."""
    book = book_for("propose_sponsor", code)
    person = signed_in()
    typed = request.form.to_dict()
    try:
        raw = {name: value for name, value in typed.items() if name != "per_gift" or value.strip()}
        answers = read_form(sponsor_schema(exponent(book.commodity)), raw)
        with reading() as session:
            campaign = _campaign(session, book, answers["campaign"])
            found = _dry_run(session, campaign, answers) if answers["action"] == "try" else None
        if found is not None:
            return _page(code, typed, {}, dry_run=found)
        write(lambda session: _propose(session, book, campaign, answers, person.id))
    except Invalid as refusal:
        return _page(code, typed, errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(code, typed, {"form": [refusal.message]}, 409)
    flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("sponsors.show", code=code), 303)


def _terms(answers: dict[str, Any]) -> Terms:
    points = answers["percent"] * POINTS_OF_A_PERCENT
    return Terms(points, answers["per_gift"], answers["up_to"])


def _dry_run(session: ReadSession, campaign: Campaign, answers: dict[str, Any]) -> list[Matched]:
    """Return what the terms would have added to the gifts that have come; nothing is written."""
    gifts = cleared_gifts(session, campaign_id=campaign.id, commodity=campaign.commodity)
    net = [(gift.reference, gift.amount - gift.refunded) for gift in gifts]
    return match(_terms(answers), [row for row in net if row[1] > 0])


def _propose(
    session: Session, book: Book, campaign: Campaign, answers: dict[str, Any], by: UUID
) -> None:
    party = parties.find_or_create_party(
        session, name=answers["name"], email=answers["email"], consent="name", now=now()
    )
    match_funding.propose_sponsor(
        session,
        party=party,
        book=book,
        fund=session.get_one(Fund, campaign.fund_id),
        terms=_terms(answers),
        campaign_id=campaign.id,
        evidence=answers["reason"],
        made_by=by,
        now=now(),
    )


def _campaign(session: ReadSession, book: Book, slug: str) -> Campaign:
    for campaign in campaigns_of(session, book_id=book.id):
        if campaign.slug == slug:
            return campaign
    raise Invalid(_("This book has no such campaign."), place="campaign")


def _page(
    code: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
    dry_run: list[Matched] | None = None,
) -> Response:
    book = book_for("propose_sponsor", code)
    with reading() as session:
        rows = sponsors_of(session, book_id=book.id)
        campaigns = campaigns_of(session, book_id=book.id)
    titles = {campaign.id: campaign.title for campaign in campaigns}
    return page(
        "campaigns/matching_sponsors.html",
        status,
        book=book,
        rows=rows,
        titles=titles,
        campaigns=campaigns,
        form=Form(sponsor_schema(exponent(book.commodity)), values=values, errors=errors),
        dry_run=dry_run,
    )
