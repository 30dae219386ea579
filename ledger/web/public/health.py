"""Whether the program lives and is ready, for load balancers and those who watch it.

``/livez``: this process answers; it asks nobody. ``/readyz``: all parts are up, or 503 with what
is down. ``/healthz`` is the older address of the same question, and its answer stays as scripts
know it. None tells versions, names or figures.
"""

import shutil
from contextlib import suppress
from typing import Any

from flask import Blueprint, g, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from ledger.queries.jobs.readiness import (
    DISK_BYTES,
    Asked,
    has_current_schema,
    parts_down,
    parts_up,
)
from ledger.web.site.context import Visitor, here, now, reading

pages = Blueprint("health", __name__)


@pages.url_value_preprocessor
def ask_as_nobody(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Read no session: a browser's cookie would have even ``/livez`` ask the database."""
    g.visitor = Visitor(None)


@pages.get("/livez")
def live() -> Response:
    """Answer that this process answers, whatever else is down."""
    return _uncached(jsonify(ok=True))


@pages.get("/readyz")
def ready() -> tuple[Response, int]:
    """Answer 200 when every part is up, 503 with the names of those that are down otherwise."""
    parts = _parts() | {"disk": free_bytes() >= DISK_BYTES}
    down = [name for name, is_up in parts.items() if not is_up]
    return _uncached(jsonify(ok=not down, down=down, **parts)), 503 if down else 200


@pages.get("/healthz")
def show() -> tuple[Response, int]:
    """Answer 200 when every part is up, 503 with what is down otherwise.

    ``payments``: a Stripe key is set. Whether Stripe accepts it is told by ``/readyz``.
    """
    parts = _parts() | {"payments": here().gateway is not None}
    parts.pop("stripe", None)
    ok = all(parts.values())
    return _uncached(jsonify(ok=ok, **parts)), 200 if ok else 503


def _parts() -> dict[str, bool]:
    """Return what the database tells of the parts, or that it tells nothing."""
    asked = Asked(here().settings.sends_mail, here().gateway is not None)
    parts = parts_down(asked)
    with suppress(SQLAlchemyError), reading() as session:
        parts["schema"] = has_current_schema(session)
        parts["database"] = True
        # Of another revision, the tables may be others; what is in them is judged all the same
        # where that can be, as the worker may be fine.
        parts = parts_up(session, asked, now=now()) | {"schema": parts["schema"]}
    return parts


def free_bytes() -> int:
    """Return how much space is left where the data folder is, or will be."""
    folder = here().settings.data
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _uncached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
