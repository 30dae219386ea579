"""JSON for programs under /api/v1, with OpenAPI 3.1, bearer tokens and idempotency keys.

Reads by the same schemas as the forms. Holds no rule of the domain.
"""

from flask import Blueprint as FlaskBlueprint
from flask import Flask

from ledger.api import bank_statements, books, campaigns, entries, token, unknown
from ledger.api.document import Documented

PREFIX = "/api/v1"


def register(app: Flask) -> list[FlaskBlueprint]:
    """Hang the API on the app and return its blueprints."""
    app.config.update(
        API_TITLE="Poolbook",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        },
    )
    api = Documented(app)
    blueprints: list[FlaskBlueprint] = [
        campaigns.blueprint,
        books.blueprint,
        entries.blueprint,
        bank_statements.blueprint,
    ]
    for blueprint in blueprints:
        api.register_blueprint(blueprint, url_prefix=PREFIX)
    token.check_marks(app, {blueprint.name for blueprint in blueprints})
    app.register_blueprint(unknown.blueprint, url_prefix=PREFIX)
    return [*blueprints, unknown.blueprint]
