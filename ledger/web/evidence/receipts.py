"""Receipts of a book: which bills and claims have none, and which may be there twice."""

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.queries.evidence.attached import pictures_of
from ledger.queries.evidence.duplicates import pairs_of
from ledger.queries.evidence.receipts import without_receipt
from ledger.queries.people.people import names_of
from ledger.web.site.context import book_for, page, reading

pages = Blueprint("receipts", __name__)
# The newest; whoever has decided about those sees the next.
MOST_PAIRS = 50


@pages.get("/books/<code>/receipts")
def show(code: str) -> Response:
    """Show what has no receipt, and what may be there twice side by side."""
    book = book_for("read_evidence", code)
    with reading() as session:
        missing = without_receipt(session, book_id=book.id)
        pairs = pairs_of(session, book.id)[:MOST_PAIRS]
        paired = {row.id: row for pair in pairs for row in (pair.older, pair.newer)}
        pictures = pictures_of(session, book_id=book.id, agreements=paired.keys())
        people = {row.made_by for row in (*missing, *paired.values())}
        names = names_of(session, {one for one in people if one is not None})
    return page(
        "evidence/receipts.html",
        book=book,
        missing=missing,
        pairs=pairs,
        pictures=pictures,
        names=names,
    )
