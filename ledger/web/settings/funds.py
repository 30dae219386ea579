"""Settings of a book: its funds, what each holds, and opening one."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.models.books import Book
from ledger.queries.books.books import funds_of
from ledger.queries.books.funds import spendable_by_fund
from ledger.schemas.settings import CLOSE, Closing, ClosingForm, NewFund, NewFundForm
from ledger.services.books import books, closing
from ledger.web.settings.section import ACTION, carry_out
from ledger.web.site.context import book_for, now, page, reading, today
from ledger.web.site.forms import Form

pages = Blueprint("fund_settings", __name__)
CLASS_WORDS = {
    "unrestricted": later("Unrestricted: for anything the community does"),
    "designated": later("Designated: the community's own plan, which it can change"),
    "purpose": later("Restricted to a purpose named by donors"),
    "time": later("Restricted to a time named by donors"),
    "purpose_time": later("Restricted to a purpose and a time named by donors"),
    "endowment_expendable": later("Expendable endowment"),
    "endowment_permanent": later("Permanent endowment"),
    "agency": later("Agency fund: money held for others"),
}


@pages.get("/books/<code>/settings/funds")
def show(code: str) -> Response:
    """Show the funds and the form that opens one."""
    return _page(book_for(ACTION, code), {"fund_class": "unrestricted"}, {})


@pages.post("/books/<code>/settings/funds")
def create(code: str) -> Response:
    """Open a fund."""

    def command(session: Session, book: Book, answers: NewFund) -> None:
        books.create_fund(
            session,
            book_id=book.id,
            fund=books.NewFund(
                code=answers.code.upper(),
                name=answers.fund_name,
                fund_class=answers.fund_class,
                purpose=answers.purpose,
            ),
            now=now(),
        )

    return carry_out(
        code,
        NewFundForm(),
        command,
        show=_page,
        named={"name": "fund_name", "class": "fund_class"},
        setting="fund",
        said=lambda _result: _("The fund was created."),
    )


@pages.post("/books/<code>/settings/funds/<fund>")
def set_closed(code: str, fund: str) -> Response:
    """Close a fund that is no longer used, or open it again."""

    def command(session: Session, book: Book, answers: Closing) -> None:
        if answers.action == CLOSE:
            closing.close_fund(session, book=book, code=fund, on=today(book))
        else:
            closing.open_fund_again(session, book=book, code=fund)

    return carry_out(
        code,
        ClosingForm(),
        command,
        show=_page,
        named={"fund": f"fund-{fund}"},
        setting="fund",
        said=lambda _result: _("Saved."),
    )


def _page(
    book: Book, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    with reading() as session:
        funds = funds_of(session, book.id)
        holds = spendable_by_fund(session, book)
    return page(
        "settings/funds.html",
        status,
        book=book,
        funds=funds,
        holds=holds,
        class_words=CLASS_WORDS,
        form=Form(NewFundForm(), values=values, errors=errors),
    )
