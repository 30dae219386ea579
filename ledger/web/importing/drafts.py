"""A file that comes in by four steps: sent, kept as a draft, looked over, and imported or thrown
away. One flow for tables of banks, lists of gifts and other ledgers.

A ``Flow`` says what is a kind's own: how a file is read by what a person says of it, and what an
import does. Pages and commands call the same readers and services, so that they answer alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound, PoolbookError
from ledger.models.books import Book
from ledger.services.importing import tables
from ledger.web.importing import table_forms
from ledger.web.site.context import book_for, page, write
from ledger.web.site.forms import Errors, Form


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that waits: whose it is, what it was called, what is in it."""

    id: UUID
    book: Book
    file_name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Looked:
    """What a page shows of a file by what a person says of it.

    ``keep`` brings it in; None where what was said does not allow that.
    """

    values: dict[str, str]
    errors: Errors = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    keep: Callable[[Session], Any] | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """What is a kind of file's own.

    ``check`` refuses what is no such file; ``propose`` reads one before anybody said anything,
    ``answer`` by a form. ``said`` tells what became of an import.
    """

    pages: Blueprint
    purpose: str
    action: str
    templates: tuple[str, str]
    leads_to: str
    check: Callable[[Book, str, bytes], Any]
    propose: Callable[[Draft], Looked]
    answer: Callable[[Draft, dict[str, str]], Looked]
    said: Callable[[Book, Any], None]
    form: Callable[[dict[str, Any], dict[str, str], Errors], Form]
    errors_of: Callable[[PoolbookError], Errors]


def register(flow: Flow, address: str) -> None:
    """Hang the four pages of a flow on its blueprint, at an address below that of a book."""
    at = f"/books/<code>/{address}"

    @flow.pages.get(at)
    def choose(code: str) -> Response:
        """Ask for a file."""
        return page(flow.templates[0], book=book_for(flow.action, code), form=Form())

    @flow.pages.post(at)
    def send(code: str) -> Response:
        """Keep a file and lead to the page on which it is looked over."""
        book = book_for(flow.action, code)
        try:
            file_name, data = table_forms.sent_file()
            flow.check(book, file_name, data)
        except Invalid as refusal:
            sentences = [text for found in flow.errors_of(refusal).values() for text in found]
            form = Form(errors={"file": sentences})
            return page(flow.templates[0], 422, book=book, form=form)
        return table_forms.to_mapping(book, flow.purpose, file_name, data)

    @flow.pages.get(f"{at}/<uuid:draft_id>")
    def show(code: str, draft_id: UUID) -> Response:
        """Show a file with the best reading of it."""
        draft = _draft(flow, code, draft_id)
        return _page(flow, draft, flow.propose(draft))

    @flow.pages.post(f"{at}/<uuid:draft_id>")
    def say(code: str, draft_id: UUID) -> Response:
        """Take what a person says of a file: show what would come in, or import it."""
        return _say(flow, _draft(flow, code, draft_id))


def _say(flow: Flow, draft: Draft) -> Response:
    if request.form.get("action") == "drop":
        write(lambda session: tables.drop_draft(session, draft_id=draft.id))
        flash(_("The file was discarded. Nothing was imported."))
        return redirect(url_for(flow.leads_to, code=draft.book.code), 303)
    looked = flow.answer(draft, request.form.to_dict())
    if looked.keep is None:
        return _page(flow, draft, looked, status=422)
    if request.form.get("action") != "import":
        return _page(flow, draft, looked)
    keep = looked.keep

    def import_it(session: Session) -> Any:
        done = keep(session)
        tables.drop_draft(session, draft_id=draft.id)
        return done

    try:
        done = write(import_it)
    except (Invalid, NotFound, Conflict) as refusal:
        status = 409 if isinstance(refusal, Conflict) else 422
        return _page(flow, draft, looked, flow.errors_of(refusal), status)
    flow.said(draft.book, done)
    return redirect(url_for(flow.leads_to, code=draft.book.code), 303)


def _draft(flow: Flow, code: str, draft_id: UUID) -> Draft:
    book = book_for(flow.action, code)
    return Draft(draft_id, book, *table_forms.draft_of(book, draft_id, flow.purpose))


def _page(
    flow: Flow, draft: Draft, looked: Looked, errors: Errors | None = None, status: int = 200
) -> Response:
    return page(
        flow.templates[1],
        status,
        book=draft.book,
        draft_id=draft.id,
        file_name=draft.file_name,
        form=flow.form(looked.shown, looked.values, looked.errors if errors is None else errors),
        **{"preview": None, "samples": (), **looked.shown},
    )
