"""What was sent to a campaign, looked over by its organiser; and reporting a message to them."""

import hashlib
import hmac
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Basket
from ledger.queries.campaigns import campaigns, moderation
from ledger.schemas.moderation import DecidingForm, ReportingForm
from ledger.services.campaigns import moderation as services
from ledger.services.jobs import rate_limits
from ledger.services.jobs.rate_limits import DAY, HOUR, Limit
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    row_asked,
    signed_in,
    write,
)
from ledger.web.site.forms import Form, errors_of
from ledger.web.site.visitors import of_visitor

pages = Blueprint("moderation", __name__)

REPORTS_PER_VISITOR = 10
REPORTS_PER_BASKET = 20
TOO_MANY_REPORTS = (
    "Many messages were reported from your connection. The organiser will look at them."
)


@pages.get("/books/<code>/campaigns/<slug>/pledges")
def show(code: str, slug: str) -> Response:
    """Show what was sent to a campaign, one tab at a time."""
    return _list(code, slug, {}, None)


@pages.post("/books/<code>/campaigns/<slug>/pledges/<uuid:basket_id>")
def decide(code: str, slug: str, basket_id: UUID) -> Response:
    """Accept, decline, hide, restore or leave shown one basket."""
    book, person = book_for("edit_campaigns", code), signed_in()
    with reading() as session:
        campaign = _own(session, book, slug)
        basket = session.get(Basket, basket_id)
        if basket is None or basket.campaign_id != campaign.id:
            raise NotFound(_("This pledge does not exist."))
    try:
        decided = read_form(DecidingForm())
        write(
            lambda session: services.decide(
                session,
                basket_id=basket_id,
                decision=decided.decision,
                reason=decided.reason,
                by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _list(code, slug, errors_of(refusal), basket_id, 422)
    except Conflict as refusal:
        return _list(code, slug, {"decision": [refusal.message]}, basket_id, 409)
    flash(_("Saved."))
    tab = request.args.get("tab", "new")
    return redirect(url_for("moderation.show", code=code, slug=slug, tab=tab), 303)


@pages.get("/campaigns/<slug>/messages/<shown>/report")
def ask_report(slug: str, shown: str) -> Response:
    """Ask what is wrong with a name or message that everybody sees."""
    with reading() as session:
        campaign, one = _shown(session, slug, shown)
    return page("campaigns/report.html", campaign=campaign, one=one, form=Form(ReportingForm()))


@pages.post("/campaigns/<slug>/messages/<shown>/report")
def report(slug: str, shown: str) -> Response:
    """Pass a report on to the organiser; nothing is hidden by it."""
    with reading() as session:
        campaign, one = _shown(session, slug, shown)
    try:
        reason = read_form(ReportingForm()).reason
    except Invalid as refusal:
        return page(
            "campaigns/report.html",
            422,
            campaign=campaign,
            one=one,
            form=Form(ReportingForm(), values=request.form, errors=errors_of(refusal)),
        )
    write(lambda session: _report(session, one.id, reason))
    flash(_("Thank you. The organiser will review it."))
    return redirect(url_for("campaigns.show", slug=slug), 303)


def shown_key(basket_id: UUID) -> str:
    """Return under which name a basket is reported.

    Not its id: who knows that can open the thank-you page.
    """
    secret = here().settings.secret_key.encode()
    return hmac.new(secret, b"shown:" + basket_id.bytes, hashlib.sha256).hexdigest()[:24]


def _report(session: Session, basket_id: UUID, reason: str) -> None:
    limit = Limit(REPORTS_PER_VISITOR, HOUR, TOO_MANY_REPORTS)
    one = rate_limits.Subject(
        f"basket:{basket_id}", (Limit(REPORTS_PER_BASKET, DAY, TOO_MANY_REPORTS),)
    )
    rate_limits.count(
        session,
        kind="report",
        subjects=[*of_visitor(limit), one],
        key=here().settings.secret_key,
        now=now(),
    )
    services.report(session, basket_id=basket_id, reason=reason, now=now())


def _list(
    code: str, slug: str, errors: dict[str, list[str]], about: UUID | None, status: int = 200
) -> Response:
    """Show a tab, or the basket ``about`` which something was wrong, on whichever tab it is."""
    book = book_for("edit_campaigns", code)
    tab = request.args.get("tab", "new")
    if tab not in moderation.TABS:
        raise NotFound(_("This page does not exist, or you don't have access to it."))
    with reading() as session:
        campaign = _own(session, book, slug)
        rows = moderation.sent_page(
            session, campaign_id=campaign.id, tab=tab, after=row_asked("after"), only=about
        )
        waiting = moderation.counts(session, campaign_id=campaign.id)
    return page(
        "campaigns/moderation.html",
        status,
        book=book,
        campaign=campaign,
        tab=tab,
        tabs=moderation.TABS,
        rows=rows,
        waiting=waiting,
        form=Form(DecidingForm(), errors=errors),
        about=about,
        typed=request.form.get("reason", ""),
    )


def _own(session: ReadSession, book: Book, slug: str) -> Campaign:
    campaign = campaigns.campaign_by_slug(session, slug)
    if campaign.book_id != book.id:
        raise NotFound(_("This campaign does not exist."))
    return campaign


def _shown(session: ReadSession, slug: str, shown: str) -> tuple[Campaign, campaigns.Supporter]:
    """Return a supporter whom the campaign's page shows at this moment. Raises NotFound."""
    campaign = campaigns.campaign_by_slug(session, slug)
    for one in campaigns.supporters(session, campaign_id=campaign.id):
        if hmac.compare_digest(shown_key(one.id).encode(), shown.encode()):
            return campaign, one
    raise NotFound(_("This is no longer shown."))
