"""The four errors as JSON: 404, 403 (401 without a token), 409 and 422 with fields."""

from flask import Blueprint, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ledger.api.token import caller_or_none
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound, PoolbookError

STATUS: dict[type[PoolbookError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
}


def register(blueprint: Blueprint) -> None:
    """Give a blueprint its error answers."""
    blueprint.register_error_handler(PoolbookError, refused)
    blueprint.register_error_handler(HTTPException, http_error)


def refused(refusal: PoolbookError) -> tuple[Response, int]:
    """Answer with the refusal's sentence, its place and its fields."""
    status = STATUS.get(type(refusal), 422)
    if isinstance(refusal, NotAllowed) and caller_or_none() is None:
        status = 401
    body: dict[str, object] = {"message": refusal.message, "place": refusal.place}
    if isinstance(refusal, Invalid):
        body["errors"] = refusal.messages
    return jsonify(body), status


def http_error(error: HTTPException) -> tuple[Response, int]:
    """Answer one of HTTP's own errors; a schema's messages come along."""
    data = getattr(error, "data", None) or {}
    body = {
        "message": data.get("message") or error.name,
        "place": None,
        "errors": data.get("messages", {}),
    }
    return jsonify(body), error.code or 500
