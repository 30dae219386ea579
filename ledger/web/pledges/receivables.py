"""Open pledges of money with their due dates, and what is receivable by age."""

from decimal import Decimal

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.accounts import Acct
from ledger.core.ageing import AgeBand
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.models.rights_log import RightsKind
from ledger.queries.books.balances import balance_of
from ledger.queries.pledges.open_items import (
    OpenItem,
    Place,
    ageing,
    campaigns_with_pledges,
    open_items,
)
from ledger.schemas.receivables import NATURES, ItemsAsked, ItemsAskedForm
from ledger.services.people.rights_log import record
from ledger.web.site.context import book_for, now, page, read_form, reading, today, visitor, write
from ledger.web.site.formatting import plain_decimal
from ledger.web.site.forms import Errors, Form, errors_of
from ledger.web.site.spreadsheets import KINDS, Cell, as_file

pages = Blueprint("receivables", __name__)

KEPT = ("when", "nature", "state", "campaign", "words")
MOST_ROWS = 2_000
BANDS = [
    (AgeBand.UNDATED, later("No due date")),
    (AgeBand.NOT_DUE, later("Not due")),
    (AgeBand.TO_30, later("1–30 days")),
    (AgeBand.TO_60, later("31–60 days")),
    (AgeBand.TO_90, later("61–90 days")),
    (AgeBand.OVER_90, later("Over 90 days")),
]


@pages.get("/books/<code>/receivables")
def show(code: str) -> Response:
    """Show what is open, the longest overdue first, a page at a time, and its ageing."""
    book = book_for("read_books", code)
    sees_donors = visitor().may("read_donors", book.id)
    wanted, errors = _asked()
    day = today(book)
    with reading() as session:
        rows, goes_on = open_items(
            session,
            book_id=book.id,
            today=day,
            wanted=wanted.filter(sees_donors=sees_donors),
            after=wanted.place,
        )
        aged = ageing(session, book_id=book.id, today=day)
        balance = balance_of(session, book_id=book.id, accounts=[Acct.PLEDGES_RECEIVABLE])
        campaigns = campaigns_with_pledges(session, book_id=book.id)
    kept = {name: request.args[name] for name in KEPT if request.args.get(name)}
    return page(
        "pledges/receivables.html",
        422 if errors else 200,
        book=book,
        rows=rows,
        aged=aged,
        bands=BANDS,
        natures=dict(NATURES),
        receivable=[(amount.quantity, amount.commodity) for amount in balance],
        account=Acct.PLEDGES_RECEIVABLE,
        campaigns=campaigns,
        kept=kept,
        further=kept | _behind(rows[-1].place) if goes_on else {},
        day=day,
        sees_donors=sees_donors,
        may_record=visitor().may("book_manual_entries", book.id),
        may_export=visitor().may("export_journal", book.id),
        form=Form(ItemsAskedForm(), values=request.args, errors=errors),
    )


@pages.get(f"/books/<code>/receivables/sheet/<{KINDS}:sheet>")
def download(code: str, sheet: str) -> Response:
    """Download the rows that the filter of the list finds."""
    book = book_for("export_journal", code)
    sees_donors = visitor().may("read_donors", book.id)
    day = today(book)
    wanted = read_form(ItemsAskedForm(), _given())
    with reading() as session:
        rows, goes_on = open_items(
            session,
            book_id=book.id,
            today=day,
            wanted=wanted.filter(sees_donors=sees_donors),
            limit=MOST_ROWS,
        )
    if goes_on:
        raise Invalid("More than {most} rows are found. Choose a filter.", most=MOST_ROWS)
    _note(book, sheet)
    headings = (
        *(_("Donor"), _("Reference"), _("Instalment"), _("Fund"), _("Campaign"), _("Kind")),
        *(_("Due"), _("Days overdue"), _("Pledged"), _("Received"), _("Open"), _("Unit")),
    )
    return as_file(
        f"{book.code}-receivables",
        sheet,
        headings,
        [_cells(row, sees_donors=sees_donors, overdue=row.overdue_days(day)) for row in rows],
    )


def _cells(row: OpenItem, *, sees_donors: bool, overdue: int) -> tuple[Cell, ...]:
    return (
        row.donor if sees_donors else "",
        row.reference,
        row.number or "",
        row.fund,
        row.campaign,
        str(dict(NATURES)[row.legal_nature]),
        row.due_on or "",
        overdue,
        *(
            Decimal(plain_decimal(amount, row.commodity))
            for amount in (row.quantity, row.received, row.open)
        ),
        row.commodity,
    )


def _behind(place: Place) -> dict[str, str]:
    """Return how an address says behind which row its page begins."""
    return {
        "after_day": place.due_on.isoformat(),
        "after": str(place.pledge_id),
        "after_number": str(place.number),
    }


def _given() -> dict[str, str]:
    return {name: text for name, text in request.args.items() if text.strip()}


def _asked() -> tuple[ItemsAsked, Errors]:
    """Read the filter of the address; a wrong part is told and left out."""
    given = _given()
    try:
        return read_form(ItemsAskedForm(), given), {}
    except Invalid as refusal:
        errors = errors_of(refusal)
        left = {name: text for name, text in given.items() if name not in errors}
        return read_form(ItemsAskedForm(), left), errors


def _note(book: Book, sheet: str) -> None:
    write(
        lambda session: record(
            session,
            kind=RightsKind.DATA_EXPORTED,
            actor=visitor().id,
            book=book.id,
            about={"format": f"receivables.{sheet}"},
            now=now(),
        )
    )
