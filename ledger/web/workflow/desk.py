"""The treasurer's desk: an inbox that reaches zero."""

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.queries.approvals import requests as approval_requests
from ledger.queries.invariants import check as check_invariants
from ledger.queries.pools.pools import hosted_by
from ledger.queries.workflow import desk
from ledger.queries.workflow.outlook import MONEY
from ledger.web.site.context import book_for, page, reading

pages = Blueprint("desk", __name__)


@pages.get("/books/<code>/desk")
def show(code: str) -> Response:
    """Show what waits, by kind of work."""
    book = book_for("read_desk", code)
    with reading() as session:
        standing = desk.standing(session, book_id=book.id)
        waiting = desk.waiting(session, book_id=book.id, currency=book.commodity, standing=standing)
        pools = hosted_by(session, book.id)
        requests = approval_requests.requests_for(session, book_ids=[book.id], is_open=True)
    # What there is to do comes first; what is done stays to be seen below.
    waiting.sort(key=lambda row: row.count == 0)
    return page(
        "workflow/desk.html",
        book=book,
        waiting=waiting,
        pools=pools,
        requests=requests,
        standing=standing,
        money=[(number, standing.balances[number][book.commodity]) for number in MONEY],
    )


@pages.get("/books/<code>/check")
def check(code: str) -> Response:
    """Show every invariant of the books with its result."""
    book = book_for("read_books", code)
    with reading() as session:
        results = check_invariants(session)
    return page("workflow/check.html", book=book, results=results)
