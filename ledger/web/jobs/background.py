"""Background jobs: how far one is, its file, trying it again, and all that one asked for.

The page reloads itself without any script, so it can be left and come back to.
"""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.wrappers import Response as BaseResponse

from ledger import auth
from ledger.core.written import format_day
from ledger.errors import NotFound
from ledger.models.background_jobs import BackgroundJob, BackgroundKind, BackgroundState
from ledger.models.editions import Audience
from ledger.queries.jobs import background as questions
from ledger.services.jobs import background
from ledger.web.site.context import (
    here,
    now,
    page,
    reading,
    row_asked,
    signed_in,
    visitor,
    write,
)
from ledger.web.site.locale import chosen

pages = Blueprint("background", __name__)

RELOAD_SECONDS = 3
TITLES = {
    BackgroundKind.REPORT: later("Report as PDF"),
    BackgroundKind.EDITION: later("Issued report"),
    BackgroundKind.EXPORT: later("Journal for another program"),
    BackgroundKind.BUNDLE: later("Proof of a book"),
    BackgroundKind.STATEMENT: later("Bank file"),
}


@pages.get("/jobs")
def index() -> Response:
    """List what one asked for, the newest first."""
    person = signed_in()
    with reading() as session:
        rows = questions.jobs_of(session, asked_by=person.id, after=row_asked("older"))
    return page("jobs/index.html", rows=rows, titles=TITLES, about=_about)


@pages.get("/jobs/<uuid:job_id>")
def show(job_id: UUID) -> Response:
    """Show how far a job is; the page reloads itself until it has ended."""
    person = signed_in()
    with reading() as session:
        found = questions.standing_of(session, job_id=job_id, asked_by=person.id, now=now())
    job = found.job
    reload_in = RELOAD_SECONDS if job.state in questions.OPEN else None
    answer = page(
        "jobs/show.html",
        job=job,
        found=found,
        title=TITLES[job.kind],
        about=_about(job),
        reload_in=reload_in,
        leads_to=_leads_to(job),
        may_download=job.file_sha256 is not None and job.expires_at > now(),
    )
    if reload_in is not None:
        answer.headers["Retry-After"] = str(reload_in)
    return answer


@pages.get("/jobs/<uuid:job_id>/file")
def download(job_id: UUID) -> Response:
    """Download what was made. Whoever lost the right to it since gets it no longer."""
    person = signed_in()
    with reading() as session:
        job = questions.job_for(session, job_id=job_id, asked_by=person.id)
    for book in job.books:
        auth.check(visitor().roles(UUID(book)), job.action)
    path = background.path_of(here().settings.data, job.id)
    name = job.file_name
    if name is None or job.expires_at <= now() or not path.is_file():
        raise NotFound(_("This file does not exist, or it is no longer kept."))
    answer = send_file(
        path.resolve(), mimetype=_media_type(name), as_attachment=True, download_name=name
    )
    answer.headers["Cache-Control"] = "no-store"
    if "dataset_sha256" in job.result:
        answer.headers["X-Dataset-SHA256"] = job.result["dataset_sha256"]
    return answer


@pages.post("/jobs/<uuid:job_id>/retry")
def retry(job_id: UUID) -> BaseResponse:
    """Have a failed job tried again."""
    person = signed_in()
    write(
        lambda session: background.try_again(session, job_id=job_id, asked_by=person.id, now=now())
    )
    return redirect(url_for("background.show", job_id=job_id), 303)


def _about(job: BackgroundJob) -> str:
    """Return what a job is about: books and days, in the words of the form."""
    said: dict[str, Any] = job.parameters
    if job.kind in (BackgroundKind.REPORT, BackgroundKind.EDITION):
        book = said["book"] or _("All communities")
        since, until = (
            format_day(date.fromisoformat(said[name]), chosen()) for name in ("since", "until")
        )
        return f"{book}, {since} – {until}, {_edition(said['edition'])}"
    return ", ".join(str(said[name]) for name in ("book", "format", "file") if name in said)


def _edition(name: str) -> str:
    return str(_("auditor") if name == Audience.AUDITOR else _("public"))


def _leads_to(job: BackgroundJob) -> str:
    """Return the address of what a finished job brought into the books; empty for a file."""
    if job.state != BackgroundState.DONE:
        return ""
    if job.kind == BackgroundKind.EDITION:
        return url_for("reports.editions", _anchor=job.result["edition"])
    if job.kind == BackgroundKind.STATEMENT:
        code = job.parameters["book"]
        if "draft" in job.result:
            return url_for("bank_tables.show", code=code, draft_id=job.result["draft"])
        return url_for("statements.show", code=code)
    return ""


def _media_type(name: str) -> str:
    ending = name.rsplit(".", 1)[-1]
    return {"pdf": "application/pdf", "zip": "application/zip"}.get(ending, "text/plain")
