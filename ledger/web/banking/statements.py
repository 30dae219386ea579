"""Bank statements: import a file, match its lines, see whether bank and books agree."""

import base64
import binascii
import zlib
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from ledger.bank_files import MAX_BYTES, TableUnclear, read_statement
from ledger.core.accounts import Acct
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.background_jobs import BackgroundKind
from ledger.models.books import Book
from ledger.models.tables import DraftPurpose
from ledger.queries.banking import statements
from ledger.queries.books import journal
from ledger.queries.books.books import open_funds
from ledger.queries.pledges import pledges
from ledger.schemas.money import MeaningForm, UndoingForm
from ledger.services.banking import match_actions, matching, tax_reclaims, unmatching
from ledger.services.banking.items import item_by_id, items_of_rows
from ledger.services.importing import tables
from ledger.services.reconciliation.scoring import ideas_for
from ledger.services.statements import bank_accounts, bank_files, import_jobs
from ledger.services.statements.statements import Choice, Imported, SeveralAccounts
from ledger.web.banking.lines import LABELS
from ledger.web.importing import table_forms
from ledger.web.site.background import lead_to_job
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    row_asked,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("statements", __name__)

LONGEST_SEARCH = 100
# A file that is sent along while somebody chooses; a form holds no more.
LARGEST_KEPT = 400_000
FURTHER, SAME = "further", "same:"


@pages.get("/books/<code>/statements")
def show(code: str) -> Response:
    """Show statements, the lines that wait, and the agreement of bank and books.

    Those who only read see no names of givers who may have sent a line, and no forms.
    """
    book = book_for("read_statements", code)
    if visitor().may("read_desk", book.id):
        return bank_page(book, {})
    with reading() as session:
        known = statements.statements_of(session, book_id=book.id, after=row_asked("older"))
        agreement = statements.agreement(session, book_id=book.id)
        accounts = statements.bank_accounts_of(session, book_id=book.id)
        waiting_count = statements.open_lines(session, book_id=book.id)
    return page(
        "banking/list.html",
        book=book,
        known=known,
        agreement=agreement,
        accounts=accounts,
        waiting_count=waiting_count,
    )


@pages.post("/books/<code>/statements")
def upload(code: str) -> Response:
    """Import a bank file and match what is certain."""
    book = book_for("import_statement", code)
    person = signed_in()
    data = b""
    try:
        name, data = _sent()
        if len(data) > import_jobs.MOST_AT_ONCE_BYTES and chosen_account() == Choice():
            return _import_later(book, name, data)
        with reading() as session:
            known = tables.remembered_for(session, book_id=book.id, account=Acct.BANK)
        try:
            file = read_statement(data, currency=book.commodity, remembered=known)
        except TableUnclear:
            return table_forms.to_mapping(book, "statement", name, data)
        done = write(
            lambda session: bank_files.import_file(
                session,
                book=book,
                file=file,
                imported_by=person.id,
                now=now(),
                choice=chosen_account(),
            )
        )
    except SeveralAccounts as refusal:
        sentence = _("Choose below the bank account of this file.")
        return bank_page(book, {"file": [sentence]}, 422, asked=(refusal, data))
    except Invalid as refusal:
        place = f"{refusal.place}: " if refusal.place not in (None, "file") else ""
        return bank_page(book, {"file": [place + refusal.message]}, 422)
    say_imported(book, done)
    return redirect(url_for("statements.show", code=code), 303)


def _import_later(book: Book, name: str, data: bytes) -> Response:
    """Keep a large file, and have it imported in the background."""
    person = signed_in()
    if len(data) > MAX_BYTES:
        raise Invalid(_("The file is larger than 10 MB."), place="file")
    draft_id = write(
        lambda session: tables.keep_draft(
            session,
            book=book,
            account=Acct.BANK,
            purpose=DraftPurpose.STATEMENT,
            file_name=name,
            data=data,
            by=person.id,
            now=now(),
        )
    )
    return lead_to_job(
        BackgroundKind.STATEMENT,
        "import_statement",
        [book.id],
        {"book": book.code, "draft": str(draft_id), "file": name[:LONGEST_SEARCH]},
    )


