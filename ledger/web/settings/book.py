"""Settings of a book: its name, place, story and time zone."""

from flask import Blueprint
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.days import time_zones
from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.books.seals import log_size
from ledger.schemas.first_visit import PROFILE_NAMES
from ledger.schemas.settings import BookWords, BookWordsForm
from ledger.services.books import books
from ledger.web.settings.section import ACTION, carry_out
from ledger.web.site.context import book_for, now, page, reading, visitor
from ledger.web.site.forms import Form

pages = Blueprint("book_settings", __name__)


@pages.get("/books/<code>/settings/book")
def show(code: str) -> Response:
    """Show what the public reads, and what the book is kept in."""
    return _page(book_for(ACTION, code), {}, {})


@pages.post("/books/<code>/settings/book")
def describe(code: str) -> Response:
    """Change what the public reads; the time zone until the first entry is sealed."""

    def command(session: Session, book: Book, words: BookWords) -> None:
        books.describe(
            session,
            book=book,
            name=words.name,
            place=words.place,
            story=words.story,
            time_zone=words.time_zone,
            made_by=visitor().id,
            now=now(),
        )

    return carry_out(
        code,
        BookWordsForm(),
        command,
        show=_page,
        named={},
        # The service writes down each part that changed.
        setting="",
        said=lambda _result: _("Saved."),
    )


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        is_sealed = log_size(session, book.id) > 0
    words = {
        "name": book.name,
        "place": book.place,
        "story": book.story,
        "time_zone": book.time_zone,
    }
    return page(
        "settings/book.html",
        status,
        book=book,
        is_sealed=is_sealed,
        zones=time_zones(),
        profile=PROFILE_NAMES[book.profile],
        form=Form(BookWordsForm(), values={**words, **values}, errors=errors),
    )
