"""The public front: all communities together, and each one's own page."""

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.vocabulary import BookKind
from ledger.queries.books.books import book_by_code, books_page
from ledger.queries.books.details import details_of
from ledger.queries.campaigns import campaigns
from ledger.queries.jobs.check_runs import last_good_day
from ledger.queries.pledges import figures
from ledger.queries.pools import pools
from ledger.schemas.fields import asked
from ledger.web.site.context import page, reading, row_asked, visitor
from ledger.web.site.forms import Form

# Campaigns and books on a first page; the rest is one click away.
SHOWN = 12

pages = Blueprint("home", __name__)


@pages.get("/")
def show() -> Response:
    """Show what the communities do together and how to help."""
    with reading() as session:
        live = campaigns.live_page(session, limit=SHOWN)
        books = books_page(session, limit=SHOWN)
        totals = figures.figures(session, figures.Scope())
    if not books.rows:
        # Nobody has set this installation up yet.
        return redirect(url_for("first_visit.show"))
    return page(
        "public/home.html",
        live=live.rows,
        more_live=live.after,
        books=books.rows,
        more_books=books.after,
        grand=totals.rows,
    )


@pages.get("/campaigns")
def all_campaigns() -> Response:
    """Show every campaign that takes pledges, of all communities or of one."""
    with reading() as session:
        code = request.args.get("book", "")
        book = book_by_code(session, code) if code else None
        live = campaigns.live_page(
            session, book_id=book.id if book else None, after=row_asked("after")
        )
    return page("public/campaigns.html", book=book, live=live)


@pages.get("/communities")
def all_communities() -> Response:
    """Show every community and pool by name, or those that a word is about."""
    words = request.args.get("q", "")
    with reading() as session:
        found = books_page(session, named=words, after=row_asked("after"))
    form = Form(values={"q": words}, more={"q": asked(_("Name or place"))})
    return page("public/communities.html", form=form, found=found)


@pages.get("/start")
def start() -> Response:
    """Lead a person who has just signed in to where their work is."""
    who = visitor()
    desks = who.books("read_desk")
    if desks:
        return redirect(url_for("desk.show", code=desks[0].code))
    managed = who.books("change_settings")
    if managed:
        return redirect(url_for("settings.show", code=managed[0].code))
    if who.may("read_queue"):
        return redirect(url_for("queue.show"))
    if who.may("read_report"):
        return redirect(url_for("reports.index"))
    if who.may("log_hours"):
        return redirect(url_for("hours.show"))
    if who.runs_installation:
        return redirect(url_for("installation.show"))
    return redirect(url_for("giving.show"))


@pages.get("/c/<code>")
def community(code: str) -> Response:
    """Show one community: its story, its campaigns, what it received in each kind."""
    with reading() as session:
        book = book_by_code(session, code)
        if book.kind == BookKind.POOL:
            return redirect(url_for("pools.show", code=code))
        live = campaigns.live_page(session, book_id=book.id, limit=SHOWN)
        totals = figures.figures(session, figures.scope_of_book(book))
        joined = pools.pools_of(session, book_id=book.id)
        checked_on = last_good_day(session)
        details = details_of(session, book.id)
    return page(
        "public/community.html",
        book=book,
        checked_on=checked_on,
        live=live.rows,
        more_live=live.after,
        grand=totals.rows,
        joined=joined,
        details=details,
    )
