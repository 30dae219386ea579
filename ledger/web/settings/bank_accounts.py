"""Settings of a book: the bank accounts of its statements, and the one that donors are shown."""

from flask import Blueprint
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.approvals.requests import requests_for
from ledger.queries.approvals.rules import BANK_DETAILS
from ledger.queries.books.books import account_names
from ledger.queries.books.details import details_of
from ledger.schemas.settings import BankForm, ShownBank
from ledger.services.approvals import settings
from ledger.services.books.details import BankDetails
from ledger.services.statements.bank_accounts import known_accounts
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.settings.section import ACTION, carry_out, said_of_request
from ledger.web.site.context import book_for, now, page, reading, signed_in
from ledger.web.site.forms import Form

pages = Blueprint("bank_settings", __name__)


@pages.get("/books/<code>/settings/bank-accounts")
def show(code: str) -> Response:
    """Show which account of the chart each bank account stands for, and what donors see."""
    return _page(book_for(ACTION, code), held_answers(), {})


@pages.post("/books/<code>/settings/bank-accounts")
@fresh_needed
def request_details(code: str) -> Response:
    """Ask for other bank details that donors see; another person agrees where there is one."""

    def command(session: Session, book: Book, asked: ShownBank) -> object:
        return settings.request_bank_details(
            session,
            book=book,
            bank=BankDetails(asked.account_holder, asked.iban, asked.bic),
            reason=asked.reason,
            made_by=signed_in().id,
            now=now(),
        )

    return carry_out(
        code,
        BankForm(),
        command,
        show=_page,
        named={},
        # The service writes it down when it holds.
        setting="",
        said=said_of_request(_("Saved. Donors see these bank details from now on.")),
    )


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        accounts = known_accounts(session, book.id)
        names = account_names(session, book.id)
        known = details_of(session, book.id)
        waiting = requests_for(session, book_ids=[book.id], kinds=[BANK_DETAILS], is_open=True)
    given = {"account_holder": known.account_holder, "iban": known.iban_in_groups, "bic": known.bic}
    return page(
        "settings/bank_accounts.html",
        status,
        book=book,
        accounts=accounts,
        names=names,
        known=known,
        waiting=waiting,
        form=Form(BankForm(), values={**given, **values}, errors=errors),
    )
