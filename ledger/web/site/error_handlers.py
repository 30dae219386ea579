"""What a refused request looks like. No error page shows personal data, input or a trace."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from flask import Flask, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ledger.db import is_away
from ledger.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    PoolbookError,
    RateLimited,
)
from ledger.failures import DATABASE_AWAY
from ledger.ids import new_id
from ledger.logs import report_defect
from ledger.stripe.checkout import GatewayDown
from ledger.web.site import idempotency
from ledger.web.site.context import Visitor, page, remember_way, visitor

log = logging.getLogger("poolbook.web")
# Answers that ask no database.
NEED_NONE = (None, "static", "health.live")

RETRY_SECONDS = 60
STATUS: dict[type[PoolbookError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    RateLimited: 429,
    Invalid: 422,
}
# By endpoint: what shows a form again that was open for too long, with what was typed into it.
TYPED_AGAIN: dict[str, Callable[..., Response]] = {}


def register(app: Flask) -> None:
    """Turn the four errors, Flask's own and surprises into pages."""
    app.register_error_handler(PoolbookError, _calm(refused))
    app.register_error_handler(idempotency.SentTwice, _calm(idempotency.sent_twice))
    app.register_error_handler(GatewayDown, _calm(no_answer))
    app.register_error_handler(CSRFError, _calm(stale_form))
    app.register_error_handler(HTTPException, _calm(http_error))
    app.after_request(_reached)
    # A developer's debugger shows a surprise where it was raised (`make dev`).
    if not app.debug:
        app.register_error_handler(Exception, surprise)


def _reached(response: Response) -> Response:
    """Note that the database answers again, by the first page that needed it."""
    if DATABASE_AWAY.count and response.status_code < 500 and request.endpoint not in NEED_NONE:
        DATABASE_AWAY.end()
    return response


def _calm(handler: Callable[[Any], Response]) -> Callable[[Any], Response]:
    """Answer with another page where the database fails while an error page asks who is there.

    Flask passes what an error handler raises on to the server, with its trace.
    """

    @wraps(handler)
    def answered(error: Any) -> Response:
        try:
            return handler(error)
        except SQLAlchemyError as lost:
            return surprise(lost)

    return answered


def refused(refusal: PoolbookError) -> Response:
    """Show a refusal as the sentence it carries; lead a stranger to the sign-in and back."""
    status = STATUS.get(type(refusal), 422)
    if isinstance(refusal, NotAllowed) and visitor().person is None and request.method != "POST":
        remember_way()
        flash(refusal.message)
        return redirect(url_for("sign_in.form"))
    if isinstance(refusal, NotAllowed) and visitor().person is None:
        status = 401
    if isinstance(refusal, NotAllowed | NotFound) and "held_back" in g:
        return factor_missing()
    answer = page(
        "site/error.html",
        status,
        title=_title(status),
        message=refusal.message,
        asks_to_confirm=isinstance(refusal, RateLimited) and refusal.asks_to_confirm,
    )
    if isinstance(refusal, RateLimited):
        answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return answer


def factor_missing() -> Response:
    """Say to somebody whose role may read and not write how to go on."""
    message = _(
        "Your role requires a second factor, and you have none. You can read, but to make "
        "changes, set up a passkey or an authenticator app first."
    )
    return page(
        "site/error.html",
        403,
        title=_("Protect your role first"),
        message=message,
        onward=(url_for("factors.show"), _("Set up a second factor")),
    )


def no_answer(_error: GatewayDown) -> Response:
    """Say that the payment provider cannot be reached; what was promised is kept."""
    message = _(
        "The payment page cannot be reached at the moment. Your answers are saved. Please "
        "try again in a few minutes."
    )
    answer = page("site/error.html", 503, title=_title(503), message=message)
    answer.headers["Retry-After"] = "120"
    return answer


def stale_form(_error: CSRFError) -> Response:
    """Say what to do about a form that was open for too long."""
    typed = TYPED_AGAIN.get(request.endpoint or "")
    if typed is not None:
        # What somebody typed before they signed in elsewhere, or the day before, is not lost.
        with suppress(PoolbookError):
            return typed(**(request.view_args or {}))
    message = _("This form was open for too long. Go back, reload the page and send it again.")
    return page("site/error.html", 400, title=_title(400), message=message)


def http_error(error: HTTPException) -> Response:
    """Show one of HTTP's own errors in plain words."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    answer = page("site/error.html", status, title=_title(status), message=_sentence(status))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def surprise(error: Exception) -> Response:
    """Log a defect under a number, without the data that led to it, and show the number."""
    # A page that fails while it asks who is there must not ask again.
    g.setdefault("visitor", Visitor(None))
    if is_away(error):
        return database_away()
    number = new_id()
    report_defect(log, number, request.endpoint, error)
    message = _(
        "Something went wrong on our side. Nothing was changed. If you contact us, please "
        "give the number %(number)s.",
        number=number,
    )
    return page("site/error.html", 500, title=_title(500), message=message)


def database_away() -> Response:
    """Say that the books cannot be reached at this moment, and when to try again."""
    DATABASE_AWAY.add(request.endpoint or "an unknown address")
    message = _("The books cannot be reached at the moment. Please try again in a minute.")
    answer = page("site/error.html", 503, title=_("Temporarily unavailable"), message=message)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _title(status: int) -> str:
    titles: dict[int, str] = {
        400: _("That did not work"),
        401: _("Please sign in"),
        403: _("You don't have access to this"),
        404: _("Not found"),
        409: _("This has changed since you opened it"),
        413: _("Too large"),
        422: _("Please check your answers"),
        429: _("Temporarily unavailable"),
        500: _("Something went wrong"),
        503: _("Payment page not available"),
    }
    return titles.get(status) or str(_("That did not work"))


def _sentence(status: int) -> str:
    sentences: dict[int, str] = {
        404: _("This page does not exist, or you don't have access to it."),
        405: _("This page does not accept this kind of request."),
        413: _("Your upload is too large. Nothing was saved."),
    }
    return sentences.get(status) or str(
        _("The request could not be understood. Nothing was changed.")
    )
