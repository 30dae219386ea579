"""The journal and an account's register as files for spreadsheets: what the page shows, in full."""

from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.currencies import exponent
from ledger.errors import Invalid, NotFound
from ledger.models.books import Book
from ledger.models.rights_log import RightsKind
from ledger.queries.accounting import journal_search
from ledger.queries.books import balances, journal
from ledger.queries.books.books import account_names
from ledger.schemas.forms import Form
from ledger.schemas.journal import AccountFilter, entry_filter
from ledger.services.people.rights_log import record
from ledger.web.site.context import book_for, now, read_form, reading, visitor, write
from ledger.web.site.formatting import plain_decimal
from ledger.web.site.spreadsheets import KINDS, Cell, as_file

pages = Blueprint("sheets", __name__)

Made = TypeVar("Made")
# More are a file of the whole journal, which the reports page leads to.
MOST_ENTRIES = 2_000


@pages.get(f"/books/<code>/journal/sheet/<{KINDS}:sheet>")
def journal_sheet(code: str, sheet: str) -> Response:
    """Download the entries that a filter of the journal finds, a row for each posting."""
    book = book_for("export_journal", code)
    wanted = _asked(entry_filter(exponent(book.commodity)))
    with reading() as session:
        also = journal_search.conditions(
            session,
            book=book,
            wanted=wanted,
            sees_donors=visitor().may("read_donors", book.id),
        )
        found = journal.entries(
            session,
            book_id=book.id,
            wanted=replace(wanted, before=None, limit=MOST_ENTRIES + 1),
            found_by=also,
        )
    _check_length(len(found))
    _note(book, f"journal.{sheet}")
    headings = (
        *(_("Date"), _("Event"), _("Reference"), _("Account"), _("Account name"), _("Fund")),
        *(_("Amount"), _("Unit"), _("Entry")),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            entry.accounting_on,
            entry.event_type,
            entry.external_ref,
            leg.account,
            leg.account_name,
            leg.fund,
            Decimal(plain_decimal(leg.quantity, leg.commodity)),
            leg.commodity,
            str(entry.id),
        )
        for entry in found
        for leg in entry.legs
    ]
    return as_file(f"{book.code}-journal", sheet, headings, rows)


@pages.get(f"/books/<code>/accounts/<int:number>/sheet/<{KINDS}:sheet>")
def account_sheet(code: str, number: int, sheet: str) -> Response:
    """Download an account's register with its running balance, oldest first."""
    book = book_for("export_journal", code)
    wanted = _asked(AccountFilter())
    with reading() as session:
        if number not in account_names(session, book.id):
            raise NotFound(_("This book has no such account."))
        found = balances.account_statement(
            session,
            book_id=book.id,
            account=number,
            wanted=balances.StatementFilter(
                fund=wanted.fund or None,
                since=wanted.since,
                until=wanted.until,
                known_at=wanted.known_at,
                limit=MOST_ENTRIES + 1,
            ),
        )
    _check_length(len(found))
    _note(book, f"account.{sheet}")
    headings = (_("Date"), _("Event"), _("Fund"), _("Amount"), _("Balance"), _("Unit"), _("Entry"))
    rows: list[tuple[Cell, ...]] = [
        (
            row.accounting_on,
            row.event_type,
            row.fund,
            Decimal(plain_decimal(row.quantity, row.commodity)),
            Decimal(plain_decimal(row.balance, row.commodity)),
            row.commodity,
            str(row.entry_id),
        )
        for row in found
    ]
    return as_file(f"{book.code}-{number}", sheet, headings, rows)


def _check_length(count: int) -> None:
    if count > MOST_ENTRIES:
        raise Invalid(
            "More than {most} rows are found. Choose fewer days, or export the whole journal on "
            "the reports page.",
            most=MOST_ENTRIES,
        )


def _asked(form: Form[Made]) -> Made:
    given = {name: text for name, text in request.args.items() if text.strip()}
    return read_form(form, given)


def _note(book: Book, what: str) -> None:
    write(
        lambda session: record(
            session,
            kind=RightsKind.DATA_EXPORTED,
            actor=visitor().id,
            book=book.id,
            about={"format": what},
            now=now(),
        )
    )
