"""Frozen dataclasses as the documents that the database keeps, and back again, exactly.

A field is a UUID, a day, an integer in the smallest unit, a text, a truth value, another frozen
dataclass, a tuple of these, or a mapping of texts to these. Must not know the database.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from ledger.errors import Invalid

Payload = TypeVar("Payload")


def to_document(payload: object) -> dict[str, Any]:
    """Return a dataclass as it is stored. A field whose default is None is left out while it is.

    Raises TypeError for a value that no document holds: that is a fault of the program.
    """
    found = {}
    for field in fields(cast(Any, payload)):
        value = getattr(payload, field.name)
        if value is not None or field.default is not None:
            found[field.name] = _written(value)
    return found


def from_document(kind: type[Payload], document: object, *, place: str = "") -> Payload:
    """Return the dataclass that a stored document holds. Raises Invalid, naming the field, for one
    that is missing, unknown or of another type."""
    if not isinstance(document, Mapping):
        raise _unreadable(place, "{field} is no document.")
    known: dict[str, Field[Any]] = {field.name: field for field in fields(cast(Any, kind))}
    types = get_type_hints(kind)
    found = {}
    for name in document:
        if name not in known:
            raise _unreadable(_inside(place, name), "{field} is unknown.")
        found[name] = _read(types[name], document[name], _inside(place, name))
    for name, field in known.items():
        if name not in found and field.default is MISSING:
            raise _unreadable(_inside(place, name), "{field} is missing.")
    return kind(**found)


def _written(value: object) -> Any:
    if value is None or type(value) in (int, str, bool):
        return value
    if isinstance(value, UUID):
        return str(value)
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _written(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_written(part) for part in value]
    if is_dataclass(value):
        return to_document(value)
    raise TypeError(f"no document holds a {type(value).__name__}")


def _read(kind: Any, value: object, place: str) -> Any:
    if isinstance(kind, UnionType):
        (inner,) = (part for part in get_args(kind) if part is not type(None))
        return None if value is None else _read(inner, value, place)
    if kind in (int, str, bool):
        return _of_type(kind, value, place)
    if kind in (UUID, date):
        return _from_text(kind, value, place)
    if get_origin(kind) is tuple:
        return tuple(
            _read(get_args(kind)[0], part, f"{place}[{index}]")
            for index, part in enumerate(_of_type(list, value, place))
        )
    if get_origin(kind) is Mapping:
        return {
            _of_type(str, name, place): _read(get_args(kind)[1], part, _inside(place, name))
            for name, part in _of_type(dict, value, place).items()
        }
    return from_document(kind, value, place=place)


def _of_type(kind: type[Any], value: object, place: str) -> Any:
    # Not isinstance: a truth value is an integer to Python.
    if type(value) is not kind:
        raise _unreadable(place, "{field} is no {kind}.", kind.__name__)
    return value


def _from_text(kind: Any, value: object, place: str) -> Any:
    read: Callable[[str], Any] = UUID if kind is UUID else date.fromisoformat
    try:
        return read(_of_type(str, value, place))
    except ValueError as error:
        raise _unreadable(place, "{field} is no {kind}.", kind.__name__) from error


def _inside(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)


def _unreadable(place: str, text: str, kind: str = "") -> Invalid:
    return Invalid(text, place=place or "document", field=place or "This", kind=kind)
