"""Does an answer have the shape that Stripe's own types state?

Reads the annotations of the SDK's classes: no field may be there that the class does not know,
and every value must be of the stated type. Where the SDK allows any text besides named values,
only the named values pass. Which fields must be there and which may be null says ``fields.txt``,
since the annotations call both the absent and the null ones optional.
"""

import ast
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache, partial
from importlib import import_module
from typing import Any, ClassVar, ForwardRef, Literal, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject
from stripe._stripe_object import UntypedStripeObject

from tests.sandbox.fields import fields as marks_by_class
from tests.sandbox.fields import name_of


def problems(value: Any, kind: Any) -> list[str]:
    """Every way in which a value differs from what the SDK states of its class."""
    return list(_of(value, kind, sys.modules["stripe"], ""))


def fields(kind: type) -> dict[str, Any]:
    """The fields of a class of the SDK with their annotations."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, StripeObject) and base not in (StripeObject, UntypedStripeObject):
            for name, stated in vars(base).get("__annotations__", {}).items():
                if not name.startswith("_") and get_origin(stated) is not ClassVar:
                    found[name] = stated
    return found


def stripes(kind: type) -> dict[str, tuple[bool, bool]] | None:
    """Whether each field of a class of the SDK may be absent, and whether it may be null; None
    for a class of which Stripe's types say nothing. A class without fields has none to lack."""
    return marks_by_class().get(name_of(kind), None if fields(kind) else {})


def _of(value: Any, kind: Any, module: types.ModuleType, path: str) -> Iterator[str]:
    if isinstance(kind, ForwardRef | str):
        name = kind if isinstance(kind, str) else kind.__forward_arg__
        yield from _of(value, _named(name, module), module, path)
        return
    origin = get_origin(kind)
    if kind is Any or isinstance(kind, typing.TypeVar):
        return
    if origin is Union:
        yield from _one_of(value, get_args(kind), module, path)
    elif origin is Literal:
        if value not in get_args(kind):
            yield f"{path}: {value!r} is none of {get_args(kind)}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: no list but {value!r}"
        else:
            for position, item in enumerate(value):
                yield from _of(item, get_args(kind)[0], module, f"{path}[{position}]")
    elif origin is dict or _subclass(origin or kind, UntypedStripeObject):
        if not isinstance(value, dict):
            yield f"{path}: no mapping but {value!r}"
    elif origin is ListObject:
        yield from _list(value, get_args(kind)[0], module, path)
    elif _subclass(kind, StripeObject):
        yield from _object(value, kind, path)
    elif kind in (int, float, str, bool):
        if type(value) is not kind and not (kind is float and type(value) is int):
            yield f"{path}: no {kind.__name__} but {value!r}"
    elif kind is Decimal and isinstance(value, Decimal):
        # The SDK has read it already.
        return
    elif kind is Decimal:
        # Decimals travel as text, so that no number is rounded on its way.
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value if isinstance(value, str) else ""):
            yield f"{path}: no decimal number in text but {value!r}"
    elif kind is type(None):
        if value is not None:
            yield f"{path}: not null but {value!r}"
    else:
        raise AssertionError(f"{path}: the checker does not know {kind!r}")


def _object(value: Any, kind: type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: no {kind.__name__} but {value!r}"
        return
    known = fields(kind)
    module = sys.modules[kind.__module__]
    for name in sorted(set(value) - set(known)):
        yield f"{path}.{name}: {kind.__name__} has no such field"
    marks = stripes(kind)
    if marks is None:
        yield f"{path}: nothing is known of the fields of {kind.__qualname__}"
        return
    for name, stated in known.items():
        absent, null = marks.get(name, (True, False))
        if name not in value:
            if not absent:
                yield f"{path}.{name}: missing from {kind.__name__}"
        elif value[name] is None and not null:
            yield f"{path}.{name}: null in {kind.__name__}"
        else:
            yield from _of(value[name], stated, module, f"{path}.{name}")


def _list(value: Any, item: Any, module: types.ModuleType, path: str) -> Iterator[str]:
    if not isinstance(value, dict) or set(value) != {"object", "data", "has_more", "url"}:
        yield f"{path}: no list object but {value!r}"
        return
    for position, found in enumerate(value["data"]):
        yield from _of(found, item, module, f"{path}.data[{position}]")


def _one_of(
    value: Any, choices: tuple[Any, ...], module: types.ModuleType, path: str
) -> Iterator[str]:
    if any(get_origin(choice) is Literal for choice in choices):
        choices = tuple(choice for choice in choices if choice is not str)
    if value is not None:
        choices = tuple(choice for choice in choices if choice is not type(None))
    tries = [list(_of(value, choice, module, path)) for choice in choices]
    if all(tries):
        # The try that got deepest says most.
        yield from max(tries, key=lambda found: len(found[0]))


def _subclass(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _named(name: str, module: types.ModuleType) -> Any:
    """The class an annotation names; the SDK imports most of them for type checkers only."""
    head, *rest = name.split(".")
    if name.isidentifier() or "[" not in name:
        found = getattr(module, head, None) or _imports(module)[head]()
        for part in rest:
            found = getattr(found, part)
        return found
    known = {other: load() for other, load in _imports(module).items()}
    # A string of the SDK's own source, which is imported anyway.
    return eval(name, {**vars(typing), **vars(module), **known})  # noqa: S307


@cache
def _imports(module: types.ModuleType) -> dict[str, Callable[[], Any]]:
    tree = ast.parse(inspect.getsource(module))
    return {
        alias.asname or alias.name: partial(_load, node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("stripe.")
        and ".params" not in node.module
        for alias in node.names
    }


def _load(place: str, name: str) -> Any:
    return getattr(import_module(place), name)


CLASSES: dict[str, type] = {
    "account": stripe.Account,
    "customer": stripe.Customer,
    "payment_method": stripe.PaymentMethod,
    "setup_intent": stripe.SetupIntent,
    "mandate": stripe.Mandate,
    "checkout.session": stripe.checkout.Session,
    "item": stripe.LineItem,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "product": stripe.Product,
    "price": stripe.Price,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "invoice": stripe.Invoice,
    "line_item": stripe.InvoiceLineItem,
    "invoice_payment": stripe.InvoicePayment,
    "test_helpers.test_clock": stripe.test_helpers.TestClock,
    "topup": stripe.Topup,
    "balance": stripe.Balance,
    "balance_transaction": stripe.BalanceTransaction,
    "payout": stripe.Payout,
    "event": stripe.Event,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
