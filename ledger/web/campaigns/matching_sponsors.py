"""Matching sponsors: their terms, tried on the gifts that have come before they are proposed."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.days import day_in, year_begun
from ledger.core.match_gifts import Matched, Terms, match
from ledger.core.vocabulary import Consent, FundClass
from ledger.core.written import format_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Book, Fund
from ledger.models.campaigns import Campaign
from ledger.queries.books.books import open_funds, own_funds
from ledger.queries.books.details import details_of
from ledger.queries.campaigns.campaigns import campaigns_of
from ledger.queries.campaigns.matching_sponsors import (
    Span,
    cleared_gifts,
    contributed,
    sponsors_of,
)
from ledger.schemas.money import Sponsor
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
    today,
    write,
)
from ledger.web.site.formatting import format_span
from ledger.web.site.forms import Form, errors_of
from ledger.web.site.locale import chosen

pages = Blueprint("sponsors", __name__)

POINTS_OF_A_PERCENT = 100
OF_FUND = "fund:"


@dataclass(frozen=True, slots=True)
class Target:
    """What a sponsor matches: contributions to a campaign, or without one all to a fund."""

    fund: Fund
    campaign: Campaign | None = None


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
            target = _target(session, book, answers.campaign)
            _check_cap(target, answers)
            found = _dry_run(session, book, target, answers) if answers.action == "try" else None
        if found is not None:
            return _page(code, typed, {}, dry_run=found)
        write(lambda session: _propose(session, book, target, answers, person.id))
    except Invalid as refusal:
        return _page(code, typed, errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(code, typed, {"form": [refusal.message]}, 409)
    flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("sponsors.show", code=code), 303)


def _terms(answers: Sponsor) -> Terms:
    points = answers.percent * POINTS_OF_A_PERCENT
    return Terms(points, answers.per_gift, answers.up_to)


def _dry_run(session: ReadSession, book: Book, target: Target, answers: Sponsor) -> list[Matched]:
    """Return what the terms would have added to the gifts that have come; nothing is written."""
    if target.campaign is None:
        span = _year(session, book)
        given = contributed(session, fund=target.fund, commodity=book.commodity, span=span)
        days = format_span(span.since, span.until, chosen())
        return match(_terms(answers), [(days, given)] if given > 0 else [])
    cleared = cleared_gifts(
        session, campaign_id=target.campaign.id, commodity=target.campaign.commodity
    )
    net = [
        (
            f"{format_day(day_in(book.time_zone, gift.at), chosen())} · {gift.reference}",
            gift.amount - gift.refunded,
        )
        for gift in cleared
    ]
    return match(_terms(answers), [row for row in net if row[1] > 0])


def _year(session: ReadSession, book: Book) -> Span:
    """Return the days of the book's financial year so far: what terms of a fund are tried on."""
    day = today(book)
    return Span(year_begun(details_of(session, book.id).fiscal_month, day), day)


def _propose(session: Session, book: Book, target: Target, answers: Sponsor, by: UUID) -> None:
    party = parties.find_or_create_party(
        session, name=answers.name, email=answers.email, consent=Consent.NAME, now=now()
    )
    match_funding.propose_sponsor(
        session,
        offer=match_funding.SponsorOffer(
            party=party, terms=_terms(answers), evidence=answers.reason
        ),
        book=book,
        fund=target.fund,
        campaign_id=target.campaign.id if target.campaign is not None else None,
        made_by=by,
        now=now(),
    )


def _check_cap(target: Target, answers: Sponsor) -> None:
    """Refuse a cap for each contribution where the sum of many is matched. Raises Invalid."""
    if target.campaign is None and answers.per_gift:
        raise Invalid(
            _("A maximum per contribution is possible for a campaign only."), place="per_gift"
        )


def _target(session: ReadSession, book: Book, name: str) -> Target:
    """Return what a sponsor matches: contributions to a campaign, or all to a fund."""
    if name.startswith(OF_FUND):
        for fund in open_funds(session, book.id):
            if fund.code == name.removeprefix(OF_FUND) and fund.fund_class != FundClass.AGENCY:
                return Target(fund)
        raise Invalid(_("This book has no such fund."), place="campaign")
    for campaign in campaigns_of(session, book_id=book.id):
        if campaign.slug == name:
            return Target(session.get_one(Fund, campaign.fund_id), campaign)
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
        funds = own_funds(session, book.id)
    targets = [(campaign.slug, campaign.title) for campaign in campaigns] + [
        (OF_FUND + fund.code, _("Fund %(name)s, all contributions", name=fund.name))
        for fund in funds
    ]
    titles = {campaign.id: campaign.title for campaign in campaigns}
    return page(
        "campaigns/matching_sponsors.html",
        status,
        book=book,
        rows=rows,
        titles=titles,
        targets=targets,
        form=Form(sponsor_schema(exponent(book.commodity)), values=values, errors=errors),
        dry_run=dry_run,
    )
