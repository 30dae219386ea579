"""Pages of the reports: choose, look at the live figures, download PDF and exports."""

import io
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from marshmallow import EXCLUDE, fields, pre_load, validate
from werkzeug.wrappers import Response as BaseResponse

from ledger.core.days import year_begun
from ledger.db import Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.background_jobs import BackgroundKind
from ledger.models.books import Book
from ledger.models.editions import Audience
from ledger.models.rights_log import RightsKind
from ledger.queries.books import editions as questions
from ledger.queries.books.books import all_books
from ledger.queries.books.details import details_of
from ledger.queries.books.journal import count_entries
from ledger.queries.jobs.check_runs import last_good_day
from ledger.schemas.fields import Day, Line, asked
from ledger.schemas.forms import Form as Shape
from ledger.schemas.journal import AN_INSTANT
from ledger.services.books.seals import make_checkpoint
from ledger.services.people.rights_log import record
from ledger.signing import Signer, signer_of
from ledger.web.site.background import lead_to_job
from ledger.web.site.context import (
    book_for,
    here,
    now,
    page,
    read_form,
    reading,
    require_anywhere,
    today_here,
    visitor,
    write,
)
from ledger.web.site.forms import Form, errors_of
from reports.asked import Asked, as_parameters, scope_for, wanted_of
from reports.build import Built, Scope, check_asked, draft
from reports.bundle import make_bundle
from reports.exports import FORMATS, export_journal
from reports.exports.export import ENDINGS
from reports.proofs import entry_proof
from reports.render import PLEDGE_STEPS

pages = Blueprint(
    "reports", __name__, template_folder=str(Path(__file__).parent / "templates" / "pages")
)


# Entries of a journal that are written out while the reader waits (docs/deploy.md).
MOST_AT_ONCE = 2_000
# What the first table of the page shows of each currency.
AT_A_GLANCE = (
    ("received", later("Received from donors")),
    ("advances", later("Advances, with open conditions")),
    ("other_income", later("Other income")),
    ("from_communities", later("From communities and pools")),
    ("spent", later("Spent")),
    ("passed_on", later("Passed on")),
    ("available", later("Available at the end")),
    ("committed", later("Committed at the end")),
    ("held", later("Held for others at the end")),
    ("promised", later("Pledged at the end")),
)


class AskedForm(Shape[Asked]):
    """Asks which report; an empty book means all."""

    makes = Asked

    class Meta:  # noqa: D106
        unknown = EXCLUDE

    book = Line(
        load_default="", longest=32, metadata=asked(later("Books"), widget="choice", needed=True)
    )
    since = Day(required=True, data_key="from", metadata=asked(later("From")))
    until = Day(required=True, data_key="to", metadata=asked(later("To, included")))
    edition = fields.String(
        load_default="public",
        validate=validate.OneOf([*Audience], error="Choose an edition."),
        metadata=asked(
            later("Edition"),
            needed=True,
            options=[("public", later("public")), ("auditor", later("auditor"))],
        ),
    )
    known_at = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        default_timezone=UTC,
        error_messages=AN_INSTANT,
        metadata=asked(
            later("As known at (UTC)"), hint=later("Leaves out entries recorded later.")
        ),
    )

    @pre_load
    def leave_out(self, answers: dict[str, Any], **_more: Any) -> dict[str, Any]:
        """An empty instant means all that is known."""
        return {k: v for k, v in answers.items() if k != "known_at" or v.strip()}


@pages.get("/reports")
def index() -> Response:
    """Show the form for a report and the exports."""
    return _index({}, {})


@pages.get("/reports/transparency")
def transparency() -> Response:
    """Show a report's figures, live, with the rules that they break; writes nothing."""
    try:
        built = _draft()
    except (Invalid, Conflict, NotFound) as refusal:
        return _index(request.args.to_dict(), errors_of(refusal, only=("book",)), 422)
    return page(
        "transparency.html",
        glance=AT_A_GLANCE,
        steps=PLEDGE_STEPS,
        report=built.report,
        untied=built.untied,
        query={name: text for name, text in request.args.items() if text},
    )


