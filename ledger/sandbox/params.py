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
        here = root
        path = [name.split("[", 1)[0], *_PART.findall(name)]
        for part in path[:-1]:
            here = here.setdefault(part, {})
            if not isinstance(here, dict):
                raise ApiError("A parameter is both a value and a group.", param=path[0])
        here[path[-1] or str(len(here))] = value
    return {name: _listed(value) for name, value in root.items()}


def integer(params: dict[str, Any], name: str, *, within: str = "", least: int = 1) -> int:
    """Return a whole number. Raises ApiError, naming the parameter ``within`` its group."""
    place = inside(within, name)
    if name not in params:
        raise missing(place)
    given = params[name]
    if not isinstance(given, str) or not re.fullmatch(r"-?[0-9]{1,15}", given):
        raise ApiError(f"Invalid integer: {given}", code="parameter_invalid_integer", param=place)
    if int(given) < least:
        raise ApiError(
            f"This value must be greater than or equal to {least}.",
            code="parameter_invalid_integer",
            param=place,
        )
    return int(given)


def text(params: dict[str, Any], name: str, *, within: str = "") -> str:
    """Return a text that is there. Raises ApiError, naming the parameter ``within`` its group."""
    value = optional_text(params, name, within=within)
    if value is None:
        raise missing(inside(within, name))
    return value


def optional_text(params: dict[str, Any], name: str, *, within: str = "") -> str | None:
    """Return a text, or None where it is absent or empty. Raises ApiError for a group."""
    place = inside(within, name)
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError("Invalid string.", code="parameter_invalid_string", param=place)
    return value or None


def boolean(params: dict[str, Any], name: str, *, within: str = "") -> bool:
    """Return true or false, false where it is absent. Raises ApiError."""
    given = params.get(name) or "false"
    if given not in ("true", "false"):
        raise ApiError(f"Invalid boolean: {given}", param=inside(within, name))
    return bool(given == "true")


def choice(
    params: dict[str, Any], name: str, among: Iterable[str], *, within: str = ""
) -> str | None:
    """Return one of several texts, or None where it is absent. Raises ApiError."""
    given = optional_text(params, name, within=within)
    if given is not None and given not in among:
        place = inside(within, name)
        raise ApiError(f"Invalid {place}: must be one of {', '.join(among)}.", param=place)
    return given


def texts(params: dict[str, Any], name: str) -> list[str]:
    """Return a list of texts, empty where it is absent. Raises ApiError."""
    given = params.get(name) or []
    if not isinstance(given, list) or not all(isinstance(value, str) for value in given):
        raise ApiError("Invalid array.", param=name)
    return list(given)


def group(params: dict[str, Any], name: str, *, within: str = "") -> dict[str, Any]:
    """Return a group of parameters, empty where it is absent. Raises ApiError for a value."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise ApiError("Invalid object.", param=inside(within, name))
    return value


def inside(group: str, name: str) -> str:
    """Return a parameter's name as the request spells it, like ``price_data[currency]``."""
    return f"{group}[{name}]" if group else name


def metadata(params: dict[str, Any]) -> dict[str, str]:
    """Return metadata within Stripe's bounds. Raises ApiError."""
    given = group(params, "metadata")
    if len(given) > 50:
        raise ApiError("Metadata has at most 50 keys.", param="metadata")
    for key, value in given.items():
        if len(key) > 40 or not isinstance(value, str) or len(value) > 500:
            raise ApiError("Metadata keys and values are short texts.", param="metadata")
    return dict(given)


def merged(before: dict[str, str], params: dict[str, Any]) -> dict[str, str]:
    """Return metadata after an update: an empty value takes its key away, as at Stripe."""
    after = {**before, **metadata(params)}
    return {key: value for key, value in after.items() if value != ""}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) for name, part in value.items()}
    if inner and all(name.isascii() and name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
