"""Reading form-encoded parameters with brackets into nested values, and checking them."""

import re
from collections.abc import Iterable
from typing import Any

from ledger.sandbox.errors import ApiError, missing

_PART = re.compile(r"\[([^\]]*)\]")


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn ``a[b][0]=c`` into nested dictionaries and lists."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = [name.split("[", 1)[0], *_PART.findall(name)]
        here = root
        path = [head, *rest]
        for part in path[:-1]:
            here = here.setdefault(part, {})
        last = path[-1]
        if last == "":
            here[str(len(here))] = value
        else:
            here[last] = value
    return {name: _listed(value) for name, value in root.items()}


def integer(params: dict[str, Any], name: str, *, least: int = 1) -> int:
    """Return a whole number. Raises ApiError, naming the parameter."""
    if name not in params:
        raise missing(name)
    text = str(params[name])
    if not re.fullmatch(r"-?\d{1,15}", text):
        raise ApiError(f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    if int(text) < least:
        raise ApiError(
            f"This value must be greater than or equal to {least}.",
            code="parameter_invalid_integer",
            param=name,
        )
    return int(text)


def text(params: dict[str, Any], name: str) -> str:
    """Return a text that is there. Raises ApiError, naming the parameter."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise missing(name)
    return value


def metadata(params: dict[str, Any]) -> dict[str, str]:
    """Return metadata within Stripe's bounds. Raises ApiError."""
    given = params.get("metadata") or {}
    if not isinstance(given, dict) or len(given) > 50:
        raise ApiError("Metadata has at most 50 keys.", param="metadata")
    for key, value in given.items():
        if len(key) > 40 or not isinstance(value, str) or len(value) > 500:
            raise ApiError("Metadata keys and values are short texts.", param="metadata")
    return dict(given)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) for name, part in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