@pages.get("/reports/transparency.pdf")
def pdf() -> BaseResponse:
    """Download the edition that was issued, if nothing came since; else offer to print a draft."""
    books = require_anywhere("read_report")
    try:
        asked, scope = _checked(request.args, {book.id for book in books})
        ids = [book.id for book in scope.books]
        with reading() as session:
            there = None
            if asked.known_at is None:
                there = questions.unchanged_edition(
                    session,
                    book_ids=ids,
                    since=asked.since,
                    until=asked.until,
                    audience=asked.edition,
                    now=now(),
                )
            file = questions.file_of(session, there.id) if there else None
    except (Invalid, Conflict, NotFound) as refusal:
        return _index(request.args.to_dict(), errors_of(refusal, only=("book",)), 422)
    if there is not None and file is not None:
        name = f"{there.since_on}-{there.until_on}-{there.audience}"
        return _pdf(file[0], there.dataset_sha256, name)
    return page("ask.html", title=_("Report as PDF"))


@pages.post("/reports/transparency.pdf")
def ask_pdf() -> BaseResponse:
    """Have a draft printed."""
    books = require_anywhere("read_report")
    try:
        asked, scope = _checked(request.form, {book.id for book in books})
    except (Invalid, Conflict, NotFound) as refusal:
        return _index(request.form.to_dict(), errors_of(refusal, only=("book",)), 422)
    ids = [book.id for book in scope.books]
    return lead_to_job(BackgroundKind.REPORT, "read_report", ids, as_parameters(asked))


@pages.post("/reports/transparency")
def issue_report() -> BaseResponse:
    """Have a report issued, which keeps its edition with its file."""
    books = require_anywhere("issue_report")
    answers = request.form.to_dict()
    try:
        asked, scope = _checked(request.form, {book.id for book in books})
    except (Invalid, Conflict, NotFound) as refusal:
        return _index(answers, errors_of(refusal, only=("book",)), 422)
    ids = [book.id for book in scope.books]
    return lead_to_job(BackgroundKind.EDITION, "issue_report", ids, as_parameters(asked))


@pages.get("/reports/editions/<uuid:edition_id>.pdf")
def edition_pdf(edition_id: UUID) -> Response:
    """Download an edition as it was issued; writes nothing."""
    allowed = {book.id for book in require_anywhere("read_report")}
    with reading() as session:
        rows = {row.id: row for row in questions.editions_for(session, book_ids=allowed)}
        file = questions.file_of(session, edition_id) if edition_id in rows else None
    if file is None:
        raise NotFound(_("This edition does not exist, or its file was not saved."))
    row = rows[edition_id]
    name = f"{row.since_on}-{row.until_on}-{row.audience}"
    return _pdf(file[0], row.dataset_sha256, name)


@pages.get("/reports/editions")
def editions() -> Response:
    """List the reports that were made of one's own books."""
    books = require_anywhere("read_report")
    with reading() as session:
        rows = questions.editions_for(session, book_ids=[book.id for book in books])
    return page("editions.html", rows=rows)


@pages.get("/reports/editions/<uuid:older_id>/<uuid:newer_id>")
def compare(older_id: UUID, newer_id: UUID) -> Response:
    """Show each entry that made one edition differ from another."""
    allowed = {book.id for book in require_anywhere("read_report")}
    with reading() as session:
        rows = {row.id: row for row in questions.editions_for(session, book_ids=allowed)}
        if older_id not in rows or newer_id not in rows:
            raise NotFound(_("This edition does not exist, or you don't have access to it."))
        found = questions.difference(
            session,
            older=questions.edition_named(session, str(older_id)),
            newer=questions.edition_named(session, str(newer_id)),
        )
    return page("compare.html", older=rows[older_id], newer=rows[newer_id], found=found)


@pages.get("/books/<code>/export/<file_format>")
def export(code: str, file_format: str) -> BaseResponse:
    """Download a book's journal in another program's format; a long one is asked for first."""
    book = book_for("export_journal", code)
    if file_format not in FORMATS:
        raise NotFound(_("This format does not exist."))
    if _is_long(book):
        return page("ask.html", title=_("Journal for another program"))
    out = io.StringIO()
    with reading() as session:
        export_journal(session, book=book, file_format=file_format, out=out)
    write(lambda session: _note_export(session, book, file_format))
    answer = current_app.response_class(out.getvalue(), mimetype="text/plain")
    name = f"{book.code}.{ENDINGS[file_format]}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/books/<code>/export/<file_format>")
