"""Agreements: what a community wants to spend, owes its members, was granted, lent or bought.

Each kind has one form to ask with and, once agreed, one form for every step its state allows; the
capabilities register both (see ``agreement_kinds``). What a step means stands in the services.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.amount import kind_of
from ledger.core.currencies import exponent
from ledger.core.fitting_accounts import Use, fitting
from ledger.core.functions import FUNCTIONS
from ledger.core.states import AgreementKind
from ledger.core.vocabulary import BookKind, FundClass, RequestState
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound, PoolbookError
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.queries.approvals import agreements as questions
from ledger.queries.approvals import requests
from ledger.queries.books.books import (
    accounts_of,
    all_books,
    commodities,
    fund_by_code,
    open_funds,
    own_funds,
)
from ledger.queries.pledges import receivables as promises
from ledger.queries.pools import pools
from ledger.schemas.agreements import REQUEST_FIELDS, STEP_FIELDS, Dated
from ledger.schemas.forms import Form as Shape
from ledger.schemas.forms import Made, form_of
from ledger.services.pledges import receivables
from ledger.services.pools import lifecycle
from ledger.web.approvals.agreement_kinds import (
    AgreementPage,
    Asking,
    Requested,
    Step,
    Taken,
    asked_for,
    listed,
    registered,
)
from ledger.web.approvals.receipts import sent_along
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    today,
    visitor,
    write,
)
from ledger.web.site.forms import Errors, Form, errors_of

pages = Blueprint("agreements", __name__)
STATUS = {NotAllowed: 403, Conflict: 409}


@pages.get("/books/<code>/agreements")
def index(code: str) -> Response:
    """Show what is agreed: what is open first, then what has ended."""
    book = book_for("read_agreements", code)
    with reading() as session:
        rows = questions.agreements_of(
            session, book_id=book.id, kinds=[kind for kind in AgreementKind if kind in listed()]
        )
        kept = promises.kept(session, book_id=book.id)
        known = visitor().may("read_donors", book.id)
        donors = promises.donors(session, book_id=book.id) if known else {}
    return page(
        "approvals/agreements.html",
        book=book,
        running=[row for row in rows if row.running and row.id not in kept],
        ended=[row for row in rows if not row.running or row.id in kept],
        kept=kept,
        donors=donors,
        names={kind: shown.name for kind, shown in listed().items()},
        offered=[
            (kind, shown.name, asking.hint)
            for kind, (shown, asking) in asked_for().items()
            if visitor().may(asking.action, book.id)
        ],
    )


@pages.get("/books/<code>/agreements/new/<kind>")
def new(code: str, kind: str) -> Response:
    """Show the form to ask with."""
    return _ask_page(code, kind, {"account": "5110", "function": "programme"}, {})


@pages.post("/books/<code>/agreements/new/<kind>")
def ask(code: str, kind: str) -> Response:
    """Ask for something; an approver decides, where one is needed."""
    _shown, asking = _kind(kind)
    book = book_for(asking.action, code)
    person = signed_in()
    try:
        answers = read_form(_ask_shape(book, asking))
        attach = sent_along() if asking.takes_file else None

        def command(session: Session) -> None:
            fund = fund_by_code(session, book.id, answers.fund)
            asked = asking.ask(session, Requested(book, fund, person.id, now(), answers))
            if attach is not None and isinstance(asked, Agreement):
                attach(session, asked)

        write(command)
    except (Invalid, Conflict, NotFound) as refusal:
        return _ask_page(
            code,
            kind,
            request.form.to_dict(),
            errors_of(refusal, {"book": "other"}),
            _status(refusal),
        )
    if kind == "grant":
        flash(_("Saved. It becomes income as its conditions are met."))
    else:
        flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("agreements.index", code=code), 303)


@pages.get("/books/<code>/agreements/<agreement>")
def show(code: str, agreement: str) -> Response:
    """Show one agreement: what was done, with its entries, and what can be done next."""
    return _show_page(code, agreement, request.args.get("do", ""), held_answers(), {})


@pages.post("/books/<code>/agreements/<agreement>/<move>")
@fresh_needed
def carry_out(code: str, agreement: str, move: str) -> Response:
    """Take one step."""
    person = signed_in()
    book = book_for("read_agreements", code)
    with reading() as session:
        row = questions.agreement_by_reference(session, book.id, agreement)
    step = _steps(row.kind).get(move)
    if step is None:
        raise NotFound(_("This step does not exist."))
    book_for(step.action, code)
    try:
        answers = read_form(_step_shape(book, step))
        on = answers.done_on if isinstance(answers, Dated) else today(book)
        if on > today(book):
            raise Invalid("This date is in the future.", place="done_on")
        taken = Taken(row.id, book, person.id, on, now(), answers)
        decider = write(lambda session: _take(session, step, taken))
    except (Invalid, Conflict, NotFound, NotAllowed) as refusal:
        values = request.form.to_dict()
        return _show_page(
            code, agreement, move, values, errors_of(refusal, {"book": "other"}), _status(refusal)
        )
    if decider:
        flash(_("Approval requested. An approver of %(name)s decides.", name=decider))
    else:
        flash(_("Saved and booked."))
    return redirect(url_for("agreements.show", code=code, agreement=agreement), 303)


def _take(session: Session, step: Step[Made], taken: Taken[Made]) -> str:
    """Take a step; return whose approver decides about it, or nothing when it is done."""
    left = step.take(session, taken)
    if not step.asks:
        return ""
    assert isinstance(left, ApprovalRequest), "a step without a day asks an approver"
    return session.get_one(Book, left.book_id).name


def _ask_shape(book: Book, asking: Asking[Made]) -> Shape[Made]:
    return form_of(
        asking.makes, REQUEST_FIELDS, exponent=exponent(book.commodity), words=asking.words
    )


def _step_shape(book: Book, step: Step[Made]) -> Shape[Made]:
    return form_of(step.makes, STEP_FIELDS, exponent=exponent(book.commodity))


def _kind(kind: str) -> tuple[AgreementPage, Asking[Any]]:
    if kind not in asked_for():
        raise NotFound(_("This page does not exist."))
    return asked_for()[kind]


def _steps(kind: str) -> Mapping[str, Step[Any]]:
    return registered()[kind].steps if kind in registered() else {}


def _status(refusal: PoolbookError) -> int:
    return STATUS.get(type(refusal), 422)


def _ask_page(
    code: str,
    kind: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    asked, asking = _kind(kind)
    book = book_for(asking.action, code)
    with reading() as session:
        funds = own_funds(session, book.id)
        costs = fitting(Use.SPENDING, accounts_of(session, book.id))
        others = [
            other
            for other in all_books(session)
            if other.id != book.id and other.kind == BookKind.COMMUNITY
        ]
        things = [item for item in commodities(session).values() if kind_of(item.code) == "things"]
    return page(
        "approvals/new_agreement.html",
        status,
        book=book,
        kind=kind,
        name=asked.name,
        hint=asking.hint,
        funds=funds,
        costs=costs,
        others=others,
        things=things,
        functions=FUNCTIONS,
        form=Form(_ask_shape(book, asking), values=values, errors=errors),
        takes_file=asking.takes_file,
    )


def _step_form(book: Book, step: Step[Any] | None, values: dict[str, str], errors: Errors) -> Form:
    """Return the form of a step; without one to take, what is wrong has no field to stand at."""
    shapes = []
    more = {}
    if step is not None:
        shapes = [_step_shape(book, step)]
        more = {"reason": {"label": step.why}}
    given = {"done_on": today(book).isoformat(), **values}
    return Form(*shapes, values=given, errors=errors, more=more)


def _show_page(
    code: str,
    reference: str,
    chosen: str,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("read_agreements", code)
    with reading() as session:
        row = questions.agreement_by_reference(session, book.id, reference)
        if row.kind not in listed():
            raise NotFound(_("This book has no such agreement."))
        kind = listed()[row.kind]
        steps = questions.steps_of(session, row.id)
        facts = kind.facts(session, session.get_one(Agreement, row.id))
        exits = requests.requests_for(
            session,
            book_ids=pools.host_ids(session),
            kinds=(lifecycle.EXIT,),
            about={"commitment": str(row.id)},
        )
        promise, to_come = None, 0
        if row.kind == receivables.KIND:
            promise = promises.promise_behind(session, row.id)
            to_come = receivables.discount_left(session, row.id) if promise.owed else 0
        funds = [
            fund
            for fund in open_funds(session, book.id)
            if fund.fund_class == FundClass.UNRESTRICTED
        ]
    # While the host has the word nothing is to be done here.
    moves = [] if any(one.state == RequestState.OPEN for one in exits) else row.moves
    known = _steps(row.kind)
    offered = [
        (name, known[name])
        for name in dict.fromkeys(moves)
        if name in known and visitor().may(known[name].action, book.id)
    ]
    shown = chosen if chosen in dict(offered) else next(iter(dict(offered)), "")
    return page(
        "approvals/agreement.html",
        status,
        book=book,
        row=row,
        name=kind.name,
        facts=facts,
        in_words=kind.reference_in_words,
        promise=promise,
        to_come=to_come,
        steps=steps,
        exits=exits,
        funds=funds,
        offered=offered,
        labels={name: step.label for name, step in known.items()},
        may_read=visitor().may("read_books", book.id),
        chosen=shown,
        form=_step_form(
            book, {str(name): step for name, step in offered}.get(shown), values, errors
        ),
    )
