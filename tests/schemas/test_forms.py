"""A form's schema and the dataclass that it makes say the same: names, types, what may be empty."""

import dataclasses
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from marshmallow import Schema, fields, missing

import ledger.schemas
from ledger.schemas.agreements import REQUEST_FIELDS, STEP_FIELDS
from ledger.schemas.fields import Count, Day, Line, Money, WholeNumber
from ledger.schemas.forms import Form, form_of
from ledger.schemas.manual_entries import shape_of
from ledger.schemas.policies import KINDS, policy_form
from ledger.web import REGISTERED
from ledger.web.approvals.agreement_kinds import asked_for, registered
from ledger.web.manual_entries.pages import ENTRY_KINDS

MODULES = [
    *(
        importlib.import_module(f"ledger.schemas.{module.name}")
        for module in pkgutil.iter_modules(ledger.schemas.__path__)
    ),
    importlib.import_module("reports.views"),
]
# What programs send; the other schemas of these modules say what is answered.
API = [importlib.import_module(f"ledger.api.{name}") for name in ("bank_statements", "entries")]
# What a factory of a schema is called with, by the name of its parameter.
GIVEN: dict[str, Any] = {
    "exponent": 2,
    "columns": 3,
    "commodity": "EUR",
    "unit": "EUR",
    "kinds": ["spending"],
    "skills": ["MIN.GEN"],
    "funds": {"GEN": "General"},
    "key": "promises",
    "currency": "EUR",
    "accounts": ["a", "b"],
    "units": ["c"],
}


# Schemas that make nothing, and why they need not.
NOT_READ = {
    "Address": "only drawn: any text is an address that may be unknown, and is answered alike",
    "MailedCode": "only drawn: a wrong code and one of the wrong form are answered alike",
    "Amount": "only drawn: its currency is known once the contribution is",
}


def schemas_of(module: types.ModuleType) -> Iterator[type[Schema]]:
    """Every schema that a module declares, besides the fields that several of its forms share."""
    for name, found in vars(module).items():
        is_own = getattr(found, "__module__", "") == module.__name__
        shared = name.startswith("_") or name.endswith("Fields")
        if is_own and not shared and inspect.isclass(found) and issubclass(found, Schema):
            yield found


def forms() -> Iterator[tuple[str, Form[Any]]]:
    """Every form of the schemas: the classes, and what the factories return."""
    for module in [*MODULES, *API]:
        for name, found in vars(module).items():
            if getattr(found, "__module__", "") != module.__name__ or name.startswith("_"):
                continue
            if inspect.isclass(found) and issubclass(found, Form) and found is not Form:
                # Where fields are gathered, the factory says which there are.
                if not found.gathers:
                    yield f"{module.__name__}.{name}", found()
            elif inspect.isfunction(found):
                made = typing.get_type_hints(found).get("return")
                if typing.get_origin(made) is Form and not is_open(made):
                    given = {key: GIVEN[key] for key in inspect.signature(found).parameters}
                    yield f"{module.__name__}.{name}", found(**given)


def is_open(made: Any) -> bool:
    """Tell whether a factory makes any dataclass that it is given."""
    return isinstance(typing.get_args(made)[0], typing.TypeVar)


POLICIES = {f"policy: {key}": policy_form(key, "EUR") for key in KINDS}
for registering in REGISTERED:
    importlib.import_module(f"ledger.web.{registering}")
FORMS = {
    **dict(forms()),
    **POLICIES,
    **{
        f"manual entry: {name}": shape_of(kind.makes, exponent=2)
        for name, kind in ENTRY_KINDS.items()
    },
    **{
        f"agreement: {kind}": form_of(asking.makes, REQUEST_FIELDS, exponent=2)
        for kind, (_page, asking) in asked_for().items()
    },
    **{
        f"{kind}: {name}": form_of(step.makes, STEP_FIELDS, exponent=2)
        for kind, page in registered().items()
        for name, step in page.steps.items()
    },
}


def read_as(field: fields.Field[Any]) -> Any:
    """Return the type that a field reads, None included where an answer may be that."""
    found = _type_of(field)
    none_given = field.allow_none or field.load_default is None
    always = isinstance(field, WholeNumber) and not field.empty
    if always and not none_given:
        found = int
    return found | None if none_given else found


