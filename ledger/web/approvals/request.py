"""One request as its approver sees it, and how many people a book asks to approve.

What an approval would book is found by the services that book it, in a part of a transaction that
is undone.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.approval_rules import KEY, ONE, Bands, read_bands
from ledger.core.currencies import exponent
from ledger.core.vocabulary import RequestState
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.queries.approvals import requests
from ledger.queries.approvals import rules as approvals
from ledger.schemas.approvals import rule
from ledger.services.approvals import previews
from ledger.services.approvals import rules as approval_rules
from ledger.services.approvals.registry import payload_of, registered
from ledger.services.approvals.rules import RuleChange
from ledger.web.approvals import queue
from ledger.web.approvals.evidence import evidence_of
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("approvals", __name__)
READ, CHANGE = "read_approval_rules", "change_approval_rules"
EVERY = "every"


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule that was chosen: since when, for what, how many people, and by whom."""

    since: date
    kind: str
    bands: Bands
    made_by: str


@pages.get("/queue/<uuid:request_id>")
def show(request_id: UUID) -> Response:
    """Show a request with the exact entries that an approval books and what they leave."""
    person = signed_in()
    with reading() as session:
        approval_request = session.get(ApprovalRequest, request_id)
        if approval_request is None or not queue.may_read(
            approval_request.kind, approval_request.book_id
        ):
            raise NotFound(
                _("This approval request does not exist, or you don't have access to it.")
            )
        (row,) = requests.requests_for(
            session, book_ids=[approval_request.book_id], only=request_id
        )
        found = evidence_of(session, row)
        counting = approvals.signers_of(session, approval_request=approval_request, now=now())
        policy = approvals.rules_of(session, [row.book_id], now())[row.book_id]
    seen, refusal = None, ""
    own = row.made_by_id == person.id
    decides = queue.may_decide(row.kind, row.book_id)
    if (
        row.state == RequestState.OPEN
        and decides
        and not own
        and not previews.books_nothing(row.kind)
    ):
        try:
            seen = here().db.run(
                lambda session: previews.preview(
                    session, request_id=request_id, by=person.id, now=now()
                )
            )
        except (Conflict, Invalid, NotAllowed) as error:
            refusal = error.message
    return page(
        "approvals/request.html",
        row=row,
        evidence=found,
        preview=seen,
        refusal=refusal,
        later=previews.books_nothing(row.kind),
        signatures=[
            (name, who in counting) for who, name in zip(row.agreed_ids, row.agreed, strict=True)
        ],
        needed=len(row.agreed) + 1 if found.problem else queue.people_needed(policy, row),
        decides=decides,
    )


@pages.get("/books/<code>/approval-rules")
def rules(code: str) -> Response:
    """Show how many people approve what, since when, and the form that asks for another rule."""
    return _page(code, {"kind": EVERY} | held_answers(), {})


@pages.post("/books/<code>/approval-rules")
@fresh_needed
def change(code: str) -> Response:
    """Ask for another rule; it holds once somebody else agrees, where there is anybody."""
    book = book_for(CHANGE, code)
    person = signed_in()
    try:
        answers = read_form(rule(_kinds()))
        kind = "" if answers.kind == EVERY else answers.kind
        bands = approval_rules.bands_from([answers.two_from, answers.three_from])
        asked = write(
            lambda session: approval_rules.propose_rule(
                session,
                book=book,
                kind=kind,
                bands=bands,
                reason=answers.reason,
                made_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        found = errors_of(refusal)
        if KEY in found:
            found = {
                "three_from": [
                    _(
                        "A rule for three approvers must start at a higher amount than a "
                        "rule for two."
                    )
                ]
            }
        return _page(code, request.form.to_dict(), found, 422)
    except Conflict as refusal:
        return _page(code, request.form.to_dict(), {"kind": [refusal.message]}, 409)
    if asked is None:
        flash(_("This rule applies from today. There is no other person to approve it."))
    else:
        flash(
            _(
                "Approval requested. The rule applies once another person has approved it "
                "under Approval requests."
            )
        )
    return redirect(url_for("approvals.rules", code=code), 303)


def _kinds() -> tuple[str, ...]:
    """Return the kinds that a rule can be chosen for."""
    return tuple(sorted(set(registered()) - approvals.RIGHTS))


def _page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = book_for(READ, code)
    with reading() as session:
        policy = approvals.rules_of(session, [book.id], now())[book.id]
        choices = approvals.choices_of_rules(session, book.id)
        waiting: list[tuple[requests.RequestRow, RuleChange]] = [
            (row, payload_of(row.kind, row.arguments))
            for row in requests.requests_for(
                session, book_ids=[book.id], kinds=[approvals.RULE], is_open=True
            )
        ]
    kinds = _kinds()
    own = {kind: policy.bands_of(kind) for kind in kinds if policy.bands_of(kind) != ONE}
    return page(
        "approvals/rules.html",
        status,
        book=book,
        unit=10 ** exponent(book.commodity),
        books=visitor().books(READ),
        every=policy.bands_of(""),
        own={kind: bands for kind, bands in own.items() if bands != policy.bands_of("")},
        choices=[
            Choice(since, key.partition(".")[2], read_bands(key, value), by)
            for since, key, value, by in choices
        ],
        waiting=[(row, change.kind, read_bands(KEY, change.rule)) for row, change in waiting],
        kinds=[(EVERY, _("all kinds without their own rule"))]
        + [(kind, kind.replace("_", " ")) for kind in kinds],
        may_change=visitor().may(CHANGE, book.id),
        form=Form(rule(kinds), values=values, errors=errors),
    )
