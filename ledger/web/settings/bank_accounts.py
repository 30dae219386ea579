"""Settings of a book: the bank accounts that its statements are of."""

from flask import Blueprint
from werkzeug.wrappers import Response

from ledger.queries.books.books import account_names
from ledger.services.banking.bank_accounts import known_accounts
from ledger.web.settings.section import ACTION
from ledger.web.site.context import book_for, page, reading

pages = Blueprint("bank_settings", __name__)


@pages.get("/books/<code>/settings/bank-accounts")
def show(code: str) -> Response:
    """Show the bank accounts, and which account of the chart each stands for."""
    book = book_for(ACTION, code)
    with reading() as session:
        accounts = known_accounts(session, book.id)
        names = account_names(session, book.id)
    return page("settings/bank_accounts.html", book=book, accounts=accounts, names=names)