def _sent() -> tuple[str, bytes]:
    """Return the file that was sent, or the one that was kept while somebody chose, by name."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return sent.filename, bytes(sent.read())
    try:
        packed = base64.b64decode(request.form.get("kept", ""), validate=True)
        data = zlib.decompressobj().decompress(packed, MAX_BYTES) if packed else b""
    except (binascii.Error, zlib.error, ValueError):
        data = b""
    if not data:
        raise Invalid(_("Choose a file first."), place="file")
    return "file", data


def chosen_account() -> Choice:
    """Return what the form says of the file's bank accounts."""
    account, known_as = request.form.get("bank_account", ""), request.form.get("known_as", "")
    return Choice(
        only=(account,) if account else (),
        same_as=known_as.removeprefix(SAME) if known_as.startswith(SAME) else "",
        further=known_as == FURTHER,
    )


def say_imported(book: Book, done: Imported) -> None:
    """Match what is certain of what came in, and say what became of it."""
    matched = write(lambda session: matching.auto_match(session, book_id=book.id, now=now()))
    parts = (
        ngettext("%(num)s new line", "%(num)s new lines", done.new),
        _("%(known)s already known", known=done.duplicates),
        _("%(matched)s matched automatically", matched=matched),
    )
    flash(f"{', '.join(map(str, parts))}.")
    for shown in done.statements:
        for warning in shown["warnings"]:
            flash(warning)


@pages.get("/books/<code>/statements/<uuid:statement_id>")
def lines(code: str, statement_id: UUID) -> Response:
    """Show one statement with its lines."""
    book = book_for("read_books", code)
    with reading() as session:
        statement = statements.statement_by_id(session, book_id=book.id, statement_id=statement_id)
        rows = statements.lines_of(session, statement_id=statement_id, after=row_asked("lines"))
    return page("banking/lines.html", book=book, statement=statement, rows=rows)


@pages.post("/books/<code>/lines/<uuid:line_id>")
def match(code: str, line_id: UUID) -> Response:
    """Say what one line, or one payment of a batch, means."""
    book = book_for("match", code)
    person = signed_in()
    try:
        meant = read_form(MeaningForm())
        _check_line(book, line_id)
        write(
            lambda session: match_actions.apply(
                session,
                line_id=line_id,
                meaning=meant.meaning,
                target=meant.target,
                by=person.id,
                now=now(),
            )
        )
    except (Invalid, NotFound) as refusal:
        errors = errors_of(refusal) if isinstance(refusal, Invalid) else {}
        sentences = [text for found in errors.values() for text in found] or [refusal.message]
        return bank_page(book, {f"line-{line_id}": sentences}, 422)
    except Conflict as refusal:
        return bank_page(book, {f"line-{line_id}": [refusal.message]}, 409)
    flash(_("Matched and booked."))
    return redirect(url_for("statements.show", code=code), 303)


@pages.get("/books/<code>/lines/<uuid:matched_id>/undo")
def undo_form(code: str, matched_id: UUID) -> Response:
    """Show what undoing the last match of a line or payment would book."""
    return _undo_page(code, matched_id, {}, {})


@pages.post("/books/<code>/lines/<uuid:matched_id>/undo")
def undo(code: str, matched_id: UUID) -> Response:
    """Undo the last match of a line or payment; it waits again."""
    book = book_for("match", code)
    person = signed_in()
    try:
        reason = read_form(UndoingForm()).why
        _check_line(book, matched_id)
        write(
            lambda session: unmatching.undo_match(
                session, line_id=matched_id, reason=reason, by=person.id, now=now()
            )
        )
    except (Invalid, Conflict) as refusal:
        status = 422 if isinstance(refusal, Invalid) else 409
        errors = errors_of(refusal) if isinstance(refusal, Invalid) else {}
        return _undo_page(
            code, matched_id, request.form.to_dict(), errors or {"why": [refusal.message]}, status
        )
    flash(_("Undone. The line is open again. Both entries stay in the journal."))
    return redirect(url_for("statements.show", code=code, _anchor=f"line-{matched_id}"), 303)


