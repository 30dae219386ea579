"""Which parameters the pinned SDK names for each call that the sandbox answers.

``python -m tests.sandbox.parameters`` writes ``ledger/sandbox/parameters.txt`` anew; a test
compares the file with what the installed SDK says, so an upgrade of the SDK shows in its diff
which parameters came and went.
"""

import ast
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

import stripe
from stripe._request_options import RequestOptions

from ledger.sandbox.parameters import FILE
from ledger.sandbox.supported import SUPPORTED

# What options of a request name, which no module of parameters imports.
UNSEEN = {"Mapping": Mapping, "StripeContext": str}
HEAD = """\
# The parameters that Stripe takes, by call, as stripe-python {version} names them for the API
# version {api}. Written by `python -m tests.sandbox.parameters`; do not edit.
# A star stands for an id or, in brackets, for a key of the caller's choice; [] for a position.
"""


def text() -> str:
    """Return the file as the installed SDK has it. Raises LookupError for a call it lacks."""
    taken = methods()
    parts = [HEAD.format(version=stripe.VERSION, api=stripe.api_version)]
    for call in sorted(SUPPORTED, key=lambda call: call.split()[::-1]):
        if call not in taken:
            raise LookupError(f"the SDK has no method for {call}")
        parts.append("\n".join([call, *(f"  {path}" for path in sorted(paths(taken[call]))), ""]))
    return "\n".join(parts)


@cache
def methods() -> dict[str, Any]:
    """Return the class of the parameters of every v1 call of the SDK."""
    found: dict[str, Any] = {}
    for module in pkgutil.walk_packages(stripe.__path__, "stripe."):
        if module.name.endswith("_service") and ".v2." not in module.name:
            found |= dict(_of_module(module.name))
    return found


def paths(kind: Any) -> set[str]:
    """Return the path of every value that a class of parameters has room for.

    A list's element is its list's path with ``[]``, a mapping's value with ``[*]``.
    """
    return set(choices(kind))


def choices(kind: Any) -> dict[str, frozenset[str]]:
    """Return by path the values that are named for it; none where any value goes."""
    found: dict[str, frozenset[str]] = {}
    for path, named in _values(kind, ""):
        known = found.get(path, named)
        found[path] = known | named if known and named else frozenset()
    return found


def _values(kind: Any, place: str) -> Iterator[tuple[str, frozenset[str]]]:
    origin, inner = get_origin(kind), get_args(kind)
    if hasattr(kind, "__required_keys__"):
        for name, stated in get_type_hints(kind, localns=UNSEEN).items():
            if name not in RequestOptions.__annotations__:
                yield from _values(stated, f"{place}[{name}]" if place else name)
        if place and not kind.__annotations__:
            yield place, frozenset()
    elif origin is list:
        yield from _values(inner[0], f"{place}[]")
    elif _is_mapping(origin or kind):
        yield from _values(inner[-1] if inner else str, f"{place}[*]")
    elif origin is Literal:
        yield place, frozenset(inner)
    elif inner and type(kind).__name__ in ("_UnionGenericAlias", "UnionType"):
        named = {value for one in inner if get_origin(one) is Literal for value in get_args(one)}
        for choice in inner:
            # The SDK allows any text beside named ones, for what Stripe may add; an empty one
            # alone only says that the value can be taken away.
            if choice is str and named - {""}:
                continue
            yield from _values(choice, place)
    else:
        yield place, frozenset()


def _is_mapping(kind: Any) -> bool:
    return isinstance(kind, type) and (
        issubclass(kind, dict) or kind.__name__ == "UntypedStripeObject"
    )


def _of_module(name: str) -> Iterator[tuple[str, Any]]:
    """Return the calls of a module of the SDK with the class of their parameters."""
    tree = ast.parse(inspect.getsource(import_module(name)))
    places = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and ".params" in node.module
        for alias in node.names
    }
    for method in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        asked = {a.arg: a.annotation for a in method.args.args}.get("params")
        for node in ast.walk(method):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "self._request"):
                continue
            if asked is None:
                continue
            verb, path = (ast.unparse(argument) for argument in node.args[:2])
            stated = ast.unparse(asked).replace("'", "").replace('"', "")
            wanted = stated.removeprefix("Optional[").removesuffix("]")
            yield (
                _call(ast.literal_eval(verb), path),
                getattr(import_module(places[wanted]), wanted),
            )


def _call(verb: str, path: str) -> str:
    """Return a call as the sandbox names it."""
    address = path.split(".format(")[0].strip("'\"").removeprefix("/v1/")
    parts = ["*" if part.startswith("{") else part for part in address.split("/")]
    return f"{verb.upper()} {'/'.join(parts)}"


if __name__ == "__main__":
    FILE.write_text(text())
