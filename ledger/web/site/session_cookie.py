"""The cookie of somebody who is signed in: a random token and nothing else.

Another cookie, Flask's own, belongs to the browser whether or not somebody is signed in: it holds
the protection of forms, messages and the way back, and never says who somebody is. Must not know
any page.
"""

from datetime import datetime

from flask import g, request
from werkzeug.wrappers import Response

# Browsers take a name with this prefix only by TLS, for the whole host and from it alone, so that
# no neighbouring host can plant one (RFC 6265bis, 4.1.3.2).
PREFIX = "__Host-"
SESSION, VISIT = "session", "visit"
LONGEST_TOKEN = 100


def names(base_url: str) -> tuple[str, str]:
    """Return the names of both cookies, the session's first, at an address of the installation."""
    prefix = PREFIX if base_url.startswith("https://") else ""
    return prefix + SESSION, prefix + VISIT


def token(base_url: str) -> str | None:
    """Return the token that this request came with, if it can be one."""
    sent = request.cookies.get(names(base_url)[0], "")
    return sent if sent and len(sent) <= LONGEST_TOKEN else None


def keep(fresh_token: str, until: datetime) -> None:
    """Have the answer to this request set a token, which the browser forgets at ``until``."""
    g.session_token = (fresh_token, until)


def drop() -> None:
    """Have the answer to this request remove the token."""
    g.session_token = None


def write(base_url: str, response: Response) -> None:
    """Write into an answer what was decided about the cookie."""
    if "session_token" not in g:
        return
    name, secure = names(base_url)[0], base_url.startswith("https://")
    if g.session_token is None:
        response.delete_cookie(name, secure=secure, httponly=True, samesite="Lax")
        return
    value, until = g.session_token
    response.set_cookie(
        name, value, expires=until, secure=secure, httponly=True, samesite="Lax", path="/"
    )
