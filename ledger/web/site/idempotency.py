"""A form that is sent twice, by a double click or on the way back, is done once.

Each form carries a key of its own, and the transaction of its command keeps what was sent under
it. A repeated submission is redirected to the result of the first.
"""

import hashlib
import time
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from flask import current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import update
from werkzeug.wrappers import Response

from ledger.db import Database, Session
from ledger.ids import new_id
from ledger.models.people import IdempotencyKey

FIELD = "once"
LOOKS = 20
# Endpoint of a form with a file → how many bytes its request may have; the others have MAX_BODY.
UPLOADS: dict[str, int] = {}
BETWEEN_SECONDS = 0.05


class SentTwice(Exception):
    """The same was sent before; ``location`` is where it led, when that is known."""

    def __init__(self, location: str | None) -> None:
        super().__init__()
        self.location = location


def fresh_key() -> str:
    """Return the key of one form on one page."""
    return str(new_id())


def name_of_form() -> str | None:
    """Return what a form with a key is known by, or None: its key, its address and its answers.

    Of files their bytes count, where a form says how large they may be. Others are known by their
    own fingerprints where they are read.
    """
    files = [(name, one) for name, one in request.files.items(multi=True) if one.filename]
    if FIELD not in request.form or (request.files and request.endpoint not in UPLOADS):
        return None
    sent = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    for name, one in files:
        # The page may have read it before its command runs.
        one.stream.seek(0)
        sent.append((name, hashlib.sha256(one.stream.read()).hexdigest()))
        one.stream.seek(0)
    return hashlib.sha256(f"{request.path}?{urlencode(sent)}".encode()).hexdigest()


def refuse_again(db: Database, person_id: UUID, name: str) -> None:
    """Raise SentTwice when this was done before.

    Of two clicks in a row the second waits a moment, to learn where the first led.
    """
    for _look in range(LOOKS):
        with db.snapshot() as session:
            known = session.get(IdempotencyKey, (person_id, name))
        if known is None:
            return
        if "location" in known.body:
            raise SentTwice(known.body["location"])
        time.sleep(BETWEEN_SECONDS)
    raise SentTwice(None)


def keep(session: Session, person_id: UUID, name: str, now: datetime) -> None:
    """Keep that this is done; who keeps the same at this moment waits, and starts again."""
    session.add(
        IdempotencyKey(
            person_id=person_id, key=name, request_sha256=name, status=303, body={}, created_at=now
        )
    )
    session.flush()


def remember_location(db: Database, person_id: UUID, name: str, location: str | None) -> None:
    """Note where a form led that was just done, or that it led nowhere."""
    row = IdempotencyKey
    note = (
        update(row)
        .where(row.person_id == person_id, row.key == name)
        .values(body={"location": location})
    )
    db.run(lambda session: session.execute(note), decides=False)


def sent_twice(again: SentTwice) -> Response:
    """Lead on as the first time did, or to the page of the form."""
    flash(_("This form was submitted twice. It was processed once."))
    form = current_app.create_url_adapter(request)
    has_page = form is not None and form.test(request.path, method="GET")
    return redirect(
        again.location or (request.path if has_page else url_for("home.show")), HTTPStatus.SEE_OTHER
    )
