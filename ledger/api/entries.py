"""The journal for programs: read it, and propose entries that another person approves."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import url_for
from marshmallow import EXCLUDE, Schema, fields, validate

from ledger.api.blueprint import Blueprint
from ledger.api.document import Once
from ledger.api.idempotency import once
from ledger.api.token import book_for, caller, parts
from ledger.core.bounds import LARGEST_AMOUNT
from ledger.core.vocabulary import RequestState
from ledger.db import ReadSession, Session
from ledger.errors import NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.queries.books import journal
from ledger.schemas.fields import Day, Line, one_of
from ledger.schemas.forms import Form
from ledger.schemas.journal import EntryFilter
from ledger.services.accounting import manual_entries
from ledger.services.approvals.registry import payload_of

blueprint = Blueprint("api_entries", "Entries of a book's journal")


class Leg(Form[manual_entries.Leg]):
    """One leg; ``quantity`` signed, debit positive, in the commodity's smallest unit."""

    makes = manual_entries.Leg

    account = fields.Integer(required=True, strict=True, validate=validate.Range(1000, 9999))
    fund = Line(required=True, longest=32)
    commodity = Line(required=True, longest=64)
    quantity = fields.Integer(
        required=True, strict=True, validate=validate.Range(-LARGEST_AMOUNT, LARGEST_AMOUNT)
    )
    function = Line(load_default=None, longest=32)


@dataclass(frozen=True, slots=True)
class Sent:
    """A manual entry that a program sent, and why."""

    accounting_date: date
    event_type: str
    external_ref: str
    reason: str
    postings: list[manual_entries.Leg]


class NewEntry(Form[Sent]):
    """A manual entry to be approved; (event_type, external_ref) identifies it."""

    makes = Sent

    accounting_date = Day(required=True)
    event_type = one_of(
        manual_entries.EVENT_TYPES, f"One of {', '.join(manual_entries.EVENT_TYPES)}."
    )
    external_ref = Line(required=True, longest=128)
    reason = Line(load_default="", longest=200)
    postings = fields.List(fields.Nested(Leg), required=True, validate=validate.Length(2, 500))


class RequestShown(Schema):
    """How a proposed entry stands: open, approved or rejected; ``address`` tells again."""

    proposal = fields.UUID()
    state = fields.String()
    address = fields.String()
    entry = fields.UUID(allow_none=True)
    note = fields.String()


class Proposed(RequestShown):
    """What became of a new entry; ``duplicate`` when it was proposed before."""

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
@blueprint.needs("read-books")
@blueprint.arguments(EntryFilter, location="query")
@blueprint.response(200, EntryShown(many=True))
def index(query: journal.JournalFilter, code: str) -> list[Any]:
    """Show entries, newest first; ``before`` is the last id of the page before."""
    book = book_for(code)
    with parts().db.snapshot() as session:
        found: list[Any] = journal.entries(session, book_id=book.id, wanted=query)
    return found


@blueprint.post("/books/<code>/entries")
@blueprint.needs("propose")
@blueprint.arguments(Once(unknown=EXCLUDE), location="headers")
@blueprint.arguments(NewEntry)
@blueprint.response(202, Proposed)
def post(headers: dict[str, str], body: Sent, code: str) -> dict[str, Any]:
    """Propose an entry, which another person approves; needs the scope ``propose`` and a key.

    Accounts that name another community, or that a service keeps row by row, are not written
    here. Nothing is posted before somebody with the role approver agrees.
    """
    book = book_for(code)
    who = caller(code)
    asked = manual_entries.ManualEntry(
        event_type=body.event_type,
        external_ref=body.external_ref,
        accounting_date=body.accounting_date,
        postings=tuple(body.postings),
    )

    def command(session: Session) -> dict[str, Any]:
        approval_request, known = manual_entries.propose_entry(
            session,
            book=book,
            asked=asked,
            reason=body.reason,
            made_by=who.person_id,
            now=parts().clock(),
        )
        return {**_shown(session, book, approval_request), "duplicate": known}

    return once(who, headers["idempotency_key"], command, status=202)


@blueprint.get("/books/<code>/proposed-entries/<uuid:request_id>")
@blueprint.needs("read-books")
@blueprint.response(200, RequestShown)
def proposed(code: str, request_id: UUID) -> dict[str, Any]:
    """Show how a proposed entry stands, and the entry's id once it is posted."""
    book = book_for(code)
    with parts().db.snapshot() as session:
        approval_request = session.get(ApprovalRequest, request_id)
        if (
            approval_request is None
            or approval_request.book_id != book.id
            or approval_request.kind != manual_entries.KIND
        ):
            raise NotFound(
                "This book has no such manual entry waiting for approval.", place="proposal"
            )
        return _shown(session, book, approval_request)


def _shown(session: ReadSession, book: Book, approval_request: ApprovalRequest) -> dict[str, Any]:
    entry = None
    if approval_request.state == RequestState.APPROVED:
        asked = payload_of(approval_request.kind, approval_request.arguments)
        entry = manual_entries.posted_as(session, book.id, asked.event_type, asked.external_ref)
    return {
        "proposal": str(approval_request.id),
        "state": approval_request.state,
        "address": url_for("api_entries.proposed", code=book.code, request_id=approval_request.id),
        "entry": str(entry) if entry else None,
        "note": approval_request.decision_note,
    }
