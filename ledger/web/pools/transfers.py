"""Money for other books: a grant to a community or a contribution to a pool, proposed here."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.vocabulary import BookKind, FundClass
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.queries.books.books import all_books, book_by_code, fund_by_code, open_funds, own_funds
from ledger.schemas.money import Transfer
from ledger.schemas.money import transfer as transfer_schema
from ledger.services.pools import pools, transfers
from ledger.web.identity.sessions import fresh_needed, held_answers
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

pages = Blueprint("transfers", __name__)


@pages.get("/books/<code>/transfers")
def show(code: str) -> Response:
    """Show the form."""
    return _page(code, held_answers(), {})


@pages.post("/books/<code>/transfers")
@fresh_needed
def propose(code: str) -> Response:
    """Ask an approver to grant or contribute."""
    book = book_for("propose_transfer", code)
    person = signed_in()
    try:
        answers = read_form(transfer_schema(exponent(book.commodity)))
        write(lambda session: _propose(session, book, answers, person.id))
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal), 422)
    except (Conflict, NotFound) as refusal:
        return _page(code, request.form.to_dict(), errors_of(refusal, {"book": "receiver"}), 422)
    flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("transfers.show", code=code), 303)


def _propose(session: Session, book: Book, answers: Transfer, by: UUID) -> None:
    receiver = book_by_code(session, answers.receiver)
    fund = fund_by_code(session, book.id, answers.fund)
    if receiver.kind == BookKind.POOL:
        pools.propose_contribution(
            session,
            member=book,
            fund=fund,
            pool=receiver,
            amount=answers.amount,
            reason=answers.reason,
            made_by=by,
            now=now(),
        )
        return
    wanted = answers.receiver_fund
    own = own_funds(session, receiver.id)
    chosen = next((item for item in own if item.code == wanted), None) if wanted else None
    if chosen is None:
        chosen = next((item for item in own if item.fund_class == FundClass.UNRESTRICTED), None)
    if chosen is None:
        raise Invalid(_("This community has no fund that can receive the loan."), place="receiver")
    transfers.propose_grant(
        session,
        giver=book,
        grant=transfers.Grant(
            giver_fund=fund, receiver_fund=chosen, amount=answers.amount, reason=answers.reason
        ),
        receiver=receiver,
        made_by=by,
        now=now(),
    )


def _page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = book_for("propose_transfer", code)
    with reading() as session:
        funds = open_funds(session, book.id)
        others = [other for other in all_books(session) if other.id != book.id]
    return page(
        "pools/transfers.html",
        status,
        book=book,
        funds=funds,
        others=others,
        form=Form(transfer_schema(exponent(book.commodity)), values=values, errors=errors),
    )
