"""Settings of a book: the legal entity behind it, and the month in which its year begins."""

from babel.dates import get_month_names
from flask import Blueprint
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.books.details import details_of
from ledger.schemas.settings import LegalEntity, LegalEntityForm
from ledger.services.books import details
from ledger.web.settings.section import ACTION, carry_out
from ledger.web.site.context import book_for, now, page, reading, visitor
from ledger.web.site.forms import Form
from ledger.web.site.locale import chosen

pages = Blueprint("entity_settings", __name__)


@pages.get("/books/<code>/settings/entity")
def show(code: str) -> Response:
    """Show the form."""
    return _page(book_for(ACTION, code), {}, {})


@pages.post("/books/<code>/settings/entity")
def save(code: str) -> Response:
    """Say who stands behind the book."""

    def command(session: Session, book: Book, said: LegalEntity) -> None:
        details.set_entity(
            session,
            book=book,
            entity=details.LegalEntity(
                said.legal_name,
                said.registration_number,
                said.postal_address,
                int(said.fiscal_month),
            ),
            made_by=visitor().id,
            now=now(),
        )

    return carry_out(
        code,
        LegalEntityForm(),
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
        known = details_of(session, book.id)
    given = {
        "legal_name": known.legal_name,
        "registration_number": known.registration_number,
        "postal_address": known.postal_address,
        "fiscal_month": str(known.fiscal_month),
    }
    months = get_month_names("wide", locale=chosen(), context="stand-alone")
    return page(
        "settings/entity.html",
        status,
        book=book,
        form=Form(
            LegalEntityForm(),
            values={**given, **values},
            errors=errors,
            options={"fiscal_month": [(str(month), name) for month, name in months.items()]},
        ),
    )
