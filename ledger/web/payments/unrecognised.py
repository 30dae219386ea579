"""Payments that Stripe took and nobody knew: somebody says which fund they were for."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Invalid, NotFound
from ledger.queries.books.books import open_funds
from ledger.queries.payments.stripe_balance import in_suspense
from ledger.schemas.money import NamedForm
from ledger.services.stripe_balance import unrecognised
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("suspense", __name__)


@pages.get("/books/<code>/stripe/<txn_id>")
def form(code: str, txn_id: str) -> Response:
    """Ask which fund a payment in suspense was for."""
    return _page(code, txn_id, {}, {})


@pages.post("/books/<code>/stripe/<txn_id>")
def name(code: str, txn_id: str) -> Response:
    """Book a payment in suspense as a gift to a fund."""
    book = book_for("match", code)
    person = signed_in()
    try:
        answers = read_form(NamedForm())
        write(
            lambda session: unrecognised.name_gift(
                session,
                txn_id=txn_id,
                book_id=book.id,
                fund=answers.fund,
                by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(code, txn_id, request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        return _page(code, txn_id, request.form.to_dict(), {"form": [refusal.message]}, 409)
    flash(_("Booked as a contribution."))
    return redirect(url_for("payouts.show", code=code), 303)


def _page(
    code: str,
    txn_id: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("match", code)
    with reading() as session:
        parked = in_suspense(session, book_id=book.id)
        funds = open_funds(session, book.id)
    txn = next((row for row in parked if row.stripe_txn_id == txn_id), None)
    if txn is None:
        raise NotFound(_("There is no such transaction in suspense."))
    return page(
        "payments/unrecognised.html",
        status,
        book=book,
        txn=txn,
        funds=funds,
        form=Form(NamedForm(), values=values, errors=errors),
    )
