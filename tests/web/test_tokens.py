"""One's own tokens: shown once, listed by name, ended at once."""

import re

import pytest

from ledger.services.people import MAX_TOKENS
from tests.web.town import Town


def make(town: Town, who: str, name: str = "A script", scope: str = "read") -> str:
    """Make a token on the page and return its secret."""
    answer = town.client(who).post("/tokens", data={"name": name, "scope": scope})
    assert answer.status_code == 201
    found = re.search(r'<pre id="secret">(pb_[\w-]{43})</pre>', answer.text)
    assert found is not None
    assert answer.headers["Cache-Control"] == "no-store"
    return found[1]


def read(town: Town, secret: str, book: str = "A") -> int:
    """Ask the API for a trial balance with a token."""
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1/books/{book}/trial-balance"
    return town.app.test_client().get(path, headers=headers).status_code


def test_a_token_is_shown_once_and_works(town: Town) -> None:
    secret = make(town, "treasurer", "The accountant's program")
    page = town.client("treasurer").get("/tokens").text
    assert "The accountant&#39;s program" in page
    assert secret not in page
    assert read(town, secret) == 200


def test_a_token_may_do_what_its_owner_may_do(town: Town) -> None:
    assert read(town, make(town, "auditor")) == 200
    assert read(town, make(town, "member")) == 403
    assert read(town, make(town, "other treasurer")) == 404
    assert read(town, make(town, "other treasurer"), "B") == 200


def test_a_revoked_token_is_refused_at_once(town: Town) -> None:
    secret = make(town, "approver", "Lost on the train")
    client = town.client("approver")
    paths = re.findall(r'action="(/tokens/[^"]+/revoke)"', client.get("/tokens").text)
    assert read(town, secret) == 200
    for path in paths * 2:
        assert client.post(path).status_code == 303
    assert read(town, secret) == 401
    assert 'class="status revoked"' in client.get("/tokens").text


def test_the_tokens_of_others_are_not_shown(town: Town) -> None:
    make(town, "auditor", "Only the auditor's")
    assert "Only the auditor" not in town.client("donor").get("/tokens").text


@pytest.mark.parametrize("who", ["second member"])
def test_nobody_has_more_tokens_than_they_can_watch(town: Town, who: str) -> None:
    for number in range(MAX_TOKENS):
        make(town, who, f"Number {number}")
    answer = town.client(who).post("/tokens", data={"name": "One more", "scope": "read"})
    assert answer.status_code == 409
    assert "Revoke one" in answer.text
    assert 'value="One more"' in answer.text
