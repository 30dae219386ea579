"""A form as a page shows it: fields with their labels, what was typed, and what is wrong.

A field's label, hint and widget are metadata of its schema (``ledger.schemas.fields.asked``); the
macros of ``site/forms.html`` draw it. Must not know any single form.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, fields, validate

from ledger.errors import Invalid, PoolbookError
from ledger.schemas.fields import Count, Money, Percent, Text, WholeNumber

Errors = dict[str, list[str]]
# Where a sentence stands that belongs to no single field.
WHOLE = "form"
# Widget → what a browser calls the kind of its input, and which keys a phone offers for it.
TYPES = {"date": "date", "instant": "datetime-local", "email": "email"}
KEYS = {"money": "decimal", "decimal": "decimal", "count": "numeric"}
_WIDGETS: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (Money, "money"),
    (Percent, "decimal"),
    (Count, "count"),
    (WholeNumber, "count"),
    (fields.Integer, "count"),
    (fields.AwareDateTime, "instant"),
    (fields.Date, "date"),
    (Text, "text"),
)


@dataclass(frozen=True, slots=True)
class BoundField:
    """One field of a form, with what was typed into it and the sentences about it."""

    name: str
    label: Any
    hint: Any
    widget: str
    required: bool
    value: Any
    errors: Sequence[str]
    options: Sequence[tuple[Any, Any]]
    autocomplete: str
    suffix: Any

    @property
    def said(self) -> Any:
        """What its value is called among its options; the value itself where it is none."""
        return dict(self.options).get(self.value, self.value)

    @property
    def type(self) -> str:
        """The type of its input."""
        return TYPES.get(self.widget, "text")

    @property
    def inputmode(self) -> str:
        """Which keys a phone offers; empty for all."""
        return KEYS.get(self.widget, "")


class Form:
    """Schemas of one page, bound to what was typed and what is wrong with it.

    ``options`` holds the choices of fields by name. ``more`` holds what a form says about fields
    that the schemas do not know (one for each member, each offer, each column), or about known
    ones in other words.
    """

    def __init__(
        self,
        *shapes: Schema,
        values: Mapping[str, Any] | None = None,
        errors: Errors | None = None,
        options: Mapping[str, Sequence[tuple[Any, Any]]] | None = None,
        more: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.values: Mapping[str, Any] = values or {}
        self.errors: Errors = errors or {}
        self._options = options or {}
        self._more = more or {}
        self._fields = {
            field.data_key or name: field
            for shape in reversed(shapes)
            for name, field in shape.fields.items()
        }

    def __iter__(self) -> Iterator[BoundField]:
        """Every field that has a label, in the order of the schema."""
        return (self[name] for name in self._fields if "label" in self._said(name))

    def __getitem__(self, name: str) -> BoundField:
        """Return a field by name, bound."""
        field, said = self._fields.get(name), self._said(name)
        needed = field is not None and field.required
        return BoundField(
            name=name,
            label=said.get("label", ""),
            hint=said.get("hint", ""),
            widget=said.get("widget") or _widget(field),
            required=bool(said.get("needed", needed)),
            value=self.values.get(name, ""),
            errors=self.errors.get(name, ()),
            options=self._options.get(name) or said.get("options", ()),
            autocomplete=said.get("autocomplete", ""),
            suffix=said.get("suffix", ""),
        )

    def _said(self, name: str) -> Mapping[str, Any]:
        field = self._fields.get(name)
        return {**(field.metadata if field is not None else {}), **self._more.get(name, {})}

    @property
    def problems(self) -> list[tuple[str, Any, str]]:
        """Every sentence about what is wrong, with its field's name and label; a name is empty
        where a sentence is about the whole form."""
        return [
            ("" if name == WHOLE else name, self._said(name).get("label", ""), sentence)
            for name, sentences in self.errors.items()
            for sentence in sentences
        ]


def errors_of(
    refusal: PoolbookError,
    named: Mapping[str, str] = MappingProxyType({}),
    *,
    only: Sequence[str] | None = None,
    tell: bool = False,
) -> Errors:
    """Return a refusal's sentences by field: the one way from an error to a form.

    Sentences by field are taken as they are. Any other stands at its place, or above the form
    where it has none or where ``only`` these fields are there. ``named`` says which field of the
    form a place of the books stands for. A service names one of many rows as ``balances[2]``;
    ``tell`` says its place before the sentence where it stands above the form.
    """
    if isinstance(refusal, Invalid) and refusal.messages:
        return {named.get(name, name): said for name, said in refusal.messages.items()}
    whole = (refusal.place or WHOLE).partition("[")[0]
    place = named.get(refusal.place or "", named.get(whole, whole))
    if only is not None and place not in only:
        before = f"{refusal.place}: " if tell and refusal.place not in (None, "file") else ""
        return {WHOLE: [before + refusal.message]}
    return {place: [refusal.message]}


def _widget(field: fields.Field[Any] | None) -> str:
    if field is None:
        return "line"
    if any(isinstance(check, validate.OneOf) for check in field.validators):
        return "choice"
    return next((widget for kind, widget in _WIDGETS if isinstance(field, kind)), "line")
