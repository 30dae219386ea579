"""Jobs that were tried to the end and given up, and trying one again."""

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.queries.jobs.jobs import given_up
from ledger.services.jobs import jobs
from ledger.web.site.context import installation_admin, now, page, reading, write

pages = Blueprint("installation_jobs", __name__)


@pages.get("/installation/jobs")
def show() -> Response:
    """Show the jobs that failed, the newest first."""
    installation_admin()
    with reading() as session:
        rows = given_up(session)
    return page("installation/jobs.html", rows=rows)


@pages.post("/installation/jobs/<uuid:job_id>/retry")
def retry(job_id: UUID) -> Response:
    """Have a job tried again."""
    installation_admin()

    def command(session: Session) -> None:
        jobs.retry(session, job_id=job_id, now=now())

    write(command)
    flash(_("The job will be tried again."))
    return redirect(url_for("installation_jobs.show"), 303)
