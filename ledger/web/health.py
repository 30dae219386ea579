"""Whether all parts are up: the database answers, the worker lives, the gateway is known."""

from datetime import timedelta

from flask import Blueprint, jsonify
from sqlalchemy import text
from werkzeug.wrappers import Response

from ledger.models.jobs import Heartbeat
from ledger.web.door import here, now, reading

pages = Blueprint("health", __name__)
WORKER_SILENCE = timedelta(seconds=60)


@pages.get("/healthz")
def show() -> tuple[Response, int]:
    """Answer 200 when every part is up, 503 with what is down otherwise."""
    with reading() as session:
        session.execute(text("select 1"))
        beat = session.get(Heartbeat, "worker")
    parts = {
        "database": True,
        "worker": beat is not None and now() - beat.at < WORKER_SILENCE,
        "payments": here().gateway is not None,
    }
    ok = all(parts.values())
    return jsonify(ok=ok, **parts), 200 if ok else 503
