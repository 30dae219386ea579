"""One's own tokens: shown once, listed with what they may do, ended at once."""

import re
from datetime import timedelta

import pytest

from ledger.services.people.tokens import MAX_TOKENS, create_token
from tests.conftest import NOW
from tests.worlds.town import Town


def make(town: Town, who: str, name: str = "A script", *scopes: str, days: str = "90") -> str:
    """Make a token on the page and return its secret."""
    form = {"name": name, "days": days, **dict.fromkeys(scopes or ("read-books:A",), "on")}
    answer = town.client(who).post("/tokens", data=form)
    assert answer.status_code == 201, answer.text
    found = re.search(r'<pre id="secret">(pb_[\w-]{43})</pre>', answer.text)
    assert found is not None
    assert answer.headers["Cache-Control"] == "no-store"
    return found[1]


def read(town: Town, secret: str, book: str = "A") -> int:
    """Ask the API for a trial balance with a token."""
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1/books/{book}/trial-balance"
    return town.app.test_client().get(path, headers=headers).status_code


def row_of(page: str, name: str) -> str:
    """Return the row of a token in the table."""
    return next(row for row in re.split("</?tr>", page) if f">{name}</td>" in row)


def test_a_token_is_shown_once_and_works(town: Town) -> None:
    secret = make(town, "treasurer", "The accountant's program")
    page = town.client("treasurer").get("/tokens").text
    assert "The accountant&#39;s program" in page
    assert secret not in page
    assert read(town, secret) == 200


def test_the_page_says_what_a_token_may_do_when_it_ends_and_when_it_was_used(town: Town) -> None:
    secret = make(town, "treasurer", "Listed", "read-books:A", "propose:A", days="30")
    row = row_of(town.client("treasurer").get("/tokens").text, "Listed")
    assert "Read journal entries" in row
    assert "Request journal entries, which another person approves" in row
    assert "Import" not in row
    assert "never" in row
    read(town, secret)
    row = row_of(town.client("treasurer").get("/tokens").text, "Listed")
    assert "never" not in row
    assert f"{NOW:%H:%M} UTC" in row


def test_a_token_that_has_ended_is_shown_as_such(town: Town) -> None:
    town.tell(
        lambda session: create_token(
            session,
            person_id=town.people["approver"],
            name="Over",
            scopes=["read-books:A"],
            days=1,
            now=NOW - timedelta(days=2),
        )
    )
    row = row_of(town.client("approver").get("/tokens").text, "Over")
    assert 'class="status ended"' in row
    assert "/revoke" not in row


@pytest.mark.parametrize(
    ("who", "offered", "not_offered"),
    [
        ("treasurer", {"read-books:A", "propose:A", "import:A", "pledge:A"}, {"read-books:B"}),
        ("auditor", {"read-books:A", "read-reports:A"}, {"propose:A", "import:A"}),
        ("member", {"pledge:A"}, {"read-books:A"}),
        ("donor", set(), {"pledge:A"}),
    ],
)
def test_what_ones_role_does_not_allow_is_neither_offered_nor_given(
    town: Town, who: str, offered: set[str], not_offered: set[str]
) -> None:
    client = town.client(who)
    page = client.get("/tokens").text
    shown = set(re.findall(r'type="checkbox"\s+id="([\w:-]+)"', page))
    assert offered <= shown
    assert shown.isdisjoint(not_offered)
    before = town.rows()
    for scope in not_offered | {"read-books:*", "admin:A"}:
        form = {"name": "Too much", "days": "90", scope: "on"}
        assert client.post("/tokens", data=form).status_code == 422
    assert town.rows() == before


@pytest.mark.parametrize("days", ["0", "366", "", "-1", "9e9"])
def test_a_token_lasts_no_longer_than_a_year(town: Town, days: str) -> None:
    form = {"name": "For ever", "days": days, "read-books:A": "on"}
    answer = town.client("treasurer").post("/tokens", data=form)
    assert answer.status_code == 422
    assert "Choose how long" in answer.text


def test_a_token_may_do_what_its_owner_may_do(town: Town) -> None:
    assert read(town, make(town, "auditor")) == 200
    assert read(town, make(town, "member", "x", "pledge:A")) == 403
    assert read(town, make(town, "other treasurer", "x", "read-books:B")) == 403
    assert read(town, make(town, "other treasurer", "x", "read-books:B"), "B") == 200


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
        make(town, who, f"Number {number}", "pledge:A")
    form = {"name": "One more", "days": "90", "pledge:A": "on"}
    answer = town.client(who).post("/tokens", data=form)
    assert answer.status_code == 409
    assert "Revoke one" in answer.text
    assert 'value="One more"' in answer.text
