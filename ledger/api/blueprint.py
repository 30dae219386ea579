"""What every blueprint of the API shares: tokens first, refusals as problems, JSON read safely."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import flask
import flask_smorest
import marshmallow
from webargs.flaskparser import FlaskParser

from ledger.api import refusals, token
from ledger.core.bounds import is_storable_text

View = Callable[..., Any]
UNFIT = "This holds a character that cannot be stored."


class Parser(FlaskParser):
    """Reads JSON; what Python's reader cannot bear is as invalid as half a document."""

    def load_json(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        """Return the body. Lists in lists without end and numbers of thousands of digits raise
        other errors than broken JSON does."""
        try:
            body = super().load_json(req, schema)
        except (RecursionError, ValueError) as error:
            broken = json.JSONDecodeError(type(error).__name__, "", 0)
            return self._handle_invalid_json_error(broken, req, schema)
        unfit = {path: [UNFIT] for path, text in _texts(body, "") if not is_storable_text(text)}
        if unfit:
            raise marshmallow.ValidationError(unfit)
        return body


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint that asks for a token before it reads, and refuses as the others do."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, name, description=description)
        refusals.register(self)
        self.before_request(token.check)

    def needs(self, scope: str) -> Callable[[View], View]:
        """Mark a view with the scope that a token needs for it; the document says it too."""

        def mark(view: View) -> View:
            setattr(view, token.MARK, scope)
            security: list[dict[str, list[str]]] = (
                [] if scope == token.PUBLIC else [{"token": [scope]}]
            )
            marked: View = self.doc(security=security)(view)
            return marked

        return mark


def _texts(body: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a body and every name in it, each with its path.

    The reader bounds how deep lists stand in lists.
    """
    if isinstance(body, str):
        yield path, body
    elif isinstance(body, dict):
        for name, value in body.items():
            yield path or "json", name
            yield from _texts(value, f"{path}.{name}".removeprefix("."))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from _texts(value, f"{path}[{index}]")
