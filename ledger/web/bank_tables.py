"""Tables of a bank (CSV, XLSX): a person says what the columns are, looks, and imports.

What was said is remembered for the account and proposed for the next table with these headings.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import Invalid
from ledger.models.books import Book
from ledger.schemas.tables import bank_mapping
from ledger.services import statements as statement_services
from ledger.services import tables
from ledger.services.statements import SeveralAccounts
from ledger.statements import Profile, Reading, StatementFile, read_statement, reading_of
from ledger.web import table_forms
from ledger.web.door import book_for, now, page, read_form, reading, signed_in, write
from ledger.web.statements import BANK, chosen_account, say_imported

pages = Blueprint("bank_tables", __name__)

LINES_SHOWN = 10


@pages.get("/books/<code>/statements/tables")
def choose(code: str) -> Response:
    """Ask for a table to say the columns of."""
    return page("statements/tables.html", book=book_for("import_statement", code), errors={})


@pages.post("/books/<code>/statements/tables")
def send(code: str) -> Response:
    """Keep a table and lead to the page on which its columns are said."""
    book = book_for("import_statement", code)
    try:
        file_name, data = table_forms.sent_file()
        reading_of(data, None, book.commodity)
    except Invalid as refusal:
        errors = {"file": table_forms.errors_of(refusal)["form"]}
        return page("statements/tables.html", 422, book=book, errors=errors)
    return table_forms.to_mapping(book, "statement", file_name, data)


@pages.get("/books/<code>/statements/tables/<uuid:draft_id>")
def show(code: str, draft_id: UUID) -> Response:
    """Show a table with the best reading there is, and what would come in."""
    book = book_for("import_statement", code)
    name, data = table_forms.draft_of(book, draft_id, "statement")
    found = _best(book, data)
    values = table_forms.values_of(found, book.commodity)
    file, errors = None, {"form": list(found.problems)} if found.problems else {}
    if not found.problems:
        file, errors = _read(book, data, found.profile, "")
    return _page(book, draft_id, name, found, values, errors, file)


@pages.post("/books/<code>/statements/tables/<uuid:draft_id>")
def say(code: str, draft_id: UUID) -> Response:
    """Take what a person says of the columns: show what would come in, or import it."""
    book = book_for("import_statement", code)
    name, data = table_forms.draft_of(book, draft_id, "statement")
    if request.form.get("deed") == "drop":
        write(lambda session: tables.drop_draft(session, draft_id=draft_id))
        flash(_("The file was thrown away; nothing was imported."))
        return redirect(url_for("statements.show", code=code), 303)
    base = _best(book, data)
    values = request.form.to_dict()
    try:
        answers = read_form(bank_mapping(table_forms.width_of(base.grid)))
        profile = _profile(base, answers)
    except Invalid as refusal:
        return _page(book, draft_id, name, base, values, table_forms.errors_of(refusal), None, 422)
    found = reading_of(data, profile, book.commodity)
    file, errors = _read(book, data, profile, answers["opening"])
    if errors or file is None or found.placed is None:
        return _page(book, draft_id, name, found, values, errors, None, 422)
    if answers["deed"] == "preview":
        return _page(book, draft_id, name, found, values, {}, file)
    try:
        return _import(book, draft_id, file, found.placed.headings, profile)
    except SeveralAccounts as refusal:
        sentence = _("Say below which bank account this file is of.")
        return _page(book, draft_id, name, found, values, {"form": [sentence]}, file, 422, refusal)
    except Invalid as refusal:
        errors = table_forms.errors_of(refusal)
        return _page(book, draft_id, name, found, values, errors, file, 422)


def _import(
    book: Book, draft_id: UUID, file: StatementFile, headings: tuple[str, ...], profile: Profile
) -> Response:
    person = signed_in()

    def keep(session: Any) -> statement_services.Imported:
        done = statement_services.import_statement(
            session,
            book=book,
            account=BANK,
            file=file,
            imported_by=person.id,
            now=now(),
            choice=chosen_account(),
        )
        tables.remember(
            session,
            book=book,
            account=BANK,
            headings=headings,
            profile=profile,
            by=person.id,
            now=now(),
        )
        tables.drop_draft(session, draft_id=draft_id)
        return done

    say_imported(book, write(keep))
    return redirect(url_for("statements.show", code=book.code), 303)


def _best(book: Book, data: bytes) -> Reading:
    with reading() as session:
        known = tables.remembered_for(session, book_id=book.id, account=BANK)
    return reading_of(data, None, book.commodity, known)


def _profile(base: Reading, answers: dict[str, Any]) -> Profile:
    """Return the profile that a person's answers make. Raises Invalid, naming a field."""
    profile = table_forms.profile_of(base, answers)
    return replace(
        profile,
        sign_out=_words(answers["money_out"]) if profile.sign else (),
        sign_in=(),
        booked=_words(answers["booked"]) if profile.status else (),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _read(
    book: Book, data: bytes, profile: Profile, opening: str
) -> tuple[StatementFile | None, dict[str, list[str]]]:
    try:
        file = read_statement(
            data, "csv", profile=profile, opening=opening or None, currency=book.commodity
        )
    except Invalid as refusal:
        return None, table_forms.errors_of(refusal)
    return file, {}


def _page(
    book: Book,
    draft_id: UUID,
    file_name: str,
    found: Reading,
    values: dict[str, str],
    errors: dict[str, list[str]],
    file: StatementFile | None,
    status: int = 200,
    asked: SeveralAccounts | None = None,
) -> Response:
    preview = None
    if file is not None:
        with reading() as session:
            preview = statement_services.preview_statement(
                session, book=book, account=BANK, file=file, choice=chosen_account()
            )
        asked = asked or preview.asked
    return page(
        "statements/table.html",
        status,
        book=book,
        draft_id=draft_id,
        file_name=file_name,
        columns=table_forms.columns_of(found),
        lines=table_forms.heading_lines(found.grid),
        values=values,
        errors=errors,
        preview=preview,
        asked=asked,
        samples=[one.lines[:LINES_SHOWN] for one in file.statements] if file else [],
    )
