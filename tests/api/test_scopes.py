"""A token does what its scopes name, in the books they name, until it ends."""

import base64
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ledger.api.blueprint import Blueprint
from ledger.api.token import MARK, PUBLIC, check_marks
from ledger.queries.people.people import tokens_of
from ledger.services.people.tokens import SCOPES, create_token
from tests.api.conftest import Caller
from tests.api.test_refusals import BANK_FILE, GOOD, WRITES, new_key, problem
from tests.conftest import NOW
from tests.web.permissions import API
from tests.worlds.town import Town

NEEDS = {
    ("GET", "/books/A/trial-balance"): "read-books",
    ("GET", "/books/A/figures"): "read-reports",
    ("GET", "/books/A/entries"): "read-books",
    ("POST", "/books/A/entries"): "propose",
    ("GET", "/books/A/proposed-entries/00000000-0000-7000-8000-000000000000"): "read-books",
    ("POST", "/books/A/bank-statements"): "import",
    ("POST", "/campaigns/solar-roof/pledges"): "pledge",
}


def ask(
    town: Town, scopes: Collection[str], method: str, path: str, *, days: int = 90
) -> TestResponse:
    """Call as the treasurer, with a token for these scopes alone."""
    secret = made(town, "second treasurer", "One use", scopes, days=days)
    # Leaves room for further ones: twenty are the most.
    with town.db.transaction() as session:
        for row in tokens_of(session, person_id=town.people["second treasurer"]):
            row.revoked_at = NOW if row.name == "Spent" else None
            row.name = "Spent" if row.name == "One use" else row.name
    return call_with(town, secret, method, path)


def made(
    town: Town, who: str, name: str, scopes: Collection[str] = ("read-books:A",), *, days: int = 90
) -> str:
    """Make a token of somebody and return its secret."""
    with town.db.transaction() as session:
        return create_token(
            session, person_id=town.people[who], name=name, scopes=scopes, days=days, now=NOW
        )


