"""A campaign's page: what it is for, how far it is in every kind, how to help now."""

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.models.books import Book
from ledger.queries import campaigns, sponsors
from ledger.web.door import page, reading

pages = Blueprint("campaigns", __name__)


@pages.get("/campaigns/<slug>")
def show(slug: str) -> Response:
    """Show one campaign."""
    with reading() as session:
        campaign = campaigns.campaign_by_slug(session, slug)
        book = session.get_one(Book, campaign.book_id)
        needs = campaigns.progress(session, campaign_id=campaign.id)
        supporters = campaigns.supporters(session, campaign_id=campaign.id)
        matching = sponsors.sponsors_of(session, campaign_id=campaign.id)
        waiting = campaigns.waiting_for_donors(session, campaign_id=campaign.id)
    return page(
        "campaigns/show.html",
        campaign=campaign,
        book=book,
        needs=needs,
        supporters=supporters,
        matching=matching,
        waiting=waiting,
        shown_name=campaigns.shown_name,
    )
