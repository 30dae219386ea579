"""Stripe's movements that wait for a word of the treasurer: refunds of contributions of before
the books, and payouts that Stripe does not itemise."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.accounts import Acct
from ledger.core.currencies import exponent
from ledger.core.written import format_figure
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book, Fund
from ledger.models.payments import BalanceTransaction
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import fund_by_code, open_funds, own_funds
from ledger.queries.payments.stripe_balance import book_for_account
from ledger.schemas.forms import Form as Shape
from ledger.schemas.money import FUND, FundParts, NamedForm, fund_parts
from ledger.services.stripe_balance import payouts
from ledger.stripe.sync import by_hand
from ledger.web.site.context import (
    book_for,
    gateway,
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("waiting", __name__)
REFUND, PAYOUT = "refund", "payout"


@pages.get("/books/<code>/stripe/<refund_txn>/old-refund")
def refund_form(code: str, refund_txn: str) -> Response:
    """Ask which fund a refund comes off whose contribution is not in these books."""
    return _refund_page(code, refund_txn, {}, {})


@pages.post("/books/<code>/stripe/<refund_txn>/old-refund")
def refund(code: str, refund_txn: str) -> Response:
    """Book a refund of a contribution that came before these books (REF-4)."""
    book = book_for("match", code)
    txn = _waiting(book, refund_txn, REFUND)
    try:
        fund = _fund(book, read_form(NamedForm()).fund)
        by_hand.settle_old_refund(
            here().db,
            gateway(),
            txn=txn,
            fund=fund,
            by=signed_in().id,
            now=now(),
        )
    except (Invalid, Conflict) as refusal:
        return _refund_page(code, refund_txn, request.form.to_dict(), *_said(refusal))
    flash(_("Booked as a refund of an earlier contribution."))
    return redirect(url_for("payouts.show", code=code), 303)


@pages.get("/books/<code>/stripe/<payout_txn>/funds")
def payout_form(code: str, payout_txn: str) -> Response:
    """Ask how much of each fund is in a payout that Stripe does not itemise."""
    return _payout_page(code, payout_txn, {}, {})


@pages.post("/books/<code>/stripe/<payout_txn>/funds")
def payout(code: str, payout_txn: str) -> Response:
    """Book a payout by the funds that were named (PO-1)."""
    book = book_for("match", code)
    txn = _waiting(book, payout_txn, PAYOUT)
    try:
        said = read_form(_parts(book, txn))
        funds = {code: part for code, part in said.parts.items() if part}
        payouts.check_parts(txn, funds)
        by_hand.settle_payout(
            here().db,
            gateway(),
            txn=txn,
            book=book,
            funds=funds,
            by=signed_in().id,
            now=now(),
        )
    except (Invalid, Conflict) as refusal:
        return _payout_page(code, payout_txn, request.form.to_dict(), *_said(refusal))
    flash(_("The payout is booked."))
    return redirect(url_for("payouts.show", code=code), 303)


def _said(refusal: Invalid | Conflict) -> tuple[dict[str, list[str]], int]:
    """Return the sentences of a refusal by field, and how the page is answered."""
    if isinstance(refusal, Invalid):
        return errors_of(refusal), 422
    return {"form": [refusal.message]}, 409


def _waiting(book: Book, txn_id: str, category: str) -> BalanceTransaction:
    """Return a movement that waits, of the book that owns the Stripe account. Raises NotFound."""
    with reading() as session:
        txn = session.get(BalanceTransaction, txn_id)
        owner = book_for_account(session)
    ours = owner is not None and owner.id == book.id
    if not ours or txn is None or txn.posted_at or txn.reporting_category != category:
        raise NotFound(_("There is no such Stripe transaction waiting."))
    return txn


def _fund(book: Book, code: str) -> Fund:
    try:
        with reading() as session:
            return fund_by_code(session, book.id, code)
    except NotFound as error:
        raise Invalid(error.message, place="fund") from error


def _funds(book: Book) -> list[Fund]:
    with reading() as session:
        return own_funds(session, book.id)


def _parts(book: Book, txn: BalanceTransaction) -> Shape[FundParts]:
    with reading() as session:
        funds = open_funds(session, book.id)
    return fund_parts(
        exponent(txn.commodity), {fund.code: f"{fund.name} ({fund.code})" for fund in funds}
    )


def _refund_page(
    code: str,
    txn_id: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("match", code)
    txn = _waiting(book, txn_id, REFUND)
    more: dict[str, dict[str, Any]] = {"fund": {"label": _("Taken from the fund")}}
    return page(
        "payments/old_refund.html",
        status,
        book=book,
        txn=txn,
        funds=_funds(book),
        form=Form(NamedForm(), values=values, errors=errors, more=more),
    )


def _payout_page(
    code: str,
    txn_id: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("match", code)
    txn = _waiting(book, txn_id, PAYOUT)
    with reading() as session:
        rows = trial_balance(session, book_id=book.id, accounts=[Acct.STRIPE_BALANCE])
    held = {row.fund: row.quantity for row in rows if row.commodity == txn.commodity}
    shape = _parts(book, txn)
    more: dict[str, dict[str, Any]] = {
        name: {
            "hint": _(
                "The books show %(amount)s at Stripe.",
                amount=format_figure(held.get(name.removeprefix(FUND), 0), txn.commodity),
            ),
            "suffix": txn.commodity,
        }
        for name in shape.fields
    }
    return page(
        "payments/payout_funds.html",
        status,
        book=book,
        txn=txn,
        form=Form(shape, values=values, errors=errors, more=more),
    )
