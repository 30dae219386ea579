"""A pool's page for everybody, and its allocations: preview, propose, pay out."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.pools import AllocationRun
from ledger.queries import campaigns, pools
from ledger.schemas.money import allocation as allocation_schema
from ledger.services import pools as pool_services
from ledger.web.door import (
    book_for,
    errors_of,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.figures import Flow, flow_layout, format_quantity

pages = Blueprint("pools", __name__)


@pages.get("/pools/<code>")
def show(code: str) -> Response:
    """Show who gave what to a pool and where it went."""
    with reading() as session:
        pool, book = pools.pool_by_code(session, code)
        members = pools.members_of(session, pool_id=book.id)
        runs = [run for run in pools.runs_of(session, pool_id=book.id) if run.state != "rejected"]
        live = [
            (campaign, campaigns.progress(session, campaign_id=campaign.id))
            for campaign in campaigns.live_campaigns(session, book_id=book.id)
        ]
        left = pools.available(session, pool_id=book.id)
        chart = flow_of(session, book)
        host = session.get_one(Book, pool.host_id)
    return page(
        "pools/show.html",
        book=book,
        pool=pool,
        host=host,
        members=members,
        runs=runs,
        live=live,
        left=left,
        chart=chart,
        may_settle=visitor().may("settle_allocation", pool.host_id),
        may_propose=visitor().may("propose_allocation", book.id),
    )


@pages.get("/pools/<code>/allocate")
def allocate(code: str) -> Response:
    """Show the form, and the exact split once an amount is given."""
    values = request.args.to_dict()
    return _page(code, values, preview="amount" in values)


@pages.post("/pools/<code>/allocate")
def propose(code: str) -> Response:
    """Put the split before the approvers."""
    book = book_for("propose_allocation", code)
    person = signed_in()
    try:
        answers, parameters = _read(book, request.form.to_dict())
        write(
            lambda session: pool_services.propose_allocation(
                session,
                pool_id=book.id,
                amount=answers["amount"],
                rule=answers["rule"],
                parameters=parameters,
                purpose=answers["purpose"],
                proposed_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(code, request.form.to_dict(), errors=errors_of(refusal), status=422)
    flash(_("Proposed. Nothing moves until an approver agrees."))
    return redirect(url_for("pools.show", code=code), 303)


@pages.post("/pools/<code>/runs/<uuid:run_id>/settle/<uuid:book_id>")
def settle(code: str, run_id: UUID, book_id: UUID) -> Response:
    """Book the transfer of one share from the host's bank."""
    person = signed_in()
    with reading() as session:
        pool, book = pools.pool_by_code(session, code)
        run = session.get(AllocationRun, run_id)
    if run is None or run.pool_id != book.id:
        raise NotFound(_("There is no such allocation in this pool."))
    if not visitor().may("settle_allocation", pool.host_id):
        raise NotFound(_("There is no such page, or it is not yours to see."))
    try:
        write(
            lambda session: pool_services.settle_allocation_line(
                session,
                run_id=run_id,
                book_id=book_id,
                on=now().date(),
                now=now(),
                made_by=person.id,
            )
        )
        flash(_("The transfer is booked in every book it touches."))
    except Conflict as refusal:
        flash(refusal.message)
    return redirect(url_for("pools.show", code=code), 303)


def flow_of(session: ReadSession, book: Book) -> Flow | None:
    """Return the chart of a pool: who gave → the pool → who got; None before any money."""
    members = pools.members_of(session, pool_id=book.id)
    gifts = pools.gifts_received(session, pool_id=book.id)
    gave = [(row.name, row.gave) for row in members if row.gave]
    if gifts:
        gave.append((_("Donors"), gifts))
    got = [(row.name, row.got) for row in members if row.got]
    if not gave:
        return None

    def boxes(rows: list[tuple[str, int]]) -> list[tuple[str, str, int]]:
        return [(name, format_quantity(amount, book.commodity), amount) for name, amount in rows]

    middle = [(book.name, sum(amount for _name, amount in gave))]
    streams = [((0, row), (1, 0), amount) for row, (_name, amount) in enumerate(gave)]
    streams += [((1, 0), (2, row), amount) for row, (_name, amount) in enumerate(got)]
    columns = [boxes(gave), boxes(middle), boxes(got)]
    return flow_layout([column for column in columns if column], streams)


def _read(book: Book, form: dict[str, str]) -> tuple[dict[str, Any], dict[str, int]]:
    """Read the form; weights stand in fields named after the member."""
    weights: dict[str, int] = {}
    problems: dict[str, list[str]] = {}
    for name in [name for name in form if name.startswith("weight-")]:
        text = form.pop(name).strip()
        if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
            problems[name] = [_("Enter a whole number.")]
        elif text:
            weights[name.removeprefix("weight-")] = int(text)
    try:
        answers = read_form(allocation_schema(exponent(book.commodity)), form)
    except Invalid as refusal:
        raise Invalid(refusal.message, messages={**refusal.messages, **problems}) from refusal
    if problems:
        raise Invalid(_("Some answers need another look."), messages=problems)
    if answers["rule"] == "percent":
        weights = {name: weight * 100 for name, weight in weights.items()}
    return answers, weights if answers["rule"] != "equal" else {}


def _page(
    code: str,
    values: dict[str, str],
    *,
    errors: dict[str, list[str]] | None = None,
    preview: bool = False,
    status: int = 200,
) -> Response:
    book = book_for("preview_allocation", code)
    shares: list[pool_services.Share] = []
    errors = errors or {}
    with reading() as session:
        _pool, _book = pools.pool_by_code(session, code)
        members = pools.members_of(session, pool_id=book.id)
        left = pools.available(session, pool_id=book.id)
        if preview:
            try:
                form = {k: v for k, v in values.items() if k != "csrf_token"}
                answers, parameters = _read(book, form)
                if answers["amount"] > left:
                    raise Invalid(_("The pool has less than this to give."), place="amount")
                shares = pool_services.preview_allocation(
                    session,
                    pool_id=book.id,
                    amount=answers["amount"],
                    rule=answers["rule"],
                    parameters=parameters,
                )
            except Invalid as refusal:
                errors, status = errors_of(refusal), 422
    return page(
        "pools/allocate.html",
        status,
        book=book,
        members=members,
        left=left,
        shares=shares,
        may_propose=visitor().may("propose_allocation", book.id),
        values=values,
        errors=errors,
    )
