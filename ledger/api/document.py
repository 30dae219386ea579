"""The OpenAPI document: what flask-smorest finds in the code, plus how every address refuses.

Describes only what the endpoints do. The tests of the API find any error answer that is missing
here.
"""

from typing import Any

from flask import Response, current_app, json
from flask_smorest import Api
from marshmallow import Schema, fields, validate

from ledger.api.refusals import MEDIA_TYPE

SHORTEST_KEY = 8
# As long as the column that keeps it.
LONGEST_KEY = 64
REASONS = {
    400: "The body is not JSON.",
    401: "There is no good token.",
    403: "The token, or the role of its owner in this book, does not allow this.",
    404: "There is nothing here, or it is not yours to see.",
    409: "The request contradicts what is there already.",
    413: "The body is too large.",
    422: "Fields need another look; each is named.",
}


class Once(Schema):
    """The header that makes a repeated write happen once."""

    idempotency_key = fields.String(
        required=True,
        data_key="Idempotency-Key",
        validate=[
            validate.Length(
                SHORTEST_KEY, LONGEST_KEY, error="Send a key of {min} to {max} characters."
            ),
            validate.Regexp(r"^[!-~]*$", error="Send a key of plain signs, without spaces."),
        ],
        error_messages={"required": "Send a key of your own, so that this happens once."},
    )


class Documented(Api):  # type: ignore[misc]
    """flask-smorest's Api with our own refusals; the pages keep theirs."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Leave errors to the blueprints: the extension's own would answer browsers too."""

    def _openapi_json(self) -> Response:
        text = json.dumps(with_refusals(self.spec.to_dict()), indent=2, sort_keys=False)
        return current_app.response_class(text, mimetype="application/json")


def with_refusals(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with every refusal of every operation."""
    paths: dict[str, Any] = {}
    for path, methods in document["paths"].items():
        paths[path] = {
            name: _with_refusals(path, name, found) if isinstance(found, dict) else found
            for name, found in methods.items()
        }
    components = dict(document.get("components", {}))
    components["schemas"] = {**components.get("schemas", {}), "Problem": PROBLEM}
    components["responses"] = {
        f"Refused{status}": {
            "description": reason,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, reason in REASONS.items()
    }
    return {**document, "paths": paths, "components": components}


def _with_refusals(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    statuses = set()
    if operation.get("security") != []:
        statuses |= {401, 403}
    if "{" in path:
        statuses.add(404)
    if operation.get("parameters"):
        statuses.add(422)
    if method == "post":
        statuses |= {400, 409, 413, 422}
    good = {code: found for code, found in operation["responses"].items() if code.startswith("2")}
    refusals = {
        str(status): {"$ref": f"#/components/responses/Refused{status}"}
        for status in sorted(statuses)
    }
    return {**operation, "responses": {**good, **refusals}}


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A plain sentence."},
        "errors": {
            "type": "object",
            "description": "Sentences by the field, header or element at fault.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
