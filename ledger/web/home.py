"""The public front: all communities together, and each one's own page."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from ledger.queries import campaigns, pools
from ledger.queries.books import all_books, book_by_code
from ledger.web.door import page, reading, visitor

pages = Blueprint("home", __name__)


@pages.get("/")
def show() -> Response:
    """Show what the communities do together and how to help."""
    with reading() as session:
        live = [
            (campaign, campaigns.progress(session, campaign_id=campaign.id))
            for campaign in campaigns.live_campaigns(session)
        ]
        books = all_books(session)
        totals = campaigns.totals_received(session)
    return page("home/show.html", live=live, books=books, grand=totals)


@pages.get("/start")
def start() -> Response:
    """Lead a person who has just signed in to where their work is."""
    who = visitor()
    desks = who.books("read_desk")
    if desks:
        return redirect(url_for("desk.show", code=desks[0].code))
    if who.may("read_queue"):
        return redirect(url_for("queue.show"))
    if who.may("read_report"):
        return redirect(url_for("reports.index"))
    if who.may("log_hours"):
        return redirect(url_for("hours.show"))
    return redirect(url_for("giving.show"))


@pages.get("/c/<code>")
def community(code: str) -> Response:
    """Show one community: its story, its campaigns, what it received in each kind."""
    with reading() as session:
        book = book_by_code(session, code)
        live = [
            (campaign, campaigns.progress(session, campaign_id=campaign.id))
            for campaign in campaigns.live_campaigns(session, book_id=book.id)
        ]
        totals = campaigns.totals_received(session, book_id=book.id)
        joined = pools.pools_of(session, book_id=book.id)
    if book.kind == "pool":
        return redirect(url_for("pools.show", code=code))
    return page("home/community.html", book=book, live=live, grand=totals, joined=joined)
