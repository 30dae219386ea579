"""How a sign-in ends: in a session, or in a second step that is still owed.

Between both steps nobody is signed in; the browser's cookie says whose turn it is, for ten minutes.
Must not know how somebody showed who they are.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from flask import flash, redirect, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.errors import NotAllowed
from ledger.models.people import Person
from ledger.models.sessions import SignInSession
from ledger.web.identity import sessions as browser
from ledger.web.site.context import now

PLACE, KEY = "second_step", "browser"
PATIENCE = timedelta(minutes=10)


class Waiting(NamedTuple):
    """Who has opened a link and owes the second step, and how many baskets the link joined."""

    person_id: UUID
    joined: int


def arrive(person: Person, begun: tuple[SignInSession, str], joined: int = 0) -> Response:
    """Give the browser its session and lead to where its owner wanted to go."""
    way = session.get("way")
    browser.carry(*begun)
    flash(_("You are signed in as %(name)s.", name=person.name))
    start = url_for("home.start")
    if joined:
        flash(
            _(
                "Contributions made with your e-mail address are now under My giving. Please "
                "check them there."
            )
        )
        start = url_for("giving.show", _anchor="shown")
    return redirect(way if isinstance(way, str) else start, 303)


def wait_for(person: Person, joined: int) -> Response:
    """Keep in this browser whose turn it is, and ask for the second step."""
    way = session.get("way")
    session.clear()
    session[PLACE] = [str(person.id), int((now() + PATIENCE).timestamp()), joined]
    if isinstance(way, str):
        session["way"] = way
    return redirect(url_for("second_step.show"), 303)


def waiting() -> Waiting:
    """Return whose turn it is. Raises NotAllowed for nobody's, or one that is too old."""
    kept = session.get(PLACE)
    if not isinstance(kept, list) or now() >= datetime.fromtimestamp(kept[1], UTC):
        raise NotAllowed("Please sign in first.")
    return Waiting(UUID(kept[0]), kept[2])


def browser_key() -> str:
    """Return a key that only this browser's cookie holds; challenges are bound to it."""
    key = session.get(KEY)
    if not isinstance(key, str):
        key = session[KEY] = secrets.token_urlsafe(16)
    return key
