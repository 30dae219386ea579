"""A cost that one community pays for several: its exact shares are seen before they are asked."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.core.vocabulary import BookKind, FundClass
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.queries.books.books import all_books, fund_by_code, open_funds, own_funds
from ledger.schemas.fields import asked
from ledger.schemas.money import SharedCost, shared_cost
from ledger.services.pools import cost_sharing
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    take_numbers,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("cost_sharing", __name__)
PREFIX = "measure-"


@pages.get("/books/<code>/shared-costs")
def form(code: str) -> Response:
    """Show the form."""
    return _page(code, {}, {})


@pages.post("/books/<code>/shared-costs")
def propose(code: str) -> Response:
    """Show the split, or ask an approver for it."""
    book = book_for("propose_transfer", code)
    person = signed_in()
    typed = request.form.to_dict()
    preview = typed.get("action") == "preview"
    try:
        answers, measures = _read(book, dict(typed))
        with reading() as session:
            parts = _parts(session, book, answers.amount, measures)
        if preview:
            return _page(code, typed, {}, parts)

        def command(session: Session) -> None:
            cost_sharing.propose_sharing(
                session,
                book=book,
                fund=fund_by_code(session, book.id, answers.fund),
                cost=cost_sharing.Sharing(
                    answers.amount,
                    answers.title,
                    measures,
                    _general_funds(session, book, measures),
                ),
                reason=answers.reason,
                made_by=person.id,
                now=now(),
            )

        write(command)
    except Invalid as refusal:
        return _page(code, typed, errors_of(refusal), status=422)
    except (Conflict, NotFound) as refusal:
        return _page(code, typed, errors_of(refusal), status=422)
    flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("agreements.index", code=code), 303)


def _read(book: Book, typed: dict[str, str]) -> tuple[SharedCost, dict[str, int]]:
    typed.pop("action", None)
    measures, problems = take_numbers(typed, PREFIX)
    try:
        answers = read_form(shared_cost(exponent(book.commodity)), typed)
    except Invalid as refusal:
        raise Invalid(refusal.message, messages={**refusal.messages, **problems}) from refusal
    if problems:
        raise Invalid("Check the answers marked below.", messages=problems)
    if book.code not in measures or len(measures) < 2:
        raise Invalid(
            "Enter a measure for this community and at least one other.",
            place=f"{PREFIX}{book.code}",
        )
    return answers, measures


def _parts(
    session: ReadSession, book: Book, amount: int, measures: dict[str, int]
) -> list[tuple[str, int]]:
    if not any(measures.values()):
        raise Invalid("At least one measure must be above zero.", place=f"{PREFIX}{book.code}")
    names = {other.code: other.name for other in all_books(session)}
    shares = cost_sharing.shares_of(amount, measures)
    return [(names.get(code, code), share) for code, share in shares.items()]


def _general_funds(session: ReadSession, book: Book, measures: dict[str, int]) -> dict[str, str]:
    """Return the fund in which each other community bears its share: its general one."""
    found: dict[str, str] = {}
    for other in _partners(session, book):
        free = [
            fund
            for fund in open_funds(session, other.id)
            if fund.fund_class == FundClass.UNRESTRICTED
        ]
        if other.code in measures and not free:
            raise Invalid("This community has no general fund.", place=f"{PREFIX}{other.code}")
        if other.code in measures:
            found[other.code] = free[0].code
    return found


def _partners(session: ReadSession, book: Book) -> list[Book]:
    return [
        other
        for other in all_books(session)
        if other.kind == BookKind.COMMUNITY
        and other.commodity == book.commodity
        and other.id != book.id
    ]


def _page(
    code: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    parts: list[tuple[str, int]] | None = None,
    status: int = 200,
) -> Response:
    book = book_for("propose_transfer", code)
    with reading() as session:
        funds = own_funds(session, book.id)
        sharing = [book, *_partners(session, book)]
    return page(
        "pools/cost_sharing.html",
        status,
        book=book,
        funds=funds,
        sharing=sharing,
        parts=parts,
        form=Form(
            shared_cost(exponent(book.commodity)),
            values=values,
            errors=errors,
            more={f"{PREFIX}{one.code}": asked(one.name, widget="count") for one in sharing},
        ),
    )
