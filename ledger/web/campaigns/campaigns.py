"""A campaign's page: what it is for, how far it is in every kind, how to help now."""

from collections.abc import Callable

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.core.days import day_in
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.models.campaigns import Campaign
from ledger.queries.campaigns import campaigns, matching_sponsors
from ledger.queries.people.people import names_of
from ledger.web.campaigns.moderation import shown_key
from ledger.web.site.context import page, reading, today

pages = Blueprint("campaigns", __name__)


@pages.get("/campaigns/<slug>")
def show(slug: str) -> Response:
    """Show one campaign."""
    return look_of(lambda session: campaigns.campaign_by_slug(session, slug))


def look_of(find: Callable[[ReadSession], Campaign]) -> Response:
    """Return the page of a campaign, which may be a draft; ``find`` raises when it is not shown."""
    with reading() as session:
        campaign = find(session)
        book = session.get_one(Book, campaign.book_id)
        needs = campaigns.progress(session, campaign_id=campaign.id)
        supporters = campaigns.supporters(session, campaign_id=campaign.id)
        matching = matching_sponsors.sponsors_of(session, campaign_id=campaign.id)
        changes = campaigns.changes_of(session, campaign_id=campaign.id)
        names = names_of(session, {change.made_by for change in changes})
        waiting = campaigns.waiting_for_donors(session, campaign_id=campaign.id)
    return page(
        "campaigns/campaign.html",
        campaign=campaign,
        ahead=today(book) < campaign.opens_on,
        book=book,
        needs=needs,
        supporters=supporters,
        matching=matching,
        changes=[(change, day_in(book.time_zone, change.made_at)) for change in changes],
        names=names,
        waiting=waiting,
        shown_name=campaigns.shown_name,
        shown_key=shown_key,
    )
