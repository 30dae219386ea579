"""Refusals as problem documents (RFC 9457): the four errors, HTTP's own, and surprises.

``errors`` maps the field, header or element at fault to sentences, so that a program can show
each where it belongs. Nothing of the request but those names comes back.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, Response, current_app, json, request
from werkzeug.exceptions import HTTPException

from ledger.api.token import caller_or_none
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

log = logging.getLogger("poolbook.api")

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[PoolbookError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    RateLimited: 429,
    Invalid: 422,
}
AWAY = "The books cannot be reached at the moment. Please try again in a minute."
SENTENCES = {
    400: "The request could not be read. Nothing was changed.",
    404: "There is no such address.",
    405: "This address does not take that method.",
    413: "Your upload is too large. Nothing was saved.",
    422: "Some fields need another look. Nothing was changed.",
}


def register(blueprint: Blueprint) -> None:
    """Give a blueprint its error answers."""
    blueprint.register_error_handler(PoolbookError, refused)
    blueprint.register_error_handler(HTTPException, http_error)
    blueprint.register_error_handler(Exception, surprise)


def refused(refusal: PoolbookError) -> Response:
    """Answer with the refusal's sentence and the fields it names."""
    status = STATUS.get(type(refusal), 422)
    if isinstance(refusal, NotAllowed) and caller_or_none() is None:
        status = 401
    errors = refusal.messages if isinstance(refusal, Invalid) else {}
    if not errors and refusal.place:
        errors = {refusal.place: [refusal.message]}
    answer = problem(status, refusal.message, errors)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="poolbook"'
    if isinstance(refusal, RateLimited):
        answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return answer


def http_error(error: HTTPException) -> Response:
    """Answer one of HTTP's own errors; a schema's sentences come along by field."""
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    errors: dict[str, list[str]] = {}
    for place, found in data.get("messages", {}).items():
        _flatten(place, found, errors)
    detail = SENTENCES.get(status, "The request could not be answered. Nothing was changed.")
    answer = problem(status, detail, errors)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def surprise(error: Exception) -> Response:
    """Log a defect under a number, without the data that led to it, and answer the number."""
    if is_away(error):
        DATABASE_AWAY.add(request.endpoint or "an unknown address")
        answer = problem(503, AWAY, {})
        answer.headers["Retry-After"] = "60"
        return answer
    number = new_id()
    report_defect(log, number, request.endpoint, error)
    detail = f"Something went wrong on our side; nothing was changed. Tell us the number {number}."
    return problem(500, detail, {})


def problem(status: int, detail: str, errors: Mapping[str, list[str]]) -> Response:
    """Return one problem document."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": dict(errors),
    }
    answer = current_app.response_class(json.dumps(body), status, mimetype=MEDIA_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _flatten(place: str, found: object, errors: dict[str, list[str]], path: str = "") -> None:
    """Name each field by its path, like ``postings[0].quantity``; the body itself is ``json``."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            step = f"[{key}]" if isinstance(key, int) else f".{key}"
            _flatten(place, value, errors, (path + step).removeprefix("."))
        return
    sentences = found if isinstance(found, list) else [found]
    errors.setdefault(path.removesuffix("._schema") or place, []).extend(map(str, sentences))
