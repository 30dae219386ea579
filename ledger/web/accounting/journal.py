"""The books: journal, one entry, an account's statement, the trial balance; corrections."""

import re
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.accounts import Layer
from ledger.core.currencies import exponent
from ledger.errors import Invalid, NotFound
from ledger.ids import uuid_of
from ledger.models.books import Book
from ledger.queries.accounting import journal_search
from ledger.queries.books import balances, journal
from ledger.queries.books.books import accounts_of, funds_of
from ledger.queries.payments.owed_refunds import BROUGHT
from ledger.schemas import forms
from ledger.schemas.journal import AccountFilter, AsOfForm, EntryFilter, entry_filter
from ledger.schemas.money import CorrectionForm
from ledger.services.accounting import corrections
from ledger.services.undoing.events import event_of
from ledger.web.accounting import undo_links
from ledger.web.identity.sessions import fresh_needed, held_answers
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("journal", __name__)

# What of a filter stays in the address from page to page.
KEPT = sorted({*EntryFilter().fields} - {"before", "limit", "sums"})


@pages.get("/books/<code>/journal")
def show(code: str) -> Response:
    """Show entries, newest first, a page at a time: all, or those that are looked for."""
    book = book_for("read_books", code)
    wanted, errors = asked_of(entry_filter(exponent(book.commodity)))
    sees_donors = visitor().may("read_donors", book.id)
    sums = None
    with reading() as session:
        also = journal_search.conditions(session, book=book, wanted=wanted, sees_donors=sees_donors)
        found = journal.entries(session, book_id=book.id, wanted=wanted, found_by=also)
        if wanted.sums or journal_search.is_search(wanted):
            sums = journal_search.totals(session, book_id=book.id, wanted=wanted, also=also)
        accounts = accounts_of(session, book.id)
        funds = funds_of(session, book.id)
        kinds = journal.event_types(session, book_id=book.id)
        makers = journal_search.makers_of(session, book_id=book.id)
    given = request.args
    kept = {name: given[name] for name in KEPT if given.get(name)}
    return page(
        "accounting/journal.html",
        422 if errors else 200,
        book=book,
        found=found,
        sums=sums,
        accounts=accounts,
        funds=funds,
        kinds=kinds,
        makers=makers,
        kept=kept,
        sees_donors=sees_donors,
        is_full=len(found) == wanted.limit,
        may_export=visitor().may("export_journal", book.id),
        form=Form(EntryFilter(), values=request.args, errors=errors),
    )


@pages.get("/books/<code>/journal/<uuid:entry_id>")
def entry(code: str, entry_id: UUID) -> Response:
    """Show one entry with its legs, where it came from and what belongs to it."""
    return _entry_page(code, entry_id, held_answers(), {})


