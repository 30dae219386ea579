"""Cash: count it, later take it to the bank."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.accounts import Acct
from ledger.core.currencies import exponent
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.ids import new_id
from ledger.models.books import Book
from ledger.queries.banking import deposits
from ledger.queries.books import balances
from ledger.queries.books.books import fund_by_code, open_funds
from ledger.queries.pledges import pledges
from ledger.schemas.money import Cash
from ledger.schemas.money import cash as cash_schema
from ledger.services.banking import cash
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("offline", __name__)


@pages.get("/books/<code>/cash")
def show(code: str) -> Response:
    """Show the cash that is not banked, and the form for more."""
    day = today(book_for("record_cash", code))
    return _page(code, {"received_on": day.isoformat(), "key": str(new_id())} | held_answers(), {})


@pages.post("/books/<code>/cash")
@fresh_needed
def record(code: str) -> Response:
    """Book counted cash, or cash that went to the bank."""
    book = book_for("record_cash", code)
    person = signed_in()
    try:
        form = {name: text for name, text in request.form.items() if name != "counts"}
        answers = read_form(cash_schema(exponent(book.commodity)), form)
        counts = _chosen()
        write(lambda session: _record(session, book, answers, counts, person.id))
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 422)
    except (Conflict, NotFound) as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 409)
    flash(_("Booked."))
    return redirect(url_for("offline.show", code=code), 303)


def _record(session: Session, book: Book, answers: Cash, counts: list[UUID], by: UUID) -> None:
    fund = fund_by_code(session, book.id, answers.fund)
    reference = f"{book.code}/{answers.key}"
    if answers.action == "bank":
        cash.bank_cash(
            session,
            book=book,
            counted=cash.Counted(
                fund=fund, amount=answers.amount, reference=reference, on=answers.received_on
            ),
            now=now(),
            made_by=by,
            counts=counts,
        )
        return
    pledge = None
    if answers.pledge:
        pledge = pledges.pledge_by_reference(session, book.id, answers.pledge.upper())
        if pledge is None:
            raise Invalid(_("This book has no such pledge."), place="pledge")
        fund = pledges.fund_of(session, pledge)
    cash.record_cash(
        session,
        book=book,
        counted=cash.Counted(
            fund=fund, amount=answers.amount, reference=reference, on=answers.received_on
        ),
        now=now(),
        made_by=by,
        pledge=pledge,
    )


def _chosen() -> list[UUID]:
    """Return the counts that were ticked. Raises Invalid for what is no id."""
    try:
        return [UUID(key) for key in request.form.getlist("counts")]
    except ValueError as error:
        raise Invalid(_("Choose cash counts from the list."), place="counts") from error


def _page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = book_for("record_cash", code)
    with reading() as session:
        funds = open_funds(session, book.id)
        held = [
            row
            for row in balances.trial_balance(session, book_id=book.id)
            if row.account == Acct.UNDEPOSITED_CASH
        ]
        counted = deposits.counted(session, book_id=book.id)
    return page(
        "banking/cash.html",
        status,
        book=book,
        funds=funds,
        held=held,
        counted=counted,
        ticked=request.form.getlist("counts"),
        form=Form(cash_schema(exponent(book.commodity)), values=values, errors=errors),
    )
