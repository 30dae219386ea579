"""Addresses under the API that do not exist: they are refused as the others, not by a page."""

from typing import NoReturn

from flask import Blueprint, abort, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ledger.api import refusals

blueprint = Blueprint("api_unknown", __name__)
refusals.register(blueprint)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


@blueprint.route("/", methods=METHODS)
@blueprint.route("/<path:_rest>", methods=METHODS)
def refuse(**_rest: str) -> NoReturn:
    """Answer 405 with the methods that the address takes, or 404 when it takes none."""
    adapter = current_app.url_map.bind_to_environ(request.environ)
    taken = []
    for method in METHODS:
        try:
            endpoint, _values = adapter.match(method=method)
        except HTTPException:
            continue
        if endpoint != request.endpoint:
            taken.append(method)
    if taken:
        raise MethodNotAllowed(valid_methods=taken)
    abort(404)