@pages.post("/books/<code>/journal/<uuid:entry_id>/correct")
@fresh_needed
def correct(code: str, entry_id: UUID) -> Response:
    """Ask to move an entry to another fund; an approver decides."""
    book = book_for("propose_correction", code)
    person = signed_in()
    try:
        asked = read_form(CorrectionForm())
        _check_fund(book, entry_id, asked.from_fund)
        write(
            lambda session: corrections.propose_correction(
                session,
                book_id=book.id,
                entry_id=entry_id,
                fund_map={asked.from_fund: asked.to_fund},
                reason=asked.reason,
                made_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _entry_page(code, entry_id, request.form.to_dict(), errors_of(refusal), 422)
    flash(_("Requested. The entry stays unchanged until an approver agrees."))
    return redirect(url_for("journal.entry", code=code, entry_id=entry_id), 303)


def _check_fund(book: Book, entry_id: UUID, fund: str) -> None:
    """Take only a fund that the entry has: moving what is not there would look like a success."""
    with reading() as session:
        detail = journal.entry_detail(session, book_id=book.id, entry_id=entry_id)
    if fund not in {leg.fund for leg in detail.entry.legs}:
        raise Invalid(_("This journal entry has no posting in this fund."), place="from_fund")


@pages.get("/books/<code>/accounts/<int:number>")
def account(code: str, number: int) -> Response:
    """Show one account's balances by fund and its postings with the running balance.

    Without a fund, the postings of all funds are shown.
    """
    book = book_for("read_books", code)
    asked, errors = asked_of(AccountFilter())
    fund = asked.fund or None
    with reading() as session:
        names = {row.number: row for row in accounts_of(session, book.id)}
        if number not in names:
            raise NotFound(_("This book has no such account."))
        funds = {row.code: row.name for row in funds_of(session, book.id)}
        if fund is not None and fund not in funds:
            errors["fund"] = [_("This book has no such fund.")]
            fund = None
        rows = balances.account_statement(
            session,
            book_id=book.id,
            account=number,
            wanted=balances.StatementFilter(
                fund=fund,
                since=asked.since,
                until=asked.until,
                known_at=asked.known_at,
                before=(asked.before, asked.before_line) if asked.before else None,
                limit=asked.limit,
            ),
        )
        held = balances.trial_balance(
            session,
            book_id=book.id,
            accounts=[number],
            as_of=asked.until,
            known_at=asked.known_at,
        )
    # This page has no form in which the sentences could stand.
    for sentences in errors.values():
        flash(" ".join(sentences))
    return page(
        "accounting/account.html",
        422 if errors else 200,
        book=book,
        account=names[number],
        fund=fund,
        funds=funds,
        held=held,
        totals=_per_commodity(held),
        rows=list(reversed(rows)),
        older=rows[0] if len(rows) == asked.limit else None,
        asked=asked,
    )


def _per_commodity(rows: Sequence[balances.BalanceRow]) -> list[tuple[str, int]]:
    """Return the total of all funds in each commodity that more than one fund holds."""
    held = Counter(row.commodity for row in rows)
    return [
        (unit, sum(row.quantity for row in rows if row.commodity == unit))
        for unit, count in sorted(held.items())
        if count > 1
    ]


@pages.get("/books/<code>/trial-balance")
def trial_balance(code: str) -> Response:
    """Show every balance that is not zero, as of a day and as known at an instant."""
    book = book_for("read_books", code)
    asked, errors = asked_of(AsOfForm())
    with reading() as session:
        rows = balances.trial_balance(
            session,
            book_id=book.id,
            as_of=asked.as_of,
            known_at=asked.known_at,
        )
        names = {row.number: row.name for row in accounts_of(session, book.id)}
    layers = [
        (layer, legs, _sides(legs))
        for layer in Layer
        if (legs := [row for row in rows if row.layer is layer])
    ]
    return page(
        "accounting/trial_balance.html",
        422 if errors else 200,
        book=book,
        layers=layers,
        names=names,
        form=Form(AsOfForm(), values=request.args, errors=errors),
    )


def _sides(rows: Sequence[balances.BalanceRow]) -> list[tuple[str, int, int]]:
    """Return debits and credits per unit; the two are equal or the books are broken."""
    return [
        (
            unit,
            sum(row.quantity for row in rows if row.commodity == unit and row.quantity > 0),
            -sum(row.quantity for row in rows if row.commodity == unit and row.quantity < 0),
        )
        for unit in sorted({row.commodity for row in rows})
    ]


def asked_of(schema: forms.Form[forms.Made]) -> tuple[forms.Made, dict[str, list[str]]]:
    """Read the filters of the address; a wrong one is told and left out."""
    given = {key: value for key, value in request.args.items() if value.strip()}
    try:
        return read_form(schema, given), {}
    except Invalid as refusal:
        errors = errors_of(refusal)
        return read_form(schema, {k: v for k, v in given.items() if k not in errors}), errors


def _named_outside(reference: str) -> str:
    """Return what the outside world calls an event, nothing where only we do."""
    return "" if uuid_of(re.split("[/~#]", reference)[0]) else reference


def _entry_page(
    code: str,
    entry_id: UUID,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("read_books", code)
    with reading() as session:
        detail = journal.entry_detail(session, book_id=book.id, entry_id=entry_id)
        funds = funds_of(session, book.id)
        event = event_of(session, book_id=book.id, entry_id=entry_id)
        undoing = None if detail.reversed_by else undo_links.answer(session, event, book)
    return page(
        "accounting/entry.html",
        status,
        book=book,
        detail=detail,
        funds=funds,
        undoing=undoing,
        # An identifier of ours tells nobody anything.
        reference=_named_outside(detail.entry.external_ref),
        is_contribution=detail.entry.event_type in BROUGHT,
        may_correct=visitor().may("propose_correction", book.id),
        form=Form(CorrectionForm(), values=values, errors=errors),
    )
