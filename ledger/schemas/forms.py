"""A form whose answers are an object: what it reads is a frozen dataclass with a type per answer.

The dataclass stands before its schema, or with the service that takes it. Pages read one with
``read_form`` (``ledger.web.site.context``); a misspelt answer is then an error of the type checker.
That schema and dataclass say the same is held by ``tests/schemas/test_forms.py``.
"""

from typing import Any, Generic, TypeVar

from marshmallow import Schema, post_load

Made = TypeVar("Made")


class Form(Schema, Generic[Made]):
    """A schema that makes a dataclass, by the names of its fields.

    ``makes`` is the dataclass; each of its fields is a field of the schema, of the type that the
    field reads. An answer that the schema may leave out has a default in the dataclass.
    """

    makes: type[Made]

    @post_load
    def make(self, answers: dict[str, Any], **_options: Any) -> Made:
        """Return what was answered as an object."""
        return self.makes(**answers)
