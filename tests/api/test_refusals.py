"""The API refuses in one form: a problem document that names what is at fault."""

import base64
import json
from functools import wraps
from typing import Any

import pytest
from werkzeug.test import TestResponse

from ledger.ids import new_id
from tests.api.conftest import Caller
from tests.worlds.town import TODAY, Town

DAY = TODAY.isoformat()
ENTRY: dict[str, Any] = {
    "accounting_date": DAY,
    "event_type": "till",
    "external_ref": "1",
    "postings": [
        {"account": 1030, "fund": "GEN", "commodity": "USD", "quantity": 500},
        {"account": 4010, "fund": "GEN", "commodity": "USD", "quantity": -500},
    ],
}
BASKET: dict[str, Any] = {
    "name": "Ada",
    "email": "ada@example.org",
    "consent": "initials",
    "lines": [{"commodity": "USD", "quantity": 500}],
}
MT940 = (
    b":20:STARTUMS\n:25:OURS\n:28C:1/1\n:60F:C260401USD0,\n"
    b":61:2604020402C20,NTRFNONREF\n:86:Ada\n:62F:C260402USD20,\n-\n"
)
BANK_FILE: dict[str, Any] = {"content": base64.b64encode(MT940).decode()}
WRITES = {
    "/books/A/entries": ENTRY,
    "/campaigns/solar-roof/pledges": BASKET,
    "/books/A/bank-statements": BANK_FILE,
}
# What each good write answers.
GOOD = {
    "/books/A/entries": 202,
    "/campaigns/solar-roof/pledges": 201,
    "/books/A/bank-statements": 201,
}
LONG = "x" * 10_000


def new_key() -> str:
    return str(new_id())


