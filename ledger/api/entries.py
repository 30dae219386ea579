"""The journal for programs: read it, and post entries of other systems."""

from datetime import date
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from ledger.api.blueprint import Blueprint
from ledger.api.document import Once
from ledger.api.idempotency import once
from ledger.api.token import book_for, caller, parts
from ledger.core.bounds import LARGEST_AMOUNT
from ledger.core.entry import Entry, Posting
from ledger.core.fitting_accounts import check_own_funds
from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.queries import journal
from ledger.schemas.fields import Line
from ledger.schemas.journal import EntryFilter
from ledger.services import journal as journal_services

blueprint = Blueprint("api_entries", "Entries of a book's journal")


class Leg(Schema):
    """One leg; ``quantity`` signed, debit positive, in the commodity's smallest unit."""

    account = fields.Integer(required=True, strict=True, validate=validate.Range(1000, 9999))
    fund = Line(required=True, longest=32)
    commodity = Line(required=True, longest=64)
    quantity = fields.Integer(
        required=True, strict=True, validate=validate.Range(-LARGEST_AMOUNT, LARGEST_AMOUNT)
    )
    counterparty = Line(load_default=None, longest=32)
    pledge = Line(load_default=None, longest=64)
    asset = Line(load_default=None, longest=64)
    valuation = Line(load_default=None, longest=64)
    function = Line(load_default=None, longest=32)


class NewEntry(Schema):
    """An entry to be posted; (event_type, external_ref) identifies it."""

    accounting_date = fields.Date(required=True)
    event_type = Line(required=True, longest=64)
    external_ref = Line(required=True, longest=128)
    postings = fields.List(fields.Nested(Leg), required=True, validate=validate.Length(2, 500))


class Posted(Schema):
    """What became of a new entry."""

    entry = fields.UUID()
    duplicate = fields.Boolean()


class LegShown(Schema):
    """A leg as it is stored."""

    account = fields.Integer()
    fund = fields.String()
    commodity = fields.String()
    quantity = fields.Integer()
    counterparty = fields.String(allow_none=True)


class EntryShown(Schema):
    """An entry as it is stored."""

    id = fields.UUID()
    accounting_on = fields.Date()
    event_type = fields.String()
    source = fields.String()
    external_ref = fields.String()
    reverses = fields.UUID(allow_none=True)
    legs = fields.List(fields.Nested(LegShown), data_key="postings")


@blueprint.get("/books/<code>/entries")
@blueprint.arguments(EntryFilter, location="query")
@blueprint.response(200, EntryShown(many=True))
def index(query: dict[str, Any], code: str) -> list[Any]:
    """Show entries, newest first; ``before`` is the last id of the page before."""
    book = book_for("read_books", code, scope="read")
    with parts().db.snapshot() as session:
        found: list[Any] = journal.entries(session, book_id=book.id, **query)
    return found


@blueprint.post("/books/<code>/entries")
@blueprint.arguments(Once(unknown=EXCLUDE), location="headers")
@blueprint.arguments(NewEntry)
@blueprint.response(201, Posted)
def post(headers: dict[str, str], body: dict[str, Any], code: str) -> dict[str, Any]:
    """Post an entry; needs a token for write and an Idempotency-Key."""
    book = book_for("post_entries", code, scope="write")
    who = caller("write")
    entry = Entry(book.code, tuple(Posting(**leg) for leg in body["postings"]))
    check_own_funds(entry.postings)

    def deed(session: Session) -> dict[str, Any]:
        try:
            posted = journal_services.post(
                session,
                [entry],
                event_type=body["event_type"],
                source="api",
                external_ref=body["external_ref"],
                accounting_on=_day(body),
                now=parts().clock(),
                made_by=who.person_id,
            )
        except Invalid as refusal:
            # The journal counts entries; a body here is one.
            place = (refusal.place or "").removeprefix("entries[0].")
            raise Invalid(refusal.message, place=place, messages=refusal.messages) from refusal
        except Conflict as refusal:
            # The journal names the reference itself; a program needs the field's name.
            raise Conflict(refusal.message, place="external_ref") from refusal
        return {"entry": str(posted.ids[0]), "duplicate": bool(posted.duplicates)}

    return once(who, headers["idempotency_key"], deed, decides=False)


def _day(body: dict[str, Any]) -> date:
    day: date = body["accounting_date"]
    return day
