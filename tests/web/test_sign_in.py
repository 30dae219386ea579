"""Signing in by link, forged forms, cookies, and the way back."""

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.db import Database
from ledger.links import Links
from ledger.queries.people.people import outbox
from ledger.web.site.context import LONGEST_WAY, remember_way
from tests.conftest import NOW
from tests.worlds.town import HOME, Town, found_town, person_in, token_in

EMAIL = "treasurer@example.org"
EXEMPT = {
    "webhook.receive",
    "api_bank_statements.take",
    "api_campaigns.pledge",
    "api_entries.post",
    "api_unknown.refuse",
}


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(tmp_path: Path, sqlite_template: Path, clock: Clock) -> Iterator[Town]:
    """A town with its protection against forged forms, and a clock to set."""
    shutil.copy(sqlite_template, tmp_path / "poolbook.db")
    database = Database(f"sqlite:///{tmp_path / 'poolbook.db'}")
    yield found_town(database, csrf=True, clock=clock)
    database.dispose()


def ask(client: FlaskClient, email: str = EMAIL) -> str:
    """Ask for a link and return what the page says."""
    token = token_in(client.get("/sign-in"))
    answer = client.post(
        "/sign-in",
        data={"email": email, "csrf_token": token},
    )
    assert answer.status_code == 200
    return answer.text


def links(town: Town) -> list[str]:
    """The links in the outbox, newest first."""
    with town.db.snapshot() as opened:
        mails = outbox(opened)
    fill = Links(HOME, town.app.config["SECRET_KEY"]).fill
    return [re.findall(rf"{HOME}(/sign-in/\S+)", fill(mail.body))[0] for mail in mails]


def follow(client: FlaskClient, link: str) -> TestResponse:
    """Press the button on a link's page."""
    shown = client.get(link)
    assert shown.status_code == 200
    return client.post(
        link,
        data={"csrf_token": token_in(shown)},
    )


def test_a_stranger_is_led_to_the_sign_in_and_back_to_what_they_asked_for(guarded: Town) -> None:
    client = guarded.client()
    wanted = "/books/A/journal?since=2026-01-01&fund=GEN"
    answer = client.get(wanted)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in")
    assert "Please sign in first." in client.get("/sign-in").text
    ask(client)
    entered = follow(client, links(guarded)[0])
    assert (entered.status_code, entered.headers["Location"]) == (303, wanted)
    assert client.get(wanted).status_code == 200
    # Once: the next sign-in leads to the start.
    ask(client)
    assert follow(client, links(guarded)[0]).headers["Location"] == "/start"


@pytest.mark.parametrize(
    "path",
    [
        "/giving?next=https://evil.example",
        "/sign-in?next=https://evil.example",
        "/start?way=https://evil.example",
        "/https://evil.example/",
    ],
)
def test_nobody_is_led_to_another_server_after_the_sign_in(guarded: Town, path: str) -> None:
    client = guarded.client()
    client.get(path)
    ask(client)
    way = follow(client, links(guarded)[0]).headers["Location"]
    assert way.split("?")[0] in ("/start", "/giving")


def test_an_address_that_browsers_read_as_another_server_is_not_kept(guarded: Town) -> None:
    ours = "/" + "x" * (LONGEST_WAY - 1)
    for path, kept in (
        ("/\\evil.example/giving", None),
        ("/\\/evil.example/giving", None),
        # Werkzeug makes one slash of the first ones before anybody reads the address.
        ("//evil.example/giving", "/evil.example/giving"),
        ("/start", "/start"),
        (ours, ours),
        # Nor is one kept that is too long for the cookie.
        (f"{ours}x", None),
    ):
        # As a server hands it over: a test client takes two slashes for the name of a server.
        with guarded.app.test_request_context(environ_overrides={"PATH_INFO": path}):
            remember_way()
            assert session.get("way") == kept, path


def test_a_form_sent_by_a_stranger_asks_to_sign_in_and_writes_nothing(town: Town) -> None:
    before = town.rows()
    answer = town.client().post("/books/A/cash", data={"amount": "5"})
    assert answer.status_code == 401
    assert "Please sign in" in answer.text
    assert town.rows() == before


def test_a_link_works_once(db: Database, clock: Clock) -> None:
    guarded = found_town(db, csrf=True, clock=clock)
    client, other = guarded.client(), guarded.client()
    ask(client)
    link = links(guarded)[0]
    # A mail scanner that opens it does not use it up.
    assert other.get(link).status_code == 200
    shown = other.get(link)
    assert follow(client, link).status_code == 303
    assert client.get("/books/A/desk").status_code == 200
    again = other.post(
        link,
        data={"csrf_token": token_in(shown)},
    )
    assert again.status_code == 401
    assert "already been used" in again.text
    assert other.get(link).status_code == 403
    assert other.get("/books/A/desk").status_code == 302


