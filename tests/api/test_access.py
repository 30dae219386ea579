"""Who may call what: tokens, scopes, roles per book; and writes that happen once."""

import threading

import pytest
from werkzeug.test import TestResponse

from ledger.models.factors import FactorPolicy
from ledger.queries.books.books import book_by_code
from ledger.queries.people.people import tokens_of
from ledger.services.people.tokens import create_token, revoke_token
from tests.api.conftest import Caller, agree
from tests.api.test_refusals import BASKET, ENTRY, GOOD, WRITES, new_key, problem
from tests.conftest import NOW
from tests.web.permissions import API
from tests.worlds.town import EVERYBODY, INSTALLER, Town


@pytest.mark.parametrize(("method", "path"), sorted(API))
def test_an_address_is_open_to_exactly_those_it_is_for(
    town: Town, call: Caller, method: str, path: str
) -> None:
    allowed = set()
    body = {**ENTRY, "external_ref": new_key()}
    proposal = call("POST", "/books/A/entries", key=new_key(), json=body).get_json()["proposal"]
    for who in EVERYBODY:
        before = town.rows()
        key = new_key() if method == "POST" else None
        body = {**WRITES.get(path, {})}
        if path.endswith("/entries"):
            body["external_ref"] = who
        options = {"json": body} if method == "POST" else {}
        answer = call(method, path.format(proposal=proposal), who, key=key, **options)
        if answer.status_code < 400:
            allowed.add(who)
            continue
        stranger = who in ("donor", INSTALLER) or "other" in who
        expected = 401 if who == "nobody" else 404 if stranger else 403
        problem(answer, expected)
        assert town.rows() == before, who
    assert allowed == API[method, path]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="without a secret"),
        pytest.param("Bearer ", id="with an empty secret"),
        pytest.param("Bearer pb_wrong", id="that nobody made"),
        pytest.param("Bearer " + "x" * 5000, id="without end"),
        pytest.param("Basic dHJlYXN1cmVyOng=", id="of another kind"),
        pytest.param("bearer pb_wrong\x00", id="with a NUL"),
        pytest.param("Bearer é", id="of other letters"),
    ],
)
def test_a_token_that_is_none_is_refused_before_the_body_is_read(
    town: Town, call: Caller, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    before = town.rows()
    for path in WRITES:
        answer = call("POST", path, "nobody", headers=headers, data="{")
        assert problem(answer, 401) == {}
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert town.rows() == before


def test_a_token_for_reading_does_not_write(town: Town, call: Caller) -> None:
    assert call("GET", "/books/A/entries", scope="read").status_code == 200
    before = town.rows()
    for path, body in WRITES.items():
        problem(call("POST", path, scope="read", key=new_key(), json=body), 403)
    assert town.rows() == before


def test_the_token_of_a_role_without_its_required_factor_reads_and_does_not_write(
    town: Town, call: Caller
) -> None:
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
    policy = FactorPolicy(
        book_id=book.id, role="treasurer", demand="required", grace_days=0, set_at=NOW
    )
    key = (policy.book_id, policy.role)
    body = {**ENTRY, "external_ref": new_key()}
    town.tell(lambda session: session.add(policy))
    before = town.rows()
    try:
        answer = call("POST", "/books/A/entries", key=new_key(), json=body)
        assert problem(answer, 403) == {}
        assert "requires a second factor" in answer.text
        assert town.rows() == before
        assert call("GET", "/books/A/entries").status_code == 200
    finally:
        town.tell(lambda session: session.delete(session.get_one(FactorPolicy, key)))
    assert call("POST", "/books/A/entries", key=new_key(), json=body).status_code == 202


def test_a_revoked_token_is_refused_at_once(town: Town) -> None:
    with town.db.transaction() as session:
        owner = town.people["auditor"]
        secret = create_token(
            session, person_id=owner, name="Gone", scopes=["read-books:A"], now=NOW
        )
        token = next(row for row in tokens_of(session, person_id=owner) if row.name == "Gone")

    def ask() -> TestResponse:
        headers = {"Authorization": f"Bearer {secret}"}
        return town.app.test_client().get("/api/v1/books/A/entries", headers=headers)

    assert ask().status_code == 200
    town.tell(lambda s: revoke_token(s, person_id=owner, token_id=token.id, now=NOW))
    problem(ask(), 401)


def test_a_cookie_is_no_token(town: Town) -> None:
    problem(town.client("treasurer").get("/api/v1/books/A/entries"), 401)


def test_the_same_write_under_one_key_happens_once(town: Town, call: Caller) -> None:
    for path, body in WRITES.items():
        key = new_key()
        body = {**body, "external_ref": key} if "entries" in path else body
        first = call("POST", path, key=key, json=body)
        before = town.rows()
        again = call("POST", path, key=key, json=body)
        status = GOOD[path]
        assert (first.status_code, again.status_code) == (status, status)
        assert first.get_json() == again.get_json()
        assert town.rows() == before


def test_another_write_under_the_same_key_is_refused(town: Town, call: Caller) -> None:
    key = new_key()
    body = {**ENTRY, "external_ref": key}
    assert call("POST", "/books/A/entries", key=key, json=body).status_code == 202
    before = town.rows()
    other = call("POST", "/books/A/entries", key=key, json={**body, "event_type": "manual"})
    assert "Idempotency-Key" in problem(other, 409)
    elsewhere = call("POST", "/campaigns/solar-roof/pledges", key=key, json=BASKET)
    assert "Idempotency-Key" in problem(elsewhere, 409)
    assert town.rows() == before


def test_a_key_belongs_to_its_caller(town: Town, call: Caller) -> None:
    key = new_key()
    path = "/campaigns/solar-roof/pledges"
    baskets = {
        call("POST", path, who, key=key, json=BASKET).get_json()["basket"]
        for who in ("treasurer", "donor")
    }
    assert len(baskets) == 2


def test_a_key_may_be_as_long_as_it_is_said(call: Caller) -> None:
    for key in ("k" * 8, "k" * 64):
        body = {**ENTRY, "external_ref": key}
        assert call("POST", "/books/A/entries", key=key, json=body).status_code == 202
        path = "/campaigns/solar-roof/pledges"
        assert call("POST", path, "donor", key=key, json=BASKET).status_code == 201


def test_a_refused_write_does_not_use_up_its_key(call: Caller) -> None:
    key = new_key()
    wrong = {**ENTRY, "external_ref": key, "postings": ENTRY["postings"][:1]}
    problem(call("POST", "/books/A/entries", key=key, json=wrong), 422)
    right = {**ENTRY, "external_ref": key}
    assert call("POST", "/books/A/entries", key=key, json=right).status_code == 202


@pytest.mark.parametrize("key", [None, "", "short", "x" * 65, "with a space", "é" * 10])
def test_a_write_without_a_good_key_is_refused(town: Town, call: Caller, key: str | None) -> None:
    before = town.rows()
    for path, body in WRITES.items():
        assert list(problem(call("POST", path, key=key, json=body), 422)) == ["Idempotency-Key"]
    assert town.rows() == before


def test_the_same_write_sent_at_the_same_moment_happens_once(town: Town, call: Caller) -> None:
    key, answers = new_key(), []
    body = {**ENTRY, "external_ref": key}
    call("GET", "/books/A/entries")

    def send() -> None:
        answers.append(call("POST", "/books/A/entries", key=key, json=body))

    before = town.rows()["proposal"]
    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 6
    assert len({answer.get_json()["proposal"] for answer in answers}) == 1
    assert town.rows()["proposal"] == before + 1


def test_an_entry_sent_again_under_another_key_is_told_to_be_known(call: Caller) -> None:
    body = {**ENTRY, "external_ref": new_key()}
    first = call("POST", "/books/A/entries", key=new_key(), json=body).get_json()
    again = call("POST", "/books/A/entries", key=new_key(), json=body).get_json()
    assert again == {**first, "duplicate": True}
    legs = [{**leg, "quantity": 2 * leg["quantity"]} for leg in ENTRY["postings"]]
    answer = call("POST", "/books/A/entries", key=new_key(), json={**body, "postings": legs})
    assert "external_ref" in problem(answer, 409)


def test_entries_come_page_by_page_without_gap_or_repeat(town: Town, call: Caller) -> None:
    for _ in range(5):
        body = {**ENTRY, "external_ref": new_key()}
        agree(town, call("POST", "/books/A/entries", key=new_key(), json=body))
    whole = [row["id"] for row in call("GET", "/books/A/entries?limit=200").get_json()]
    paged: list[str] = []
    path = "/books/A/entries?limit=3"
    while rows := call("GET", path).get_json():
        assert len(rows) <= 3
        paged += [row["id"] for row in rows]
        path = f"/books/A/entries?limit=3&before={paged[-1]}"
    assert paged == whole
    assert len(whole) == len(set(whole)) > 6


def test_another_books_entry_is_no_mark_to_page_from(town: Town, call: Caller) -> None:
    """An id of book A tells nothing in book B, not even that it exists."""
    plain = call("GET", "/books/B/entries", "other treasurer").get_json()
    path = f"/books/B/entries?before={town.ids['entry_id']}"
    assert call("GET", path, "other treasurer").get_json() == plain
