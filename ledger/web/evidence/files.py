"""Attached files: a panel for every page, one address to attach to, and downloads.

What others uploaded is never shown by the browser at our address: originals are downloads with a
name of our own, and what pages show is a small picture that we drew ourselves.
"""

from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.evidence_files import MAX_BYTES, inspect
from ledger.models.agreements import Agreement
from ledger.models.books import Book
from ledger.models.evidence import Evidence, EvidenceSubject, MediaType
from ledger.queries.books.books import book_by_code
from ledger.queries.evidence.attached import attached_to, evidence_by_id
from ledger.queries.evidence.subjects import Subject, subject_of
from ledger.schemas.evidence import AttachedNoteForm, ErasingForm
from ledger.services.evidence import attaching, erasing
from ledger.stored_files import StoredFiles
from ledger.web.approvals import receipts
from ledger.web.approvals.receipts import Attach
from ledger.web.evidence.places import found_for_reading, may_attach, may_read, page_of
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.forms import Errors, Form, errors_of
from ledger.web.site.idempotency import UPLOADS

pages = Blueprint("evidence", __name__)
ENDINGS = {MediaType.JPEG: "jpg", MediaType.PNG: "png", MediaType.PDF: "pdf"}
# Beside the file: the note, the names of fields, and what separates them.
FORM_BYTES = 64 * 1024
UPLOADS["evidence.attach"] = UPLOADS["agreements.ask"] = MAX_BYTES + FORM_BYTES
SANDBOX = "sandbox; default-src 'none'"


@pages.get("/books/<code>/evidence/<subject>/<uuid:subject_id>")
def show(code: str, subject: str, subject_id: UUID) -> Response:
    """Show the files of one thing, and the form to attach another."""
    book, about = found_for_reading(code, subject, subject_id)
    return _page(book, about, {}, {})


@pages.post("/books/<code>/evidence/<subject>/<uuid:subject_id>")
def attach(code: str, subject: str, subject_id: UUID) -> Response:
    """Attach a file."""
    person = signed_in()
    book, about = found_for_reading(code, subject, subject_id)
    if not may_attach(book, about):
        raise NotFound(_("This page does not exist, or you don't have access to it."))
    try:
        answers = read_form(AttachedNoteForm())
        kept = keep_sent()
        write(
            lambda session: attaching.attach(
                session,
                book_id=book.id,
                subject=about,
                file=kept,
                note=answers.note,
                added_by=person.id,
                now=now(),
            )
        )
    except (Invalid, Conflict) as refusal:
        status = 409 if isinstance(refusal, Conflict) else 422
        return _page(book, about, request.form.to_dict(), errors_of(refusal), status)
    flash(_("The file is attached."))
    return redirect(page_of(book, about), 303)


@pages.get("/books/<code>/evidence/<uuid:evidence_id>")
def download(code: str, evidence_id: UUID) -> Response:
    """Hand out a file as it is kept, as a download."""
    book, row = _found(code, evidence_id)
    data = stored_files().get(row.stored_sha256, row.file_key or "")
    name = f"{book.code}-{row.subject}-{row.id.hex[-12:]}.{ENDINGS[row.media_type]}"
    return _handed_out(data, row.media_type, f'attachment; filename="{name}"')


@pages.post("/books/<code>/evidence/<uuid:evidence_id>/erase")
def erase(code: str, evidence_id: UUID) -> Response:
    """Ask to erase a file; an approver decides."""
    book, person = book_for("attach_evidence", code), signed_in()
    with reading() as session:
        row = evidence_by_id(session, book_id=book.id, evidence_id=evidence_id)
        about = subject_of(session, book_id=book.id, kind=row.subject, subject_id=row.subject_id)
    try:
        answers = read_form(ErasingForm())
        write(
            lambda session: erasing.propose_erasure(
                session,
                book_id=book.id,
                evidence_id=evidence_id,
                reason=answers.reason,
                made_by=person.id,
                now=now(),
            )
        )
    except Invalid as refusal:
        return _page(book, about, request.form.to_dict(), errors_of(refusal), 422)
    flash(_("Requested. The file stays until an approver agrees."))
    return redirect(_own_address(book, about), 303)


