"""What every blueprint of the API shares: tokens first, refusals as problems, JSON read safely."""

import json
from typing import Any

import flask
import flask_smorest
import marshmallow
from webargs.flaskparser import FlaskParser

from ledger.api import refusals, token


class Parser(FlaskParser):
    """Reads JSON; what Python's reader cannot bear is as invalid as half a document."""

    def load_json(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        """Return the body. Lists in lists without end and numbers of thousands of digits raise
        other errors than broken JSON does."""
        try:
            return super().load_json(req, schema)
        except (RecursionError, ValueError) as error:
            broken = json.JSONDecodeError(type(error).__name__, "", 0)
            return self._handle_invalid_json_error(broken, req, schema)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint that asks for a token before it reads, and refuses as the others do."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, name, description=description)
        refusals.register(self)
        self.before_request(token.check)
