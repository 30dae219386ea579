"""Door: programs. JSON per noun under /api/v1 with OpenAPI 3.1; bearer tokens, idempotency keys.

Reads by the same schemas as the forms. Holds no rule of the domain.
"""

from flask import Blueprint as FlaskBlueprint
from flask import Flask
from flask_smorest import Api

from ledger.api import books, campaigns, entries, refusals


def register(app: Flask) -> list[FlaskBlueprint]:
    """Hang the API on the app and return its blueprints."""
    app.config.update(
        API_TITLE="Poolbook",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
            "security": [{"token": []}],
        },
    )
    api = Api(app)
    blueprints: list[FlaskBlueprint] = [campaigns.blueprint, books.blueprint, entries.blueprint]
    for blueprint in blueprints:
        refusals.register(blueprint)
        api.register_blueprint(blueprint, url_prefix="/api/v1")
    return blueprints
