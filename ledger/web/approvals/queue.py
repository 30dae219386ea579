"""The approver's queue: what is asked, from which book, with which evidence; yes or no."""

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.policies import Policy
from ledger.core.vocabulary import RequestState
from ledger.core.written import format_day
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.people import Person
from ledger.queries.approvals import requests
from ledger.queries.approvals import rules as approvals
from ledger.schemas.money import DecisionForm
from ledger.services.approvals import decisions, previews
from ledger.services.approvals.role_grants import RoleAsked
from ledger.web.approvals import evidence
from ledger.web.approvals.evidence import Evidence
from ledger.web.identity.sessions import fresh_needed
from ledger.web.site.context import (
    now,
    page,
    read_form,
    reading,
    require_anywhere,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form
from ledger.web.site.locale import chosen

pages = Blueprint("queue", __name__)


@pages.get("/queue")
def show() -> Response:
    """Show what waits, with what it rests on, and what was decided lately."""
    return _page({})


@pages.post("/queue/<uuid:request_id>")
@fresh_needed
def decide(request_id: UUID) -> Response:
    """Take one decision."""
    person = signed_in()
    with reading() as session:
        approval_request = session.get(ApprovalRequest, request_id)
    if approval_request is None or not may_decide(approval_request.kind, approval_request.book_id):
        raise NotFound(_("This approval request does not exist, or you don't have access to it."))
    try:
        answers = read_form(DecisionForm())
        approve = answers.answer == "approve"
        kind = approval_request.kind

        def command(session: Session) -> ApprovalRequest:
            decisions.prepare(session, kind)
            return decisions.decide(
                session,
                request_id=request_id,
                approve=approve,
                decided_by=person.id,
                note=answers.note,
                now=now(),
                confirmed=answers.confirmed,
            )

        decided = write(command)
    except NotAllowed as refusal:
        return _page({f"p-{request_id}": [refusal.message]}, 403)
    except Conflict as refusal:
        return _page({f"p-{request_id}": [refusal.message]}, 409)
    except Invalid as refusal:
        return _page({f"p-{request_id}": [refusal.message]}, 422)
    if decided.state == RequestState.OPEN:
        flash(_("Your approval is saved. Another person has to approve as well."))
    elif approve:
        flash(evidence.done_sentence(decided.kind))
    else:
        flash(_("Rejected. Nothing was booked."))
    return redirect(url_for("queue.show"), 303)


def _page(errors: dict[str, list[str]], status: int = 200) -> Response:
    books = require_anywhere("read_queue")
    ids = [book.id for book in books]
    with reading() as session:
        waiting = [
            (row, evidence.evidence_of(session, row))
            for row in requests.requests_for(session, book_ids=ids, is_open=True)
            if may_read(row.kind, row.book_id)
        ]
        rules = approvals.rules_of(session, ids, now()) if waiting else {}
        decided = [
            row
            for row in requests.requests_for(session, book_ids=ids, is_open=False, limit=10)
            if may_read(row.kind, row.book_id)
        ]
    # What is not in the queue any more has no place of its own for its sentence.
    for place in errors.keys() - {f"p-{row.id}" for row, _found in waiting}:
        flash(" ".join(errors[place]))
    needed = {
        row.id: people_needed(rules[row.book_id], row)
        for row, found in waiting
        if not found.problem
    }
    return page(
        "approvals/queue.html",
        status,
        waiting=waiting,
        needed=needed,
        decided=decided,
        form=Form(errors=errors),
        may_decide=may_decide,
        books_nothing={row.kind for row, _found in waiting if previews.books_nothing(row.kind)},
    )


def may_decide(kind: str, book_id: UUID) -> bool:
    """Tell whether the visitor's role approves requests of a kind in a book."""
    rights = kind in approvals.RIGHTS
    return visitor().may("decide_rights" if rights else "decide", book_id)


def may_read(kind: str, book_id: UUID) -> bool:
    """Tell whether the visitor sees requests of a kind in a book: to approve or to audit them."""
    return may_decide(kind, book_id) or "auditor" in visitor().roles(book_id)


def people_needed(policy: Policy, row: requests.RequestRow) -> int:
    """Return how many people sign a request; one more than have where it turned out to be more."""
    by_rule = approvals.needed_by(policy, row.kind, row.arguments, row.currency)
    return max(by_rule, len(row.agreed) + 1) if row.state == RequestState.OPEN else by_rule


def _role(session: ReadSession, row: requests.RequestRow, payload: RoleAsked) -> Evidence:
    """Return who is to hold which role; the address only for those who decide."""
    person = session.get_one(Person, payload.person)
    may = may_decide(row.kind, row.book_id)
    return Evidence(
        terms=[
            (_("Person"), person.name),
            *([(_("E-mail address"), person.email)] if may else []),
            (_("Role"), payload.role),
            *([(_("Until"), format_day(payload.until, chosen()))] if payload.until else []),
        ]
    )


evidence.register(approvals.ROLE, _role)
