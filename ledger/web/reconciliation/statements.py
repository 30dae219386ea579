"""Reconciliation: per bank account and day, what the bank says, what the books say, and what lies
between. A treasurer prepares a statement, an approver signs it."""

import json
from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.accounts import Acct
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book
from ledger.queries.people.people import names_of
from ledger.queries.reconciliation import statements as questions
from ledger.queries.reconciliation.statements import BankOfBook
from ledger.schemas.reconciliation import PreparingForm, StatementAskedForm
from ledger.services.reconciliation import signed_statements as statements
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

pages = Blueprint("reconciliation", __name__)

# What is there already and not yet on the other side: it only carries time.
CARRYING = (Acct.UNDEPOSITED_CASH, Acct.PAYOUTS_IN_TRANSIT, Acct.OUTGOING_PAYMENTS)


@pages.get("/books/<code>/reconciliation")
def show(code: str) -> Response:
    """Show the statement of an account on a day, as bank and books say now."""
    book = book_for("read_statements", code)
    try:
        wanted = read_form(StatementAskedForm(), request.args)
    except Invalid as refusal:
        return _page(book, "", None, {}, errors_of(refusal), 422)
    with reading() as session:
        known = questions.banks_of(session, book_id=book.id)
    if wanted.account and wanted.account not in {_name(bank) for bank in known}:
        raise NotFound(_("This book has no such bank account."))
    return _page(book, wanted.account, wanted.until, {}, {})


@pages.post("/books/<code>/reconciliation")
def prepare(code: str) -> Response:
    """Put the statement that was looked at before an approver."""
    book = book_for("match", code)
    person = signed_in()
    try:
        told = read_form(PreparingForm())
        account = f"{told.account}-{told.commodity}"
        write(
            lambda session: statements.prepare_statement(
                session,
                book=book,
                account=told.account,
                commodity=told.commodity,
                until=told.until,
                reason=told.reason,
                made_by=person.id,
                now=now(),
            )
        )
    except (Invalid, NotFound) as refusal:
        values = request.form.to_dict()
        account = f"{values.get('account', '')}-{values.get('commodity', '')}"
        return _page(book, account, _day(values), values, errors_of(refusal), 422)
    flash(_("Requested. The statement counts once an approver has signed it."))
    return redirect(
        url_for("reconciliation.show", code=code, account=account, until=told.until), 303
    )


@pages.get("/books/<code>/reconciliation/<uuid:statement_id>")
def signed(code: str, statement_id: UUID) -> Response:
    """Show a statement as two people signed it, and whether it still holds."""
    book = book_for("read_statements", code)
    with reading() as session:
        row = questions.signed_statement(session, book_id=book.id, statement_id=statement_id)
        holds = questions.holds(session, row)
        names = names_of(session, {row.prepared_by, row.signed_by})
    return page(
        "reconciliation/signed.html",
        book=book,
        row=row,
        document=json.loads(row.document),
        holds=holds,
        names=names,
    )


def _day(values: dict[str, str]) -> date | None:
    """Return the day of a form that was refused, as long as it is one."""
    try:
        return date.fromisoformat(values.get("until", ""))
    except ValueError:
        return None


def _name(bank: BankOfBook) -> str:
    return f"{bank.account}-{bank.commodity}"


def _page(
    book: Book,
    account: str,
    until: date | None,
    values: dict[str, str],
    errors: Errors,
    status: int = 200,
) -> Response:
    day = until or today(book).replace(day=1) - timedelta(days=1)
    with reading() as session:
        known = questions.banks_of(session, book_id=book.id)
        banks = {_name(one): one for one in known}
        bank: BankOfBook | None = banks.get(account, known[0] if known else None)
        found, kept, carried, last = None, [], {}, {}
        if bank is not None:
            found = questions.reconcile(session, book_id=book.id, bank=bank, until=day)
            kept = questions.signed_statements(
                session, book_id=book.id, account=bank.account, commodity=bank.commodity
            )
            carried = questions.in_transit(session, book_id=book.id, accounts=CARRYING, until=day)
            last = questions.last_reconciled(session, book_id=book.id)
    chosen = _name(bank) if bank else ""
    asked = {"account": chosen, "until": day.isoformat()}
    return page(
        "reconciliation/statement.html",
        status,
        book=book,
        choices=[
            (name, f"{b.account} {b.commodity}: {', '.join(b.names)}") for name, b in banks.items()
        ],
        bank=bank,
        found=found,
        kept=kept,
        carried=carried,
        last=last,
        day=day,
        may_prepare=visitor().may("match", book.id) and (bool(errors) or day < today(book)),
        asked=Form(StatementAskedForm(), values=asked),
        form=Form(PreparingForm(), values=values, errors=errors),
    )
