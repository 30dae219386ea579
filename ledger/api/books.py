"""Balances of a book for programs."""

from typing import Any

from marshmallow import Schema, fields

from ledger.api.blueprint import Blueprint
from ledger.api.token import book_for, parts
from ledger.queries import balances
from ledger.queries.books import all_books
from ledger.schemas.journal import AsOf

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


@blueprint.get("/books")
@blueprint.doc(security=[])
@blueprint.response(200, BookShown(many=True))
def index() -> list[Any]:
    """Show every book; no token needed."""
    with parts().db.snapshot() as session:
        found: list[Any] = all_books(session)
    return found


@blueprint.get("/books/<code>/trial-balance")
@blueprint.arguments(AsOf, location="query")
@blueprint.response(200, TrialBalance)
def trial_balance(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Show every balance of a book, as of a day and as known at an instant."""
    book = book_for("read_books", code, scope="read")
    with parts().db.snapshot() as session:
        rows = balances.trial_balance(
            session, book_id=book.id, as_of=query["as_of"], known_at=query["known_at"]
        )
    return {"rows": rows}
