"""The OpenAPI document is valid, and the API keeps to it whatever it is sent."""

from functools import wraps
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ledger.services.people.tokens import create_token
from tests.api.conftest import SCOPES_OF
from tests.conftest import NOW
from tests.worlds.town import Town

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Somebody of another community stands for all who are nobody here.
CALLERS = ("treasurer", "nobody", "donor", "auditor", "other treasurer")
# What always runs: the treasurer gets furthest. The long run makes at least MOST calls as each of
# the five; operations without parameters have few different ones.
CASES = dict.fromkeys(CALLERS, 3) | {"treasurer": 20}
MANY, MOST = 270, 2_000


@pytest.fixture(scope="module")
def document(quick_town: Town) -> dict[str, Any]:
    found: dict[str, Any] = quick_town.app.test_client().get("/api/v1/openapi.json").get_json()
    return found


@pytest.fixture(scope="module")
def apis(quick_town: Town) -> dict[str, Any]:
    """The API as each caller; nobody sends no token."""
    found = {}
    for who in CALLERS:
        found[who] = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", quick_town.app)
        if who == "nobody":
            continue
        with quick_town.db.transaction() as session:
            secret = create_token(
                session,
                person_id=quick_town.people[who],
                name="Fuzz",
                scopes=SCOPES_OF["write"],
                now=NOW,
            )
        found[who].config.headers = {"Authorization": f"Bearer {secret}"}
    return found


@pytest.fixture(scope="module")
def api(apis: dict[str, Any]) -> Any:
    return apis["treasurer"]


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_write_names_its_key_and_every_refusal_its_form(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            open_to_all = operation.get("security") == []
            assert ("401" in operation["responses"]) != open_to_all, path
            if method == "post":
                names = [row["name"] for row in operation["parameters"]]
                assert "Idempotency-Key" in names, path
    content = {
        kind for row in document["components"]["responses"].values() for kind in row["content"]
    }
    assert content == {"application/problem+json"}


def test_the_document_is_the_same_for_a_second_program(
    town: Town, document: dict[str, Any]
) -> None:
    assert town.app.test_client().get("/api/v1/openapi.json").get_json() == document


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("who", CALLERS)
def test_the_api_keeps_to_its_document(apis: dict[str, Any], who: str, number: int) -> None:
    assert calls_that_keep(operations(apis[who])[number], CASES[who])


@pytest.mark.long
@pytest.mark.parametrize("who", CALLERS)
def test_the_api_keeps_to_its_document_whatever_comes(apis: dict[str, Any], who: str) -> None:
    tried = sum(calls_that_keep(operation, MANY) for operation in operations(apis[who]))
    assert tried >= MOST


def calls_that_keep(operation: Any, most: int) -> int:
    """Send an operation made-up calls, and compare each answer with the document; how many."""
    tried = 0

    @settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=booleans())
    def keep(case: Any, known: bool) -> None:
        nonlocal tried
        tried += 1
        # An unknown book is refused at once; with a known one the rest is tried as well.
        for name, value in (("code", "A"), ("slug", "solar-roof")):
            if known and name in (case.path_parameters or {}):
                case.path_parameters[name] = value
        case.call_and_validate(checks=CHECKS)

    keep()
    return tried


def test_every_address_is_tried(api: Any) -> None:
    assert len(operations(api)) == 10


def operations(api: Any) -> list[Any]:
    return [found.ok() for found in api.get_all_operations()]


def test_an_answer_that_the_document_does_not_know_is_noticed(api: Any, quick_town: Town) -> None:
    case = api["/api/v1/books"]["GET"].Case()
    case.call_and_validate(checks=CHECKS)
    view = quick_town.app.view_functions["api_books.index"]
    for answer in (("tea", 418), ({"no": "list"}, 200), ("text", 200), ("broken", 500)):
        other = wraps(view)(lambda answer=answer: answer)
        quick_town.app.view_functions["api_books.index"] = other
        try:
            with pytest.raises(FailureGroup):
                case.call_and_validate(checks=CHECKS)
        finally:
            quick_town.app.view_functions["api_books.index"] = view