def problem(answer: TestResponse, status: int) -> dict[str, list[str]]:
    """Check that an answer is a problem document and return its sentences by field."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    body = answer.get_json()
    assert set(body) == {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert body["detail"].endswith((".", "'."))
    errors: dict[str, list[str]] = body["errors"]
    assert all(isinstance(name, str) and found for name, found in errors.items())
    return errors


def with_leg(name: str, value: Any) -> dict[str, Any]:
    first, second = ENTRY["postings"]
    return {**ENTRY, "postings": [{**first, name: value}, second]}


def with_legs(name: str, value: Any) -> dict[str, Any]:
    return {**ENTRY, "postings": [{**leg, name: value} for leg in ENTRY["postings"]]}


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


BAD_ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "no day": (without(ENTRY, "accounting_date"), "accounting_date"),
    "a day that never is": ({**ENTRY, "accounting_date": "2026-02-30"}, "accounting_date"),
    "no reference": ({**ENTRY, "external_ref": " "}, "external_ref"),
    "a long reference": ({**ENTRY, "external_ref": LONG}, "external_ref"),
    "a NUL": ({**ENTRY, "external_ref": "a\0b"}, "external_ref"),
    "half a pair of signs": ({**ENTRY, "event_type": "\ud800"}, "event_type"),
    "no postings": ({**ENTRY, "postings": []}, "postings"),
    "one posting": ({**ENTRY, "postings": ENTRY["postings"][:1]}, "postings"),
    "too many postings": ({**ENTRY, "postings": ENTRY["postings"] * 251}, "postings"),
    "postings of text": ({**ENTRY, "postings": "all"}, "postings"),
    "an unknown field": ({**ENTRY, "approved_by": "me"}, "approved_by"),
    "an entry that is off": (with_leg("quantity", 501), "postings"),
    "a release that comes into no other fund": (
        with_leg("account", 5910),
        "postings[0].account",
    ),
    "zero": (with_leg("quantity", 0), "postings[0]"),
    "a fraction": (with_leg("quantity", 1.005), "postings[0].quantity"),
    "a quantity of text": (with_leg("quantity", "12,50"), "postings[0].quantity"),
    "no number": (with_leg("quantity", float("nan")), "postings[0].quantity"),
    "an endless number": (with_leg("quantity", float("inf")), "postings[0].quantity"),
    "more than can be stored": (with_leg("quantity", 2**63), "postings[0].quantity"),
    "an account of three digits": (with_leg("account", 101), "postings[0].account"),
    "A posting names an account that does not exist": (
        with_leg("account", 1999),
        "postings[0].account",
    ),
    "a fund that is not there": (with_legs("fund", "NOWHERE"), "postings[0].fund"),
    "a unit that is not there": (with_legs("commodity", "XXX"), "postings[0].commodity"),
    "a book that is not there": (with_leg("counterparty", "NOWHERE"), "postings[0].counterparty"),
    "a label with a NUL": (with_leg("pledge", "\0"), "postings[0].pledge"),
    "a field of the table": (with_leg("entry_id", "x"), "postings[0].entry_id"),
}
BAD_BASKETS: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({**BASKET, "name": ""}, "name"),
    "a name turned by force": ({**BASKET, "name": "\u202eadA"}, "name"),
    "no address": ({**BASKET, "email": "ada"}, "email"),
    "a consent of its own": ({**BASKET, "consent": "loud"}, "consent"),
    "no lines": ({**BASKET, "lines": []}, "lines"),
    "too many lines": ({**BASKET, "lines": BASKET["lines"] * 21}, "lines"),
    "nothing": ({**BASKET, "lines": [{"commodity": "USD", "quantity": 0}]}, "lines[0].quantity"),
    "less than nothing": (
        {**BASKET, "lines": [{"commodity": "USD", "quantity": -5}]},
        "lines[0].quantity",
    ),
    "a fraction": (
        {**BASKET, "lines": [{"commodity": "USD", "quantity": 0.5}]},
        "lines[0].quantity",
    ),
    "what is not asked for": ({**BASKET, "lines": [{"commodity": "CAT", "quantity": 1}]}, "CAT"),
    "a form's key": ({**BASKET, "form_key": "mine"}, "form_key"),
    "a line of text": ({**BASKET, "lines": ["all"]}, "lines[0]"),
}


@pytest.mark.parametrize(("body", "name"), BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_a_bad_entry_is_refused_by_field(
    town: Town, call: Caller, body: dict[str, Any], name: str
) -> None:
    before = town.rows()
    answer = call("POST", "/books/A/entries", key=new_key(), data=json.dumps(body), **JSON)
    errors = problem(answer, 422)
    assert name in errors, errors
    assert town.rows() == before


@pytest.mark.parametrize(("body", "name"), BAD_BASKETS.values(), ids=BAD_BASKETS.keys())
def test_a_bad_basket_is_refused_by_field(
    town: Town, call: Caller, body: dict[str, Any], name: str
) -> None:
    before = town.rows()
    path = "/campaigns/solar-roof/pledges"
    errors = problem(call("POST", path, key=new_key(), data=json.dumps(body), **JSON), 422)
    assert name in errors, errors
    assert town.rows() == before


JSON: dict[str, str] = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param("", 422, id="nothing"),
        pytest.param("{", 400, id="half a document"),
        pytest.param("[]", 422, id="a list"),
        pytest.param('"text"', 422, id="text"),
        pytest.param("null", 422, id="null"),
        pytest.param("[" * 200_000, 400, id="lists in lists without end"),
        pytest.param('{"a":' * 50_000, 400, id="objects in objects without end"),
        pytest.param(b"\xff\xfe", 400, id="bytes of no alphabet"),
        pytest.param('{"name": ' + "9" * 5000 + "}", 400, id="a number of 5000 digits"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    town: Town, call: Caller, data: str | bytes, status: int
) -> None:
    before = town.rows()
    for path in WRITES:
        problem(call("POST", path, key=new_key(), data=data, **JSON), status)
    assert town.rows() == before


def test_a_body_that_is_too_large_is_refused(call: Caller) -> None:
    body = {**ENTRY, "event_type": "x" * 600_000}
    problem(call("POST", "/books/A/entries", key=new_key(), json=body), 413)


def test_a_body_that_is_a_form_is_refused(call: Caller) -> None:
    answer = call("POST", "/campaigns/solar-roof/pledges", key=new_key(), data={"name": "Ada"})
    assert "name" in problem(answer, 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/", 404),
        ("/books/NOWHERE/entries", 403),
        ("/campaigns/unknown", 404),
        ("/books/A%00/entries", 404),
        ("/books/A/entries?before=x", 422),
        ("/books/A/entries?limit=0", 422),
        ("/books/A/entries?limit=201", 422),
        ("/books/A/entries?account=99999999999999999999", 422),
        ("/books/A/entries?since=2026-02-30", 422),
        ("/books/A/trial-balance?as_of=yesterday", 422),
        ("/books/A/figures?from=2026-02-30", 422),
        ("/books/A/figures?to=2026-01-01&from=2026-01-02", 422),
    ],
)
def test_a_bad_address_is_refused(call: Caller, path: str, status: int) -> None:
    errors = problem(call("GET", path), status)
    if "?" in path:
        assert list(errors) == [path.split("?")[1].split("=")[0]]


def test_a_method_that_is_not_there_is_refused_with_those_that_are(call: Caller) -> None:
    answer = call("DELETE", "/books/A/entries")
    problem(answer, 405)
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_defect_tells_a_number_and_nothing_else(
    town: Town, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = town.app.view_functions
    broken = wraps(views["api_books.index"])(lambda: 1 // 0)
    monkeypatch.setitem(views, "api_books.index", broken)
    answer = call("GET", "/books")
    problem(answer, 500)
    assert "ZeroDivisionError" not in answer.text
    assert "Tell us the number" in answer.get_json()["detail"]


def test_the_good_bodies_of_these_tests_are_taken(town: Town, call: Caller) -> None:
    for path, body in WRITES.items():
        before = town.rows()
        assert call("POST", path, key=new_key(), json=body).status_code == GOOD[path]
        assert town.rows() != before