def _type_of(field: fields.Field[Any]) -> Any:
    if isinstance(field, fields.Nested):
        assert isinstance(field.schema, Form), "what stands in a form is made as well"
        return field.schema.makes
    if isinstance(field, fields.List):
        return types.GenericAlias(list, (_type_of(field.inner),))
    for kind in type(field).__mro__:
        for base in getattr(kind, "__orig_bases__", ()):
            arguments = typing.get_args(base)
            if arguments and not isinstance(arguments[0], typing.TypeVar):
                return arguments[0]
    raise AssertionError(f"{field} says nowhere what it reads")


def differences(form: Form[Any]) -> list[str]:
    """Return where a form and its dataclass disagree."""
    found = []
    made = {one.name: one for one in dataclasses.fields(form.makes)}
    hints = typing.get_type_hints(form.makes)
    asked = {name: read_as(field) for name, field in form.fields.items()}
    for prefix, name in form.gathers.items():
        kinds = {_plain(asked.pop(key)) for key in [*asked] if key.startswith(prefix)}
        wanted = typing.get_args(hints[name]) if name in made else ()
        if [*kinds] != [_plain(one) for one in wanted[1:]]:
            found.append(f"{name} gathers {kinds}, but is made as {wanted}")
    for name, read in asked.items():
        field = form.fields[name]
        if name not in made:
            found.append(f"{name} is asked for, but is not made")
        elif _plain(hints[name]) != _plain(read):
            found.append(f"{name} is read as {read}, but made as {hints[name]}")
        elif not field.required and field.load_default is missing and not _has_default(made[name]):
            found.append(f"{name} may be left out, but has no default")
    known = {*form.fields, *form.gathers.values()}
    left = [name for name, one in made.items() if name not in known and not _has_default(one)]
    return found + [f"{name} is made, but nobody asks for it" for name in left]


def _plain(hint: Any) -> Any:
    """Return a type without regard to the order of its alternatives."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return frozenset(typing.get_args(hint))
    return hint


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return (
        field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    )


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_and_its_dataclass_say_the_same(form: Form[Any]) -> None:
    assert differences(form) == []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_a_form_makes_does_not_change(form: Form[Any]) -> None:
    assert form.makes.__dataclass_params__.frozen
    assert "__slots__" in vars(form.makes)


@dataclass(frozen=True, slots=True)
class Gift:
    """What the control's forms make."""

    amount: int
    fund: str
    received_on: date | None
    months: int = 1


class GiftForm(Form[Gift]):
    makes = Gift
    amount = Money(2, required=True)
    fund = Line(required=True)
    received_on = Day(load_default=None)
    months = Count()


class Drifted(Form[Gift]):
    makes = Gift
    amount = Line(required=True)
    colour = Line(required=True)
    received_on = Day(required=True)
    months = WholeNumber(most=9)


class LeftOut(Form[Gift]):
    makes = Gift
    amount = Money(2)
    fund = Line(load_default="")
    received_on = Day(load_default=None)


def test_a_form_that_says_something_else_is_noticed() -> None:
    assert differences(GiftForm()) == []
    assert [line.partition(" ")[0] for line in differences(Drifted())] == [
        *("amount", "colour", "received_on", "months"),
        "fund",
    ]
    assert differences(LeftOut()) == ["amount may be left out, but has no default"]


def test_a_form_makes_its_dataclass() -> None:
    made = GiftForm().load({"amount": "12.50", "fund": "GEN"})
    assert made == Gift(1250, "GEN", None)


def test_what_a_page_reads_is_a_form_that_makes_something() -> None:
    loose = {
        schema.__name__
        for module in MODULES
        for schema in schemas_of(module)
        if not issubclass(schema, Form)
    }
    assert loose == NOT_READ.keys()


def test_a_schema_that_makes_nothing_is_noticed() -> None:
    module = types.ModuleType(__name__)
    loose = type("Loose", (Schema,), {"__module__": __name__})
    vars(module).update(Loose=loose, _Shared=Schema, GiftForm=GiftForm, SharedFields=Schema)
    assert [*schemas_of(module)] == [loose, GiftForm]


def test_every_form_is_found() -> None:
    """Also those that a factory makes, and those to which a factory gives fields."""
    known = {type(form).__qualname__.rpartition(".")[2] for form in FORMS.values()}
    waiting: list[type[Form[Any]]] = [Form]
    found = set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not Form and kind.__module__ != __name__:
            found.add(kind.__qualname__.rpartition(".")[2])
    assert len(found) > 10
    assert found - known == set()
