"""Have something heavy done in the background, and lead to the page that says how far it is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import redirect, url_for
from werkzeug.wrappers import Response

from ledger.models.background_jobs import BackgroundKind
from ledger.services.jobs.background import ask_for
from ledger.web.site.context import now, signed_in, write


def lead_to_job(
    kind: BackgroundKind,
    action: str,
    book_ids: Sequence[UUID],
    parameters: Mapping[str, str | None],
) -> Response:
    """Ask for a job that needs a right in some books. Raises Conflict for too many open ones."""
    person = signed_in()
    job_id = write(
        lambda session: ask_for(
            session,
            kind=kind,
            action=action,
            book_ids=book_ids,
            parameters=parameters,
            asked_by=person.id,
            now=now(),
        )
    )
    return redirect(url_for("background.show", job_id=job_id), 303)
