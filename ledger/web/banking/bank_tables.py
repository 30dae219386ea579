"""Tables of a bank (CSV, XLSX): a person says what the columns are, looks, and imports.

What was said is remembered for the account and proposed for the next table with these headings.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

from ledger.bank_files import Profile, Reading, StatementFile, read_statement, reading_of
from ledger.core.accounts import Acct
from ledger.db import Session
from ledger.errors import Invalid, PoolbookError
from ledger.models.books import Book
from ledger.schemas.tables import BankTable, bank_table
from ledger.services.importing import tables
from ledger.services.statements import statements as statement_services
from ledger.services.statements.statements import SeveralAccounts
from ledger.web.banking.statements import chosen_account, say_imported
from ledger.web.importing import table_forms
from ledger.web.importing.drafts import Draft, Flow, Looked, register
from ledger.web.site.context import now, read_form, reading, signed_in
from ledger.web.site.forms import Errors, errors_of

pages = Blueprint("bank_tables", __name__)

LINES_SHOWN = 10


def _check(book: Book, _file_name: str, data: bytes) -> Reading:
    return reading_of(data, None, book.commodity)


def _propose(draft: Draft) -> Looked:
    found = _best(draft)
    values = table_forms.values_of(found, draft.book.commodity)
    if found.problems:
        return Looked(values, {"form": list(found.problems)}, table_forms.shown_of(found))
    try:
        file = _read(draft, found.profile, "")
    except Invalid as refusal:
        return Looked(values, _errors_of(refusal), table_forms.shown_of(found))
    return Looked(values, {}, _previewed(draft, found, file))


def _answer(draft: Draft, values: dict[str, str]) -> Looked:
    found = _best(draft)
    try:
        said = read_form(bank_table(table_forms.width_of(found.grid)))
        profile = _profile(found, said)
        found = reading_of(draft.data, profile, draft.book.commodity)
        file = _read(draft, profile, said.opening)
    except Invalid as refusal:
        return Looked(values, _errors_of(refusal), table_forms.shown_of(found))
    assert found.placed is not None, "what can be read has a place for its columns"
    headings = found.placed.headings
    by = signed_in().id

    def keep(session: Session) -> statement_services.Imported:
        done = statement_services.import_statement(
            session,
            book=draft.book,
            account=Acct.BANK,
            file=file,
            imported_by=by,
            now=now(),
            choice=chosen_account(),
        )
        tables.remember(
            session,
            book=draft.book,
            account=Acct.BANK,
            headings=headings,
            profile=profile,
            by=by,
            now=now(),
        )
        return done

    return Looked(values, {}, _previewed(draft, found, file), keep)


def _errors_of(refusal: PoolbookError) -> Errors:
    if isinstance(refusal, SeveralAccounts):
        return {"form": [_("Choose below the bank account of this file.")]}
    return errors_of(refusal, only=table_forms.FIELDS, tell=True)


def _previewed(draft: Draft, found: Reading, file: StatementFile) -> dict[str, Any]:
    with reading() as session:
        preview = statement_services.preview_statement(
            session, book=draft.book, account=Acct.BANK, file=file, choice=chosen_account()
        )
    return {
        **table_forms.shown_of(found),
        "preview": preview,
        "asked": preview.asked,
        "samples": [one.lines[:LINES_SHOWN] for one in file.statements],
    }


def _best(draft: Draft) -> Reading:
    with reading() as session:
        known = tables.remembered_for(session, book_id=draft.book.id, account=Acct.BANK)
    return reading_of(draft.data, None, draft.book.commodity, known)


def _profile(base: Reading, said: BankTable) -> Profile:
    """Return the profile that a person's answers make. Raises Invalid, naming a field."""
    profile = table_forms.profile_of(base, said)
    return replace(
        profile,
        sign_out=_words(said.money_out) if profile.sign else (),
        sign_in=(),
        booked=_words(said.booked) if profile.status else (),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _read(draft: Draft, profile: Profile, opening: str) -> StatementFile:
    return read_statement(
        draft.data,
        "csv",
        profile=profile,
        opening=opening or None,
        currency=draft.book.commodity,
    )


register(
    Flow(
        pages,
        purpose="statement",
        action="import_statement",
        templates=("banking/choose_table.html", "banking/table.html"),
        leads_to="statements.show",
        check=_check,
        propose=_propose,
        answer=_answer,
        said=say_imported,
        form=partial(table_forms.form_of, bank_table(0)),
        errors_of=_errors_of,
    ),
    "statements/tables",
)