def ask_export(code: str, file_format: str) -> BaseResponse:
    """Have a book's journal written in the background."""
    book = book_for("export_journal", code)
    if file_format not in FORMATS:
        raise NotFound(_("This format does not exist."))
    answer = lead_to_job(
        BackgroundKind.EXPORT,
        "export_journal",
        [book.id],
        {"book": book.code, "format": file_format},
    )
    write(lambda session: _note_export(session, book, file_format))
    return answer


@pages.post("/books/<code>/bundle.zip")
def ask_bundle(code: str) -> BaseResponse:
    """Have the proof of a book packed in the background."""
    book = book_for("export_journal", code)
    answer = lead_to_job(BackgroundKind.BUNDLE, "export_journal", [book.id], {"book": book.code})
    write(lambda session: _note_export(session, book, "bundle"))
    return answer


@pages.get("/books/<code>/bundle.zip")
def bundle(code: str) -> BaseResponse:
    """Download what proves a book offline: its log, signed, with the verifier.

    That of a long log is asked for first.
    """
    book = book_for("export_journal", code)
    signer = _signer()
    if _is_long(book):
        return page("ask.html", title=_("Proof of a book"))

    def pack(session: Session) -> bytes:
        row = make_checkpoint(session, book=book, signer=signer, now=now())
        _note_export(session, book, "bundle")
        return make_bundle(session, book=book, checkpoint=row, signer=signer)

    answer = current_app.response_class(write(pack), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{book.code}.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.get("/books/<code>/journal/<uuid:entry_id>/proof")
def proof(code: str, entry_id: UUID) -> Response:
    """Download what proves offline that one entry is in the book's signed log."""
    book = book_for("export_journal", code)
    signer = _signer()

    def prove(session: Session) -> str:
        row = make_checkpoint(session, book=book, signer=signer, now=now())
        return entry_proof(session, book=book, entry_id=entry_id, checkpoint=row, signer=signer)

    answer = current_app.response_class(write(prove), mimetype="text/plain")
    name = f"{book.code}-{entry_id}.tlog-proof"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_long(book: Book) -> bool:
    """Tell whether a book has more entries than are written out while somebody waits."""
    with reading() as session:
        most = MOST_AT_ONCE + 1
        return count_entries(session, book_id=book.id, at_most=most) == most


def _note_export(session: Session, book: Book, what: str) -> None:
    record(
        session,
        kind=RightsKind.DATA_EXPORTED,
        actor=visitor().id,
        book=book.id,
        about={"format": what},
        now=now(),
    )


def _signer() -> Signer:
    settings = here().settings
    return signer_of(settings.origin, settings.signing_seed)


def _pdf(data: bytes, digest: str, name: str) -> Response:
    answer = current_app.response_class(data, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="transparency-{name}.pdf"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Dataset-SHA256"] = digest
    return answer


def _draft() -> Built:
    books = require_anywhere("read_report")
    wanted = wanted_of(read_form(AskedForm(), request.args), {book.id for book in books})
    with reading() as session:
        return draft(
            session,
            scope=wanted.scope(session),
            since=wanted.since,
            until=wanted.until,
            edition=wanted.edition,
            now=now(),
            known_at=wanted.known_at,
        )


def _checked(answers: Mapping[str, Any], allowed: set[UUID]) -> tuple[Asked, Scope]:
    """Read which report is asked for, and refuse at once what no job could make of it."""
    asked = read_form(AskedForm(), answers)
    with reading() as session:
        scope = scope_for(session, asked.book, allowed)
    check_asked(
        scope,
        since=asked.since,
        until=asked.until,
        edition=asked.edition,
        now=now(),
        known_at=asked.known_at,
    )
    return asked, scope


def _index(values: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    books = require_anywhere("read_report")
    today = today_here()
    choices: list[tuple[str, str]] = [(book.code, book.name) for book in books]
    with reading() as session:
        if len(books) == len(all_books(session)):
            choices.insert(0, ("", _("All communities")))
        checked_on = last_good_day(session)
        month = details_of(session, books[0].id).fiscal_month
    begun = year_begun(month, today)
    values = {"from": begun.isoformat(), "to": today.isoformat(), **values}
    exportable: list[Book] = visitor().books("export_journal")
    return page(
        "reports_index.html",
        status,
        choices=choices,
        exportable=exportable,
        formats=list(FORMATS),
        key=_signer().key_line,
        checked_on=checked_on,
        form=Form(AskedForm(), values=values, errors=errors),
    )
