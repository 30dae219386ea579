"""Allocations from a pool: what can be given, the exact split beforehand, and the proposal."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.allocation import Rule
from ledger.db import ReadSession
from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.queries.pools import pools
from ledger.schemas.allocations import CAP, FIGURE, Allocation, allocation, figures_of, rule_of
from ledger.schemas.fields import asked
from ledger.services.pools import allocations as services
from ledger.services.pools.allocations import Preview
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
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("allocations", __name__)


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
    values = request.form.to_dict()
    try:
        with reading() as session:
            members = [row.code for row in pools.members_of(session, pool_id=book.id)]
            units = pools.allocatable(session, pool_id=book.id, on=today(book))
        answers, rule = _read(book, values, members, units)
        write(
            lambda session: services.propose_allocation(
                session,
                pool_id=book.id,
                wanted=services.Allocation(
                    quantity=answers.amount,
                    commodity=answers.commodity,
                    rule=rule,
                    since=answers.since,
                    until=answers.until,
                    purpose=answers.purpose,
                ),
                proposed_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(code, values, errors=errors_of(refusal), status=422)
    flash(_("Approval requested. Nothing changes until an approver agrees."))
    return redirect(url_for("pools.show", code=code), 303)


def _read(
    book: Book, values: Mapping[str, str], members: Sequence[str], units: Collection[str]
) -> tuple[Allocation, Rule]:
    """Read the form. Raises Invalid with a sentence per field."""
    given = {name: text for name, text in values.items() if not name.startswith((FIGURE, CAP))}
    unit = _unit(book, values, units)
    # An empty day is a day not given.
    given = {name: text for name, text in given.items() if text or name not in ("since", "until")}
    problems: dict[str, list[str]] = {}
    answers: Allocation | None = None
    figures: tuple[dict[str, int], dict[str, int]] = ({}, {})
    try:
        answers = read_form(allocation(unit), given)
    except Invalid as refusal:
        problems |= refusal.messages
    try:
        figures = figures_of(values, members, rule=values.get("rule", ""), commodity=unit)
    except Invalid as refusal:
        problems |= refusal.messages
    if answers is None or problems:
        raise Invalid(_("Check the answers marked below."), messages=problems)
    return replace(answers, commodity=unit), rule_of(answers, *figures)


def _unit(book: Book, values: Mapping[str, str], units: Collection[str]) -> str:
    asked = values.get("commodity", "").strip() or book.commodity
    if asked not in units:
        raise Invalid(_("Choose what to allocate."), place="commodity")
    return asked


def _page(
    code: str,
    values: dict[str, str],
    *,
    errors: dict[str, list[str]] | None = None,
    preview: bool = False,
    status: int = 200,
) -> Response:
    book = book_for("preview_allocation", code)
    made: Preview | None = None
    equal: Preview | None = None
    errors = errors or {}
    unit = book.commodity
    with reading() as session:
        pools.pool_by_code(session, code)
        members = pools.members_of(session, pool_id=book.id)
        left = pools.allocatable(session, pool_id=book.id, on=today(book))
        held = pools.held_back(session, book=book, on=today(book))
        if preview:
            try:
                answers, rule = _read(book, values, [row.code for row in members], left)
                unit = answers.commodity
                made, equal = _previews(session, book, answers, rule, left.get(unit, 0))
            except Invalid as refusal:
                errors, status = errors_of(refusal), 422
    codes = {row.code for row in members}
    errors = {FIGURE + name if name in codes else name: said for name, said in errors.items()}
    return page(
        "pools/allocate.html",
        status,
        book=book,
        members=members,
        left=left,
        held=held,
        made=made,
        equal=equal,
        unit=unit,
        may_propose=visitor().may("propose_allocation", book.id),
        form=Form(
            allocation(unit),
            values=values,
            errors=errors,
            more={
                prefix + row.code: asked(row.name, widget="decimal")
                for prefix in (FIGURE, CAP)
                for row in members
            },
        ),
    )


def _previews(
    session: ReadSession, book: Book, answers: Allocation, rule: Rule, left: int
) -> tuple[Preview, Preview]:
    """Return the split asked for, and equal shares beside it."""
    if answers.amount > left:
        raise Invalid(_("The pool has less than this to allocate."), place="amount")
    made = services.preview_allocation(
        session,
        pool_id=book.id,
        quantity=answers.amount,
        rule=rule,
        since=answers.since,
        until=answers.until,
    )
    equal = services.preview_allocation(
        session, pool_id=book.id, quantity=answers.amount, rule=Rule("equal")
    )
    return made, equal
