"""Many bank lines at once: those that are certain, or selected ones, previewed and then booked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import ReadSession, Session
from ledger.errors import Invalid, NotFound, PoolbookError
from ledger.models.books import Book
from ledger.queries.books.journal import EntryRow
from ledger.schemas.bank_lines import Many, ManyForm
from ledger.services.approvals import previews
from ledger.services.banking.items import Item
from ledger.services.reconciliation import bulk
from ledger.services.reconciliation.meanings import Part
from ledger.web.banking.lines import LABELS
from ledger.web.banking.statements import bank_page
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("many_lines", __name__)


@pages.post("/books/<code>/bank/lines")
def book(code: str) -> Response:
    """Preview or book many lines: each whole, all or none."""
    owner = book_for("match", code)
    person = signed_in()
    answers = {name: text for name, text in request.form.items() if name != "line"}
    try:
        said, line_ids = read_form(ManyForm(), answers), _lines()
    except Invalid as refusal:
        return _page(owner, answers, errors=errors_of(refusal), status=422)

    def do(session: Session) -> int:
        rows = _rows(session, owner, said, line_ids)
        return bulk.book_many(session, rows, by=person.id, now=now())

    try:
        if said.step == "book":
            count = write(do)
            flash(_("Lines booked: %(count)s.", count=count))
            return redirect(url_for("statements.show", code=code), 303)
        seen = here().db.run(lambda session: previews.trial(session, do))
    except bulk.NothingToBook as refusal:
        flash(refusal.message)
        return redirect(url_for("statements.show", code=code), 303)
    except PoolbookError as refusal:
        status = 422 if isinstance(refusal, Invalid | NotFound) else 409
        return bank_page(owner, errors_of(refusal), status)
    with reading() as session:
        rows = _rows(session, owner, said, line_ids)
    return _page(owner, answers, rows=rows, sums=_sums(seen))


def _page(
    owner: Book,
    answers: Mapping[str, str],
    *,
    rows: Sequence[tuple[Item, Part]] = (),
    sums: Sequence[tuple[int, str, str, str, int]] = (),
    errors: Errors | None = None,
    status: int = 200,
) -> Response:
    return page(
        "banking/many_lines.html",
        status,
        book=owner,
        rows=rows,
        said=answers,
        labels=LABELS,
        total=sum(item.amount for item, _part in rows),
        sums=sums,
        form=Form(ManyForm(), values=answers, errors=errors),
    )


def _lines() -> list[UUID]:
    """Return the lines that were selected. Raises Invalid for what is no line."""
    try:
        return [UUID(text) for text in request.form.getlist("line")]
    except ValueError as error:
        raise Invalid("Choose lines from the list.", place="line") from error


def _rows(
    session: ReadSession, owner: Book, said: Many, line_ids: Sequence[UUID]
) -> list[tuple[Item, Part]]:
    if said.what == "same" and not line_ids:
        raise Invalid("Select the lines first.", place="line")
    items = bulk.selected(session, book_id=owner.id, line_ids=line_ids)
    if said.what == "certain":
        return bulk.certain(session, items)
    return bulk.alike(items, bulk.Same(said.meaning, said.fund))


def _sums(seen: Sequence[tuple[str, EntryRow]]) -> list[tuple[int, str, str, str, int]]:
    """Return what all entries come to by account, fund and currency."""
    sums: Counter[tuple[int, str, str, str]] = Counter()
    for _place, entry in seen:
        for leg in entry.legs:
            sums[leg.account, leg.account_name, leg.fund, leg.commodity] += leg.quantity
    return [(*key, quantity) for key, quantity in sorted(sums.items()) if quantity]
