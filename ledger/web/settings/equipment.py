"""Settings: the classes of equipment that people can pledge, lend and count."""

from flask import Blueprint
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.vocabulary import CommodityKind
from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.books.books import commodities
from ledger.schemas.settings import EQUIPMENT, NewKind, NewKindForm
from ledger.services.books import books
from ledger.web.settings.section import ACTION, carry_out
from ledger.web.site.context import book_for, page, reading
from ledger.web.site.forms import Form

pages = Blueprint("equipment_settings", __name__)


@pages.get("/books/<code>/settings/equipment")
def show(code: str) -> Response:
    """Show the classes and the form that adds one."""
    return _page(book_for(ACTION, code), {}, {})


@pages.post("/books/<code>/settings/equipment")
def add(code: str) -> Response:
    """Add a class of equipment, for all books here."""

    def command(session: Session, _book: Book, answers: NewKind) -> None:
        books.add_kind(
            session,
            prefix=EQUIPMENT,
            singular=answers.singular,
            plural=answers.plural or answers.singular,
        )

    return carry_out(
        code,
        NewKindForm(),
        command,
        show=_page,
        named={},
        setting="equipment",
        said=lambda _result: _("Added. People can now pledge it."),
    )


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        kinds = commodities(session).values()
    return page(
        "settings/equipment.html",
        status,
        book=book,
        classes=sorted(
            (item.plural, item.code) for item in kinds if item.kind == CommodityKind.ITEM
        ),
        form=Form(NewKindForm(), values=values, errors=errors),
    )