def call_with(town: Town, secret: str, method: str, path: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {secret}"}
    options: dict[str, Any] = {}
    if method == "POST":
        headers["Idempotency-Key"] = new_key()
        options["json"] = {**WRITES[path]}
        if path.endswith("/entries"):
            options["json"]["external_ref"] = new_key()
    client = town.app.test_client()
    return client.open(f"/api/v1{path}", method=method, headers=headers, **options)


def test_the_table_names_every_address_that_needs_a_token() -> None:
    public = {"/books", "/campaigns", "/campaigns/solar-roof"}
    paths = {(method, path.split("/proposed-entries")[0]) for method, path in NEEDS}
    assert paths == {
        (method, path.split("/proposed-entries")[0]) for method, path in API if path not in public
    }


@pytest.mark.parametrize(("method", "path"), sorted(NEEDS))
def test_an_address_takes_its_own_scope_and_no_other(town: Town, method: str, path: str) -> None:
    needed = NEEDS[method, path]
    others = [f"{scope}:A" for scope in SCOPES if scope != needed]
    before = {**town.rows(), "api_token": 0, "rights_log": 0}
    refused = ask(town, others, method, path)
    problem(refused, 403)
    assert f"the scope {needed}" in refused.get_json()["detail"]
    elsewhere = ask(town, [f"{needed}:B"], method, path)
    problem(elsewhere, 403)
    assert f"the scope {needed}:A" in elsewhere.get_json()["detail"]
    assert {**town.rows(), "api_token": 0, "rights_log": 0} == before
    answer = ask(town, [f"{needed}:A"], method, path)
    good = 404 if "proposed-entries" in path else GOOD.get(path, 200)
    assert answer.status_code == (good if method == "POST" or good == 404 else 200)


def test_a_token_tells_nothing_of_books_it_is_not_for(town: Town) -> None:
    """A book that exists and one that does not are refused in the same words."""
    details = {
        ask(town, ["read-books:A"], "GET", f"/books/{code}/entries")
        .get_json()["detail"]
        .replace(code, "…")
        for code in ("B", "NOWHERE")
    }
    assert len(details) == 1


def test_a_scope_gives_no_more_than_the_owners_role(town: Town) -> None:
    secret = made(town, "member", "x")
    problem(call_with(town, secret, "GET", "/books/A/entries"), 403)


def test_a_token_ends_on_its_day(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = made(town, "auditor", "A week", days=7)
    end = NOW + timedelta(days=7)
    assert at(town, monkeypatch, end - timedelta(seconds=1), secret).status_code == 200
    ended = at(town, monkeypatch, end, secret)
    problem(ended, 401)
    assert "expired" in ended.get_json()["detail"]
    assert ended.headers["WWW-Authenticate"].startswith("Bearer")


def test_use_is_noted_once_a_minute(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = town.people["auditor"]
    secret = made(town, "auditor", "Noted")
    noted = []
    for seconds in (0, 30, 90):
        at(town, monkeypatch, NOW + timedelta(seconds=seconds), secret)
        with town.db.snapshot() as session:
            rows = tokens_of(session, person_id=owner)
        noted.append(next(row.last_used_at for row in rows if row.name == "Noted"))
    assert noted == [NOW, NOW, NOW + timedelta(seconds=90)]


def at(town: Town, monkeypatch: pytest.MonkeyPatch, instant: datetime, secret: str) -> TestResponse:
    """Call at an instant."""
    parts = town.app.extensions["poolbook"]
    with monkeypatch.context() as patched:
        patched.setitem(
            town.app.extensions,
            "poolbook",
            type(parts)(parts.db, parts.settings, parts.gateway, lambda: instant),
        )
        return call_with(town, secret, "GET", "/books/A/entries")


def test_every_view_of_the_api_says_which_scope_it_needs(town: Town) -> None:
    views = {
        name: view
        for name, view in town.app.view_functions.items()
        if name.startswith("api_") and name != "api_unknown.refuse"
    }
    assert {getattr(view, MARK) for view in views.values()} == {PUBLIC, *SCOPES}
    check_marks(town.app, {name.split(".")[0] for name in views})


@pytest.mark.parametrize("scope", [None, "everything"])
def test_a_view_without_a_scope_stops_the_program_from_starting(scope: str | None) -> None:
    blueprint = Blueprint("api_forgotten", "Forgotten")

    def view() -> str:
        return "the books"

    blueprint.get("/forgotten")(blueprint.needs(scope)(view) if scope else view)
    app = Flask("control")
    app.register_blueprint(blueprint)
    with pytest.raises(LookupError, match=r"api_forgotten\.view says no scope"):
        check_marks(app, {"api_forgotten"})


def test_the_document_says_the_scope_of_every_address(town: Town) -> None:
    document = town.app.test_client().get("/api/v1/openapi.json").get_json()
    said = {
        operation["security"][0]["token"][0]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method != "parameters" and operation["security"]
    }
    assert said == set(SCOPES)


def test_what_is_public_needs_no_token(call: Caller) -> None:
    for path in ("/books", "/campaigns", "/campaigns/solar-roof"):
        assert call("GET", path, "nobody").status_code == 200


def test_an_auditor_downloads_without_a_token(town: Town) -> None:
    answer = town.client("auditor").get("/books/A/export/csv")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param("?", "content", id="no Base64"),
        pytest.param("", "content", id="nothing"),
        pytest.param(base64.b64encode(b"%PDF-1.7").decode(), "file", id="a PDF"),
    ],
)
def test_a_bank_file_that_is_none_is_refused(
    town: Town, call: Caller, content: str, place: str
) -> None:
    before = town.rows()
    body = {"content": content}
    answer = call("POST", "/books/A/bank-statements", key=new_key(), json=body)
    assert place in problem(answer, 422)
    assert town.rows() == before


def test_a_bank_file_sent_twice_is_taken_once(call: Caller) -> None:
    path = "/books/A/bank-statements"
    call("POST", path, key=new_key(), json=BANK_FILE)
    again = call("POST", path, key=new_key(), json=BANK_FILE).get_json()
    assert (again["new"], again["duplicates"]) == (0, 1)
