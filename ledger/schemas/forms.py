"""A form whose answers are an object: what it reads is a frozen dataclass with a type per answer.

The dataclass stands before its schema, or with the service that takes it. Pages read one with
``read_form`` (``ledger.web.site.context``); a misspelt answer is then an error of the type checker.
That schema and dataclass say the same is held by ``tests/schemas/test_forms.py``.
"""

import dataclasses
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_type_hints

from marshmallow import Schema, fields, post_load

Made = TypeVar("Made")
# What builds a field: of the decimals of the currency, and whether the answer is needed.
Build = Callable[[int, bool], fields.Field[Any]]


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


def wanted_of(makes: type[Any]) -> dict[str, bool]:
    """Return the answers that a dataclass holds, and whether each is needed: None is no answer."""
    hints = get_type_hints(makes)
    return {
        one.name: NoneType not in get_args(hints[one.name]) for one in dataclasses.fields(makes)
    }


def form_of(
    makes: type[Made],
    known: Mapping[str, Build],
    *,
    exponent: int,
    words: Mapping[str, Mapping[str, Any]] | None = None,
) -> Form[Made]:
    """Return a form with one of the ``known`` fields for each field of a dataclass, in its order.

    Amounts are in a currency of so many decimals. ``words`` are labels and hints that are other
    than usual in this form.
    """
    shape: dict[str, fields.Field[Any]] = {}
    for name, needed in wanted_of(makes).items():
        field = known[name](exponent, needed)
        field.metadata = {**field.metadata, **(words or {}).get(name, {})}
        shape[name] = field
    form = Form[Made].with_fields(shape)
    form.makes = makes
    return form
