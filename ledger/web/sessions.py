"""The session of the browser that asks: begun at sign-in, kept while it is used, forgotten.

Its rules are those of ``services.sessions``; here they meet the cookie.
"""

from collections.abc import Collection
from uuid import UUID

from flask import Response, g, request, session

from ledger.db import Session
from ledger.errors import NotFound
from ledger.models.people import Person
from ledger.models.sessions import SignInSession
from ledger.services import sessions
from ledger.web import session_cookie
from ledger.web.device import device_of
from ledger.web.door import here, now, visitor


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
            opened, session_id=old.id, person_id=old.person_id, reason="replaced", now=now()
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
    prepared by somebody else."""
    session.clear()
    session_cookie.keep(token, row.absolute_until)


def forget() -> None:
    """Leave nothing in this browser of who was signed in; the row is ended by its service."""
    session.clear()
    session_cookie.drop()


def keep(response: Response) -> Response:
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


def _take_rights(opened: Session, session_id: UUID) -> tuple[SignInSession, str] | None:
    try:
        return sessions.take_rights(opened, session_id=session_id, token=_token(), now=now())
    except NotFound:
        # Another request of the same browser was first and has brought it the new token.
        return None


def _token() -> str:
    return session_cookie.token(here().settings.base_url) or ""
