"""What is approved and waits to be paid, and the payment file for the bank."""

from flask import Blueprint, current_app, request
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.schemas.payment_files import FileWantedForm
from ledger.services.spending import payment_files
from ledger.services.spending.payment_files import PaymentOrder
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
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("payment_files", __name__)
TYPES = {"xml": "application/xml", "csv": "text/csv"}
STATUS = {NotAllowed: 403, Conflict: 409}
TICKED = "pay"


@pages.get("/books/<code>/payments")
def show(code: str) -> Response:
    """Show what waits to be paid."""
    return _page(code, held_answers(), {})


@pages.post("/books/<code>/payments")
@fresh_needed
def make(code: str) -> Response:
    """Make a payment file of what is ticked, and mark it as being in one."""
    book, person = book_for("carry_out", code), signed_in()
    try:
        given = {name: text for name, text in request.form.items() if name != TICKED}
        answers = read_form(FileWantedForm(), given)
        if answers.pay_on < today(book):
            raise Invalid("This date is in the past.", place="pay_on")
        order = PaymentOrder(
            request.form.getlist(TICKED), answers.pay_on, answers.file_format, answers.again
        )
        data = write(
            lambda session: payment_files.make_file(
                session, book=book, order=order, by=person.id, now=now()
            )
        )
    except (Invalid, Conflict, NotAllowed) as refusal:
        status = STATUS.get(type(refusal), 422)
        return _page(code, request.form.to_dict(), errors_of(refusal), status)
    response = current_app.response_class(data, mimetype=TYPES[answers.file_format])
    name = f"{book.code}-payments-{answers.pay_on.isoformat()}.{answers.file_format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(code: str, values: dict[str, str], errors: Errors, status: int = 200) -> Response:
    book = book_for("carry_out", code)
    with reading() as session:
        rows = payment_files.payables(session, book_id=book.id)
    given = {"pay_on": today(book).isoformat(), "file_format": "xml", **values}
    return page(
        "spending/payments.html",
        status,
        book=book,
        rows=rows,
        ticked=request.form.getlist(TICKED),
        form=Form(FileWantedForm(), values=given, errors=errors),
    )
