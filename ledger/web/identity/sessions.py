"""The session of the browser that asks: begun at sign-in, kept while it is used, forgotten.

Its rules are those of ``services.people.sessions``; here they meet the cookie.
"""

import json
from collections.abc import Callable, Collection
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response as FlaskResponse
from flask import current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from ledger.db import Session
from ledger.errors import NotFound
from ledger.models.people import Person
from ledger.models.sessions import SessionEnd, SignInSession
from ledger.services.people import sessions
from ledger.web.identity.device import device_of
from ledger.web.site import session_cookie
from ledger.web.site.context import LONGEST_WAY, OF_EVERY_FORM, here, now, visitor

Arguments = ParamSpec("Arguments")
# What was typed is kept in a cookie, which holds 4 KiB in all; what is longer is typed again.
MOST_HELD = 1500
# The pages that ask, for a test to walk.
NEEDS_FRESH: set[Callable[..., Response]] = set()


def begin(
    opened: Session, person: Person, *, methods: Collection[str], fresh: bool
) -> tuple[SignInSession, str]:
    """Begin a session of this browser, in the transaction that proves who it is.

    A browser in which they are signed in already gets another token; one in which somebody else
    is, another session. Hand what it returns to ``carry`` once the transaction is through. Raises
    NotFound when the browser's own session ended at this moment.
    """
    old = visitor().session
    if old is not None and old.person_id == person.id:
        return sessions.rise(
            opened,
            session_id=old.id,
            token=_token(),
            methods=methods,
            now=now(),
            fresh=fresh,
        )
    if old is not None:
        sessions.end_session(
            opened,
            session_id=old.id,
            person_id=old.person_id,
            reason=SessionEnd.REPLACED,
            now=now(),
        )
    return sessions.start_session(
        opened,
        person_id=person.id,
        methods=methods,
        device=device_of(request.user_agent.string),
        now=now(),
        fresh=fresh,
    )


def carry(row: SignInSession, token: str) -> None:
    """Give the browser its session's token, and nothing that it held before: it could have been
    prepared by somebody else. Only a form that the same person left half sent is theirs still."""
    held = session.get("held")
    session.clear()
    if held and held["person"] == str(row.person_id):
        session["held"] = held
    session_cookie.keep(token, row.absolute_until)


def forget() -> None:
    """Leave nothing in this browser of who was signed in; the row is ended by its service."""
    session.clear()
    session_cookie.drop()


def keep(response: FlaskResponse) -> FlaskResponse:
    """Write down once a minute that the session is used, and set its cookie where that changed.

    Somebody who has gained a role gets another token. Neither is waited for: when another writer
    has the database, the next request does it.
    """
    found = g.get("visitor")
    if found is not None and found.session is not None and "session_token" not in g:
        db, row = here().db, found.session
        if found.has_gained:
            risen = db.run_unless_busy(lambda opened: _take_rights(opened, row.id))
            if risen is not None:
                session_cookie.keep(risen[1], risen[0].absolute_until)
        elif not sessions.is_noted(row, now()):
            db.run_unless_busy(
                lambda opened: sessions.note_use(opened, session_id=row.id, now=now())
            )
    session_cookie.write(here().settings.base_url, response)
    return response


def fresh_needed(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
    """Have somebody show again who they are before a form that moves money or rights is done.

    It is for those who did so more than fifteen minutes ago. Afterwards they are back at the page
    of the form, with what they typed where the page asks ``held_answers``; nothing is sent by
    itself.
    """
    return _guarded(view, lambda: False)


def fresh_needed_unless(
    harmless: Callable[[], bool],
) -> Callable[[Callable[Arguments, Response]], Callable[Arguments, Response]]:
    """Return ``fresh_needed`` for a form that only sometimes changes something, as a preview."""
    return lambda view: _guarded(view, harmless)


def _guarded(
    view: Callable[Arguments, Response], harmless: Callable[[], bool]
) -> Callable[Arguments, Response]:
    @wraps(view)
    def asked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        row = visitor().session
        if row is None or sessions.is_fresh(row, now()) or harmless():
            # Who is not signed in at all is refused by the page itself.
            return view(*args, **kwargs)
        session["way"] = back = _page_of_form()
        about = (request.view_args or {}).get("request_id")
        session["asked_for"] = (request.endpoint, str(about) if about else None)
        answers = {name: text for name, text in request.form.items() if name not in OF_EVERY_FORM}
        session.pop("held", None)
        if len(json.dumps(answers)) <= MOST_HELD:
            session["held"] = {
                "person": str(row.person_id),
                "page": urlsplit(back).path,
                "answers": answers,
            }
        return redirect(url_for("sign_in.again"), 303)

    NEEDS_FRESH.add(asked)
    return asked


def held_answers() -> dict[str, str]:
    """Return, once, what was typed into the form of this page before ``fresh_needed`` asked."""
    held = session.get("held")
    if not held or held["page"] != request.path or held["person"] != str(visitor().id):
        return {}
    del session["held"]
    answers: dict[str, str] = held["answers"]
    return answers


def _page_of_form() -> str:
    """Return the address of the page that this form stands on, on this host."""
    sent_from = urlsplit(request.referrer or "")
    way = f"{sent_from.path}?{sent_from.query}" if sent_from.query else sent_from.path
    if sent_from.netloc == request.host and _is_page(sent_from.path) and len(way) <= LONGEST_WAY:
        return way
    return request.path if _is_page(request.path) else url_for("home.start")


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and path[1:2] not in ("/", "\\") and adapter.test(path, method="GET")


def _take_rights(opened: Session, session_id: UUID) -> tuple[SignInSession, str] | None:
    try:
        return sessions.take_rights(opened, session_id=session_id, token=_token(), now=now())
    except NotFound:
        # Another request of the same browser was first and has brought it the new token.
        return None


def _token() -> str:
    return session_cookie.token(here().settings.base_url) or ""
