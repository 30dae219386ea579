"""Whether all parts are up: the database answers and is ours, the worker lives, Stripe is known."""

from contextlib import suppress
from datetime import timedelta

from flask import Blueprint, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from ledger.models.jobs import Heartbeat
from ledger.queries.jobs.outbox import oldest_waiting
from ledger.web.site.context import here, now, reading
from migrations import head, revision_of

pages = Blueprint("health", __name__)
WORKER_SILENCE = timedelta(seconds=60)
MAIL_WAIT = timedelta(minutes=15)


@pages.get("/healthz")
def show() -> tuple[Response, int]:
    """Answer 200 when every part is up, 503 with what is down otherwise.

    ``schema``: the database is of this program's revision; somebody may have upgraded it since
    the program started. ``mail``, where a relay is named: nothing waits longer than a quarter of
    an hour.
    """
    parts = {
        "database": False,
        "schema": False,
        "worker": False,
        "payments": here().gateway is not None,
    }
    if here().settings.sends_mail:
        parts["mail"] = False
    with suppress(SQLAlchemyError), reading() as session:
        parts["schema"] = revision_of(session.connection()) == head()
        parts["database"] = True
        beat = session.get(Heartbeat, "worker")
        parts["worker"] = beat is not None and abs(now() - beat.at) < WORKER_SILENCE
        if here().settings.sends_mail:
            oldest = oldest_waiting(session)
            parts["mail"] = oldest is None or now() - oldest < MAIL_WAIT
    ok = all(parts.values())
    answer = jsonify(ok=ok, **parts)
    answer.headers["Cache-Control"] = "no-store"
    return answer, 200 if ok else 503