def test_a_link_ends_after_twenty_minutes(guarded: Town, clock: Clock) -> None:
    client = guarded.client()
    ask(client)
    link = links(guarded)[0]
    clock.now = NOW + timedelta(minutes=19, seconds=59)
    assert client.get(link).status_code == 200
    clock.now = NOW + timedelta(minutes=20)
    assert client.get(link).status_code == 403


def test_a_link_that_was_never_sent_lets_nobody_in(guarded: Town) -> None:
    for secret in ("x", "x" * 5000, "%00", "..", "é"):
        assert guarded.client().get(f"/sign-in/{secret}").status_code in (403, 404)


def test_at_most_five_links_an_hour_go_to_one_address(guarded: Town, clock: Clock) -> None:
    client = guarded.client()
    said = {ask(client, spelling) for spelling in (EMAIL, EMAIL.upper(), f" {EMAIL} ") * 3}
    assert len(links(guarded)) == 5
    clock.now = NOW + timedelta(hours=1, seconds=1)
    said.add(ask(client))
    assert len(links(guarded)) == 6
    assert all(
        "If we know this address, a message with a link and a code is on its way" in text
        for text in said
    )


def test_the_page_does_not_tell_whether_an_address_is_known(guarded: Town) -> None:
    client = guarded.client()
    known, unknown = ask(client), ask(client, "nobody.knows@example.org")
    assert len(links(guarded)) == 1
    # The pages differ in nothing but their token.
    blank = [re.sub(r'value="[^"]+"', "", text) for text in (known, unknown)]
    assert blank[0] == blank[1]


def test_the_cookie_is_hidden_from_scripts_and_other_sites_and_travels_by_tls(
    guarded: Town,
) -> None:
    client = guarded.client()
    ask(client)
    cookies = follow(client, links(guarded)[0]).headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-session", "__Host-visit"}
    for cookie in cookies:
        for flag in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
            assert flag in cookie
        assert "Domain=" not in cookie


def test_a_session_from_before_is_not_kept(guarded: Town) -> None:
    client = guarded.client()
    with client.session_transaction(base_url=HOME) as session:
        session["planted"] = "by somebody else"
    ask(client)
    follow(client, links(guarded)[0])
    with client.session_transaction(base_url=HOME) as session:
        assert "planted" not in session
    assert person_in(guarded, client) == guarded.people["treasurer"]


def test_signing_out_ends_the_session(guarded: Town) -> None:
    client = guarded.client()
    ask(client)
    follow(client, links(guarded)[0])
    token = token_in(client.get("/giving"))
    answer = client.post("/sign-out", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/giving").status_code == 302


def test_a_cookie_that_somebody_wrote_is_nobody(guarded: Town) -> None:
    client = guarded.client()
    for name in ("session", "__Host-session", "__Host-visit"):
        client.set_cookie(name, "eyJwZXJzb24iOiJ4In0.aaaa.bbbb", domain="poolbook.example")
    assert client.get("/giving").status_code == 302


def forged(town: Town) -> dict[str, int]:
    """What each form answers when it comes without the page's token."""
    return {
        endpoint: town.client("treasurer").post(town.address(endpoint)).status_code
        for endpoint in town.endpoints("POST")
        if endpoint not in EXEMPT
    }


def test_no_form_is_taken_without_its_token(guarded: Town) -> None:
    before = guarded.rows()
    assert set(forged(guarded).values()) == {400}
    assert guarded.rows() == before
    answer = guarded.client("treasurer").post("/books/A/cash")
    assert answer.mimetype == "text/html"
    assert "open for too long" in answer.text


def test_a_form_without_the_protection_would_be_noticed(guarded: Town) -> None:
    guarded.app.extensions["csrf"].exempt("ledger.web.approvals.queue.decide")
    answers = forged(guarded)
    assert {name for name, status in answers.items() if status != 400} == {"queue.decide"}


def test_the_token_of_another_session_is_refused(guarded: Town) -> None:
    token = token_in(guarded.client("approver").get("/tokens"))
    answer = guarded.client("treasurer").post(
        "/tokens",
        data={"csrf_token": token, "name": "x", "days": "90", "read-books:A": "on"},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("endpoint", sorted(EXEMPT - {"api_unknown.refuse"}))
def test_what_takes_no_token_of_a_page_takes_no_cookie_either(guarded: Town, endpoint: str) -> None:
    before = guarded.rows()
    answer = guarded.client("treasurer").post(guarded.address(endpoint), json={})
    assert answer.status_code in (400, 401, 404)
    assert guarded.rows() == before
