"""A form whose answers are an object: what it reads is a frozen dataclass with a type per answer.

The dataclass stands before its schema, or with the service that takes it. Pages read one with
``read_form`` (``ledger.web.site.context``); a misspelt answer is then an error of the type checker.
That schema and dataclass say the same is held by ``tests/schemas/test_forms.py``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from marshmallow import Schema, fields, post_load

Made = TypeVar("Made")


class Form(Schema, Generic[Made]):
    """A schema that makes a dataclass, by the names of its fields.

    ``makes`` is the dataclass; each of its fields is a field of the schema, of the type that the
    field reads. An answer that the schema may leave out has a default in the dataclass.
    """

    makes: type[Made]
    # Fields of which there is one for each column, fund or account: what their names begin with,
    # and the mapping of the dataclass in which they stand by the rest of their names.
    gathers: ClassVar[Mapping[str, str]] = {}

    @post_load
    def make(self, answers: dict[str, Any], **_options: Any) -> Made:
        """Return what was answered as an object."""
        for prefix, name in self.gathers.items():
            gathered = [key for key in answers if key.startswith(prefix)]
            answers[name] = {key.removeprefix(prefix): answers.pop(key) for key in gathered}
        return self.makes(**answers)

    @classmethod
    def with_fields(cls, more: Mapping[str, fields.Field[Any]]) -> "Form[Made]":
        """Return the form with fields that are only known when it is asked for."""
        form = cls.from_dict(dict(more), name=cls.__name__)()
        assert isinstance(form, cls), "made of this class"
        return form
