"""Which parameters Stripe takes for each call, and the refusal of all others.

``parameters.txt`` beside this file names them, as the SDK of the pinned version does; the README
of this folder says how it is made. Must not read values (that is ``params``).
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ledger.sandbox.errors import ApiError
from ledger.sandbox.supported import SUPPORTED

FILE = Path(__file__).with_name("parameters.txt")
_PART = re.compile(r"\[([^\]]*)\]")
# Where Stripe answers with a code of its own; its changelog of 2026-09-30 says so.
WITHDRAWN = {
    ("payment_intents", "payment_method_types"): "payment_method_types_no_longer_supported",
    ("setup_intents", "payment_method_types"): "payment_method_types_no_longer_supported",
}


def check(method: str, path: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse what Stripe does not take for a call, and what this sandbox does not act on.

    Raises ApiError, naming the first such parameter as the request spells it. An address that
    is none is left to whoever answers it.
    """
    call = call_of(method, path)
    if call is None:
        return
    for name, _value in pairs:
        place = _place(call, path, name)
        if place not in _supported(call):
            raise ApiError(f"This sandbox does not act on the parameter {name}.", param=name)


def call_of(method: str, path: str) -> str | None:
    """Return the call that a request makes, like ``POST charges/*``; None where there is none."""
    given = path.split("/")
    for call in known():
        verb, _, address = call.partition(" ")
        wanted = address.split("/")
        if verb == method and len(wanted) == len(given):
            pairs = zip(wanted, given, strict=True)
            if all(part in ("*", found) for part, found in pairs):
                return call
    return None


@cache
def known() -> dict[str, frozenset[str]]:
    """Return the paths of the parameters that Stripe takes, by call."""
    _head, *blocks = FILE.read_text().split("\n\n")
    rows = [block.split() for block in blocks]
    return {f"{verb} {address}": frozenset(paths) for verb, address, *paths in rows}


def _place(call: str, path: str, name: str) -> str:
    """Return the path of a parameter among those that Stripe takes. Raises ApiError."""
    groups = _groups(call)
    head = name.split("[", 1)[0]
    here, said = "", ""
    for position, part in enumerate((head, *_PART.findall(name))):
        said = f"{said}[{part}]" if position else part
        choices = [f"{here}[{part}]", f"{here}[*]"] if position else [part]
        if position and (part.isdigit() or not part):
            choices.append(f"{here}[]")
        found = next((choice for choice in choices if choice in groups), None)
        if found is None:
            if position and not any(other.startswith(f"{here}[") for other in groups):
                raise ApiError("Invalid string.", param=here)
            code = WITHDRAWN.get((path.split("/")[0], head), "parameter_unknown")
            raise ApiError(f"Received unknown parameter: {said}", code=code, param=said)
        here = found
    if here not in known()[call]:
        kind = "array" if f"{here}[]" in groups else "object"
        raise ApiError(f"Invalid {kind}.", param=name)
    return here


@cache
def _groups(call: str) -> frozenset[str]:
    """Return every path of a call with the groups that it lies in."""
    found = set()
    for path in known()[call]:
        ends = [match.end() for match in re.finditer(r"^[^\[]+|\[[^\]]*\]", path)]
        found |= {path[:end] for end in ends}
    return frozenset(found)


@cache
def _supported(call: str) -> frozenset[str]:
    return frozenset(SUPPORTED[call])
