"""Settings of a book: its chart of accounts, and the accounts that it adds to the chart."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.core.accounts import BY_NUMBER
from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.books.books import accounts_of
from ledger.schemas.settings import CLOSE, Closing, ClosingForm, NewAccount, NewAccountForm
from ledger.services.books import books, closing
from ledger.web.settings.section import ACTION, carry_out
from ledger.web.site.context import book_for, page, reading, today
from ledger.web.site.forms import Form

pages = Blueprint("account_settings", __name__)
KIND_WORDS = {
    "asset": later("Asset"),
    "liability": later("Liability"),
    "equity": later("Net assets"),
    "income": later("Income"),
    "expense": later("Expense"),
    "source": later("Quantities received"),
    "stock": later("Quantities held"),
    "use": later("Quantities used"),
    "memo": later("Memorandum"),
}


@pages.get("/books/<code>/settings/accounts")
def show(code: str) -> Response:
    """Show the chart and the form that adds an account."""
    return _page(book_for(ACTION, code), {}, {})


@pages.post("/books/<code>/settings/accounts")
def create(code: str) -> Response:
    """Add an account to the chart of this book."""

    def command(session: Session, book: Book, answers: NewAccount) -> None:
        books.open_account(session, book=book, number=answers.number, name=answers.account_name)

    return carry_out(
        code,
        NewAccountForm(),
        command,
        show=_page,
        named={"name": "account_name"},
        setting="account",
        said=lambda _result: _("The account was added."),
    )


@pages.post("/books/<code>/settings/accounts/<int:number>")
def set_closed(code: str, number: int) -> Response:
    """Close an account of the book's own that is no longer used, or open it again."""

    def command(session: Session, book: Book, answers: Closing) -> None:
        if answers.action == CLOSE:
            closing.close_account(session, book=book, number=number, on=today(book))
        else:
            closing.open_account_again(session, book=book, number=number)

    return carry_out(
        code,
        ClosingForm(),
        command,
        show=_page,
        named={"account": f"account-{number}"},
        setting="account",
        said=lambda _result: _("Saved."),
    )


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        accounts = accounts_of(session, book.id)
    return page(
        "settings/accounts.html",
        status,
        book=book,
        own=[account for account in accounts if account.number not in BY_NUMBER],
        chart=[account for account in accounts if account.number in BY_NUMBER],
        kind_words=KIND_WORDS,
        form=Form(NewAccountForm(), values=values, errors=errors),
    )
