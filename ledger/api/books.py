"""Balances of a book for programs."""

from typing import Any

from marshmallow import Schema, fields

from ledger.api.blueprint import Blueprint
from ledger.api.token import PUBLIC, book_for, parts
from ledger.queries.books import balances
from ledger.queries.books.books import all_books
from ledger.queries.pledges import figures
from ledger.schemas.journal import AsOf, AsOfForm, Between, BetweenForm

blueprint = Blueprint("api_books", "Books and their balances")


class BookShown(Schema):
    """A book as everybody sees it."""

    code = fields.String()
    name = fields.String()
    kind = fields.String()
    commodity = fields.String()


class Balance(Schema):
    """One balance that is not zero; debit positive, smallest unit."""

    account = fields.Integer()
    fund = fields.String()
    layer = fields.String()
    commodity = fields.String()
    quantity = fields.Integer()


class TrialBalance(Schema):
    """Every balance of a book."""

    rows = fields.List(fields.Nested(Balance))


class FigureShown(Schema):
    """The figures of one commodity, smallest unit; docs/figures.md says what each means."""

    commodity = fields.String()
    kind = fields.String()
    brought_forward = fields.Integer()
    received = fields.Integer()
    advances = fields.Integer()
    other_income = fields.Integer()
    from_communities = fields.Integer()
    between_funds = fields.Integer()
    exchanged = fields.Integer()
    spent = fields.Integer()
    granted = fields.Integer()
    to_communities = fields.Integer()
    in_pools = fields.Integer()
    passed_on = fields.Integer()
    available = fields.Integer()
    committed = fields.Integer()
    held = fields.Integer()
    advances_held = fields.Integer()
    owed = fields.Integer()
    intended = fields.Integer()
    conditional = fields.Integer()
    promised = fields.Integer()


class FiguresShown(Schema):
    """What came in, is promised, available, spent and passed on; in a period or so far."""

    scope = fields.String()
    name = fields.String()
    since = fields.Date(allow_none=True, data_key="from", attribute="from")
    until = fields.Date(allow_none=True, data_key="to", attribute="to")
    figures = fields.List(fields.Nested(FigureShown))


@blueprint.get("/books")
@blueprint.needs(PUBLIC)
@blueprint.response(200, BookShown(many=True))
def index() -> list[Any]:
    """Show every book; no token needed."""
    with parts().db.snapshot() as session:
        found: list[Any] = all_books(session)
    return found


@blueprint.get("/books/<code>/figures")
@blueprint.needs("read-reports")
@blueprint.arguments(BetweenForm, location="query")
@blueprint.response(200, FiguresShown)
def figures_of_book(query: Between, code: str) -> dict[str, Any]:
    """Show the figures of a community or pool, of a period or so far."""
    book = book_for(code)
    with parts().db.snapshot() as session:
        found = figures.figures(
            session, figures.scope_of_book(book), since=query.since, until=query.until
        )
    return {**figures.document(found), "from": found.since, "to": found.until}


@blueprint.get("/books/<code>/trial-balance")
@blueprint.needs("read-books")
@blueprint.arguments(AsOfForm, location="query")
@blueprint.response(200, TrialBalance)
def trial_balance(query: AsOf, code: str) -> dict[str, Any]:
    """Show every balance of a book, as of a day and as known at an instant."""
    book = book_for(code)
    with parts().db.snapshot() as session:
        rows = balances.trial_balance(
            session, book_id=book.id, as_of=query.as_of, known_at=query.known_at
        )
    return {"rows": rows}