@pages.get("/books/<code>/evidence/<uuid:evidence_id>/preview")
def preview(code: str, evidence_id: UUID) -> Response:
    """Hand out the small picture of a file, which we drew."""
    _book, row = _found(code, evidence_id)
    if row.preview_sha256 is None:
        raise NotFound(_("This file has no preview."))
    data = stored_files().get(row.preview_sha256, row.file_key or "")
    return _handed_out(data, "image/jpeg", "inline")


def panel(book: Book, subject: str, subject_id: UUID) -> Markup:
    """Return the files of one thing as a part of any page: nothing for who may not see them."""
    with reading() as session:
        about = subject_of(session, book_id=book.id, kind=subject, subject_id=subject_id)
        if not may_read(book, about):
            return Markup()
        rows = attached_to(session, book_id=book.id, subject=about.kind, subject_id=about.id)
    return Markup(  # noqa: S704 (our own template, which escapes)
        render_template(
            "evidence/panel.html",
            book=book,
            subject=about,
            rows=rows,
            may_attach=may_attach(book, about),
            form=Form(AttachedNoteForm()),
        )
    )


def sent_along() -> Attach | None:
    """Keep the file that was sent with a request for approval; None when there is none."""
    person = signed_in()
    if _sent() is None:
        return None
    kept = keep_sent()

    def attach(session: Session, row: Agreement) -> None:
        attaching.attach(
            session,
            book_id=row.book_id,
            subject=Subject(EvidenceSubject.AGREEMENT, row.id, row.reference, row.made_by),
            file=kept,
            note="",
            added_by=person.id,
            now=now(),
        )

    return attach


def _sent() -> FileStorage | None:
    """Return what was sent: a file that was chosen, or else a photo that was taken."""
    sent = (request.files.get(name) for name in ("file", "photo"))
    return next((one for one in sent if one is not None and one.filename), None)


def keep_sent() -> attaching.KeptFile:
    """Read, check and keep the file that was sent. Raises Invalid."""
    sent = _sent()
    data = b"" if sent is None else sent.stream.read(MAX_BYTES + 1)
    settings = here().settings
    return attaching.keep(stored_files(), inspect(data, scanner=settings.scanner))


def stored_files() -> StoredFiles:
    """Return the folder of the installation's stored files."""
    return StoredFiles.of(here().settings.data)


def _found(code: str, evidence_id: UUID) -> tuple[Book, Evidence]:
    """Return a file that the visitor may see; one of a foreign book does not exist."""
    signed_in()
    with reading() as session:
        book = book_by_code(session, code)
        row = evidence_by_id(session, book_id=book.id, evidence_id=evidence_id)
        about = subject_of(session, book_id=book.id, kind=row.subject, subject_id=row.subject_id)
    if not may_read(book, about):
        raise NotFound(_("This file does not exist, or it was erased."))
    return book, row


def _handed_out(data: bytes, media_type: str, disposition: str) -> Response:
    response = current_app.response_class(data, mimetype=media_type)
    response.headers["Content-Disposition"] = disposition
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    book: Book, about: Subject, values: dict[str, str], errors: Errors, status: int = 200
) -> Response:
    with reading() as session:
        rows = attached_to(session, book_id=book.id, subject=about.kind, subject_id=about.id)
    own_page = page_of(book, about)
    return page(
        "evidence/show.html",
        status,
        book=book,
        subject=about,
        rows=rows,
        own_page="" if own_page == _own_address(book, about) else own_page,
        may_attach=may_attach(book, about),
        may_erase=visitor().may("attach_evidence", book.id),
        form=Form(AttachedNoteForm(), ErasingForm(), values=values, errors=errors),
    )


def _own_address(book: Book, about: Subject) -> str:
    kind = str(about.kind)
    return url_for("evidence.show", code=book.code, subject=kind, subject_id=about.id)


receipts.register(sent_along)
