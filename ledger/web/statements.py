"""Bank statements: import a file, match its lines, see whether bank and books agree."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.books import Book
from ledger.models.statements import BankLine
from ledger.queries import pledges, statements
from ledger.queries.books import funds_of
from ledger.schemas.money import Meaning
from ledger.services import matching, meanings, tables, tax_reclaims
from ledger.services import statements as statement_services
from ledger.statements import TableUnclear, read_statement
from ledger.web import table_forms
from ledger.web.door import book_for, errors_of, now, page, read_form, reading, signed_in, write

pages = Blueprint("statements", __name__)

BANK = 1010


@pages.get("/books/<code>/statements")
def show(code: str) -> Response:
    """Show statements, the lines that wait, and the agreement of bank and books."""
    return _page(code, {})


@pages.post("/books/<code>/statements")
def upload(code: str) -> Response:
    """Import a bank file and match what is certain."""
    book = book_for("import_statement", code)
    person = signed_in()
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(_("Choose a file first."), place="file")
        data = sent.read()
        with reading() as session:
            known = tables.remembered_for(session, book_id=book.id, account=BANK)
        try:
            file = read_statement(data, currency=book.commodity, remembered=known)
        except TableUnclear:
            return table_forms.to_mapping(book, BANK, sent.filename, data)
        done = write(
            lambda session: statement_services.import_statement(
                session,
                book=book,
                account=BANK,
                file=file,
                imported_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        place = f"{refusal.place}: " if refusal.place not in (None, "file") else ""
        return _page(code, {"file": [place + refusal.message]}, 422)
    say_imported(book, done)
    return redirect(url_for("statements.show", code=code), 303)


def say_imported(book: Book, done: statement_services.Imported) -> None:
    """Match what is certain of what came in, and say what became of it."""
    matched = write(lambda session: matching.auto_match(session, book_id=book.id, now=now()))
    flash(
        _(
            "%(new)s lines are new, %(known)s were known; %(matched)s were matched by themselves.",
            new=done.new,
            known=done.duplicates,
            matched=matched,
        )
    )
    for shown in done.statements:
        for warning in shown["warnings"]:
            flash(warning)


@pages.get("/books/<code>/statements/<uuid:statement_id>")
def lines(code: str, statement_id: UUID) -> Response:
    """Show one statement with every line."""
    book = book_for("read_books", code)
    with reading() as session:
        statement = statements.statement_by_id(session, book_id=book.id, statement_id=statement_id)
        rows = statements.lines_of(session, book_id=book.id, statement_id=statement_id)
    return page("statements/lines.html", book=book, statement=statement, rows=rows)


@pages.post("/books/<code>/lines/<uuid:line_id>")
def match(code: str, line_id: UUID) -> Response:
    """Say what one line means."""
    book = book_for("match", code)
    person = signed_in()
    try:
        answers = read_form(Meaning())
        _check_line(book, line_id)
        write(
            lambda session: meanings.apply(
                session,
                line_id=line_id,
                meaning=answers["meaning"],
                target=answers["target"],
                by=person.id,
                now=now(),
            )
        )
    except (Invalid, NotFound) as refusal:
        errors = errors_of(refusal) if isinstance(refusal, Invalid) else {}
        sentences = [text for found in errors.values() for text in found] or [refusal.message]
        return _page(code, {f"line-{line_id}": sentences}, 422)
    except Conflict as refusal:
        return _page(code, {f"line-{line_id}": [refusal.message]}, 409)
    flash(_("Matched and booked."))
    return redirect(url_for("statements.show", code=code), 303)


def _check_line(book: Book, line_id: UUID) -> None:
    with reading() as session:
        line = session.get(BankLine, line_id)
    if line is None or line.book_id != book.id:
        raise NotFound(_("There is no such line in this book."))


def _page(code: str, errors: dict[str, list[str]], status: int = 200) -> Response:
    book = book_for("read_desk", code)
    with reading() as session:
        waiting = [
            (row, matching.suggestions(session, row.line))
            for row in statements.lines_of(session, book_id=book.id)
        ]
        known = statements.statements_of(session, book_id=book.id)
        agreement = statements.agreement(session, book_id=book.id)
        funds = funds_of(session, book.id)
        promised = pledges.open_pledges(session, book_id=book.id, kinds=("money",))
    # A line that does not wait any more has no place of its own for its sentence.
    for place in errors.keys() - {f"line-{row.line.id}" for row, _ideas in waiting} - {"file"}:
        flash(" ".join(errors[place]))
    return page(
        "statements/show.html",
        status,
        book=book,
        waiting=waiting,
        known=known,
        agreement=agreement,
        funds=funds,
        promised=promised,
        reclaims=book.commodity == tax_reclaims.CURRENCY,
        errors=errors,
    )
