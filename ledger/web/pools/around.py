"""Settings of a book: the pools that it hosts or is a member of, and who decides about them."""

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.queries.pools import pools
from ledger.web.site.context import book_for, page, reading

pages = Blueprint("pool_settings", __name__)


@pages.get("/books/<code>/settings/pools")
def show(code: str) -> Response:
    """Show the pools with their hosts and members."""
    book = book_for("change_settings", code)
    with reading() as session:
        rows = pools.pools_around(session, book_id=book.id)
    return page("pools/around.html", book=book, rows=rows)
