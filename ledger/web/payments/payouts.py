"""What a treasurer sees of Stripe: its balance beside the books, disputes, refunds, payouts."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.pledges import Pledge
from ledger.queries.payments import (
    disputes,
    owed_refunds,
    payments,
    payout_detail,
    stripe_balance,
)
from ledger.schemas.money import refund as refund_schema
from ledger.services.payments import refunds
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("payouts", __name__)


@pages.get("/books/<code>/payouts")
def show(code: str) -> Response:
    """Show the balance and whether the books agree, disputes with their deadline, refunds, what
    is owed back to donors, what nobody knows, payouts and payments."""
    book = book_for("read_books", code)
    with reading() as session:
        shown: dict[str, Any] = {
            "agreements": stripe_balance.agreement_as_read(session, book_id=book.id),
            "read_at": stripe_balance.read_until(session),
            "disputes": disputes.disputes_of(session, book_id=book.id),
            "refunds": payments.refunds_of_book(session, book_id=book.id),
            "owed": owed_refunds.owed_refunds(session, book_id=book.id),
            "suspense": stripe_balance.in_suspense(session, book_id=book.id),
            "payouts": payout_detail.payouts_touching(session, book=book),
            "unposted": payments.unposted(session),
            "recent": payments.settled_charges(session, book_id=book.id),
        }
        # Whoever owns the Stripe account says what its movements are.
        owner = stripe_balance.book_for_account(session)
    return page(
        "payments/payouts.html",
        book=book,
        waits=disputes.waits,
        can_name=owner is not None and owner.id == book.id and visitor().may("match", book.id),
        **shown,
    )


@pages.get("/books/<code>/refunds/<uuid:pledge_id>")
def refund_form(code: str, pledge_id: UUID) -> Response:
    """Ask how much of a payment goes back."""
    return _refund_page(code, pledge_id, held_answers(), {})


@pages.post("/books/<code>/refunds/<uuid:pledge_id>")
@fresh_needed
def refund(code: str, pledge_id: UUID) -> Response:
    """Ask for a refund; an approver decides and the worker sends it."""
    book = book_for("propose_refund", code)
    person = signed_in()
    _pledge(book, pledge_id)
    try:
        answers = read_form(refund_schema(exponent(book.commodity)))
        write(
            lambda session: refunds.request_refund(
                session,
                pledge_id=pledge_id,
                amount=answers.amount,
                reason=answers.reason,
                requested_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _refund_page(code, pledge_id, request.form.to_dict(), errors_of(refusal), 422)
    except Conflict as refusal:
        return _refund_page(
            code, pledge_id, request.form.to_dict(), {"form": [refusal.message]}, 409
        )
    flash(_("Refund requested. No money is sent back until an approver agrees."))
    return redirect(url_for("payouts.show", code=code), 303)


@pages.post("/books/<code>/payouts/refunds/<uuid:refund_id>/retry")
@fresh_needed
def retry(code: str, refund_id: UUID) -> Response:
    """Send a refund again that Stripe did not answer; an approver has agreed to it already."""
    book = book_for("propose_refund", code)
    try:
        write(
            lambda session: refunds.retry_refund(
                session, refund_id=refund_id, book_id=book.id, now=now()
            )
        )
        flash(_("The refund will be sent again within a minute."))
    except Conflict as refusal:
        flash(refusal.message)
    return redirect(url_for("payouts.show", code=code), 303)


def _pledge(book: Book, pledge_id: UUID) -> Pledge:
    """Return a pledge of this book: another community's is none of its treasurer's business."""
    with reading() as session:
        pledge = session.get(Pledge, pledge_id)
    if pledge is None or pledge.book_id != book.id:
        raise NotFound(_("There is no such pledge in this book."))
    return pledge


def _refund_page(
    code: str,
    pledge_id: UUID,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("propose_refund", code)
    pledge = _pledge(book, pledge_id)
    with reading() as session:
        past = payments.refunds_of_pledge(session, pledge_id=pledge_id)
    return page(
        "payments/refund.html",
        status,
        book=book,
        pledge=pledge,
        past=past,
        form=Form(refund_schema(exponent(book.commodity)), values=values, errors=errors),
    )