def _undo_page(
    code: str,
    line_id: UUID,
    values: dict[str, str],
    errors: dict[str, list[str]],
    status: int = 200,
) -> Response:
    book = book_for("match", code)
    _check_line(book, line_id)
    with reading() as session:
        item = item_by_id(session, line_id)
        why, legs = "", None
        try:
            _item, match, opposite = unmatching.undoing(session, line_id=line_id)
        except Conflict as refusal:
            why = refusal.message
        else:
            if opposite is not None:
                detail = journal.entry_detail(session, book_id=book.id, entry_id=match.entry_id)
                legs = [replace(leg, quantity=-leg.quantity) for leg in detail.entry.legs]
    return page(
        "banking/undo.html",
        status,
        book=book,
        item=item,
        legs=legs,
        why=why,
        form=Form(UndoingForm(), values=values, errors=errors),
    )


@pages.post("/books/<code>/bank-accounts/<uuid:account_id>/into/<uuid:into_id>")
def join(code: str, account_id: UUID, into_id: UUID) -> Response:
    """Make two bank accounts one, which files called by two names."""
    book = book_for("import_statement", code)
    write(
        lambda session: bank_accounts.join_accounts(
            session, book_id=book.id, account_id=account_id, into_id=into_id
        )
    )
    flash(_("The bank accounts are now joined."))
    return redirect(url_for("statements.show", code=code), 303)


def _check_line(book: Book, line_id: UUID) -> None:
    with reading() as session:
        statements.line_by_id(session, book_id=book.id, line_id=line_id)


def bank_page(
    book: Book,
    errors: dict[str, list[str]],
    status: int = 200,
    asked: tuple[SeveralAccounts, bytes] | None = None,
) -> Response:
    """Show the lines that wait, with what is wrong beside the line it is about."""
    words = request.args.get("words", "")[:LONGEST_SEARCH]
    find = request.args.get("find", "")[:LONGEST_SEARCH]
    with reading() as session:
        waiting, parked = statements.open_and_parked_lines_of(
            session,
            book_id=book.id,
            open_after=row_asked("waiting"),
            parked_after=row_asked("parked"),
            words=words,
        )
        items = items_of_rows(waiting.rows)
        accounts = statements.bank_accounts_of(session, book_id=book.id)
        shown = {
            "waiting": waiting,
            "parked": parked,
            "ideas": ideas_for(session, items, thorough=False),
            "known": statements.statements_of(session, book_id=book.id, after=row_asked("older")),
            "agreement": statements.agreement(session, book_id=book.id, known=accounts),
            "waiting_count": statements.open_lines(session, book_id=book.id),
            "accounts": accounts,
            "funds": open_funds(session, book.id),
            "promised": pledges.find_open_pledges(session, book_id=book.id, words=find)
            if find
            else [],
        }
    # A line that is not on this page has no place of its own for its sentence.
    rows = (*waiting.rows, *parked.rows)
    here = {row.line.id for row in rows} | {one.part.id for row in rows for one in row.parts}
    for place in errors.keys() - {f"line-{item_id}" for item_id in here} - {"file"}:
        flash(" ".join(errors[place]))
    return page(
        "banking/statements.html",
        status,
        book=book,
        words=words,
        find=find,
        asked=asked[0] if asked else None,
        kept=_packed(asked[1]) if asked else "",
        labels=LABELS,
        reclaims=book.commodity == tax_reclaims.CURRENCY,
        form=Form(errors=errors),
        **shown,
    )


def _packed(data: bytes) -> str:
    """Return a file as a form can carry it; nothing for one that is too large for that."""
    packed = base64.b64encode(zlib.compress(data)).decode()
    return packed if len(packed) <= LARGEST_KEPT else ""
