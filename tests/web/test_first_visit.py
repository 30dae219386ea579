"""The first visit to an installation without books: the code from the console opens the first."""

import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger import setup_code
from ledger.db import Database
from ledger.models.people import Person
from ledger.queries.books.books import all_books, commodities, funds_of
from ledger.queries.people.people import people_of
from tests.conftest import NOW
from tests.worlds.town import HOME, Browser, settings_of
from wsgi import create_app, first_visit, reached_at

ANSWERS = {
    "name": "The Hall",
    "code": "hall",
    "place": "Halle",
    "currency": "eur",
    "time_zone": "Europe/Berlin",
    "profile": "CASH_SIMPLE",
    "admin_name": "Ada",
    "admin_email": "Ada@Example.org",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def browser(db: Database, data: Path) -> FlaskClient:
    """A browser at an installation without books."""
    app = create_app(replace(settings_of(db.url), data=data), db=db, clock=lambda: NOW)
    app.config.update(WTF_CSRF_ENABLED=False)
    app.test_client_class = Browser
    return app.test_client()


def code_on_the_console(db: Database, data: Path) -> str:
    told = first_visit(db, replace(settings_of(db.url), data=data), HOME)
    found = re.search(r"/first-visit and enter the code ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})$", told)
    assert found is not None, told
    return found[1]


def test_a_visitor_with_the_code_opens_the_first_book_and_signs_in(
    db: Database, data: Path, browser: FlaskClient
) -> None:
    code = code_on_the_console(db, data)
    assert stat.S_IMODE((data / "setup_code").stat().st_mode) == 0o600
    assert browser.get("/").headers["Location"] == "/first-visit"
    assert "One-time code" in browser.get("/first-visit").text
    # As people type it.
    answers = {**ANSWERS, "setup_code": f" {code.lower().replace('-', ' ')} "}
    done = browser.post("/first-visit", data=answers)
    assert done.status_code == 303
    assert browser.post(done.headers["Location"]).status_code == 303
    assert browser.get("/start").headers["Location"] == "/books/HALL/settings"
    with db.snapshot() as session:
        (book,) = all_books(session)
        assert (book.code, book.commodity, book.time_zone, book.profile, book.place) == (
            *("HALL", "EUR", "Europe/Berlin", "CASH_SIMPLE"),
            "Halle",
        )
        assert [fund.code for fund in funds_of(session, book.id)] == ["GEN"]
        assert {"MIN.CARP", "EQP.DRILL"} <= commodities(session).keys()
        held = [(row.email, row.role) for row in people_of(session, book_id=book.id, now=NOW)]
        assert held == [("ada@example.org", "admin")]


def test_without_the_code_nothing_is_opened(db: Database, data: Path, browser: FlaskClient) -> None:
    # Before the server has printed one, no code is right.
    for typed in ("0000-0000-0000", "\u0664"):
        assert (
            browser.post("/first-visit", data={**ANSWERS, "setup_code": typed}).status_code == 422
        )
    code = code_on_the_console(db, data)
    for typed in ("", "0000-0000-0000", code[:-1], code + "0", "\u0664"):
        refused = browser.post("/first-visit", data={**ANSWERS, "setup_code": typed})
        assert refused.status_code == 422
        assert 'href="#setup_code"' in refused.text
        # What was typed is kept, but for the code.
        assert 'value="The Hall"' in refused.text
        assert code not in refused.text
    with db.snapshot() as session:
        assert all_books(session) == []
        assert session.query(Person).count() == 0


def test_the_code_dies_with_its_use_and_a_second_visit_is_refused(
    db: Database, data: Path, browser: FlaskClient
) -> None:
    answers = {**ANSWERS, "setup_code": code_on_the_console(db, data)}
    assert browser.post("/first-visit", data=answers).status_code == 303
    assert not (data / "setup_code").exists()
    stranger = {**answers, "name": "Mine", "code": "MINE", "admin_email": "eve@example.org"}
    for answer in (
        browser.post("/first-visit", data=answers),
        browser.post("/first-visit", data=stranger),
    ):
        assert answer.status_code == 401
        assert "This installation is already set up. Please sign in." in answer.text
    assert browser.get("/first-visit").headers["Location"] == "/sign-in"
    with db.snapshot() as session:
        assert [book.code for book in all_books(session)] == ["HALL"]
    # Restarted, the server prints nothing and keeps no code.
    setup_code.issue(data)
    assert first_visit(db, replace(settings_of(db.url), data=data), HOME) == ""
    assert not (data / "setup_code").exists()


def test_a_bad_answer_is_named_and_leaves_the_code_for_another_try(
    db: Database, data: Path, browser: FlaskClient
) -> None:
    code = code_on_the_console(db, data)
    for field, wrong in (
        ("time_zone", "Mars/Olympus"),
        ("currency", "doubloons"),
        ("currency", "MARS"),
        ("code", "a b"),
        ("admin_email", "nobody"),
        ("profile", "MINE"),
        ("name", " "),
    ):
        refused = browser.post("/first-visit", data={**ANSWERS, "setup_code": code, field: wrong})
        assert refused.status_code == 422, field
        assert f'href="#{field}"' in refused.text, field
    assert code_on_the_console(db, data) == code
    assert browser.post("/first-visit", data={**ANSWERS, "setup_code": code}).status_code == 303


def test_all_that_is_wrong_is_said_at_once(db: Database, data: Path, browser: FlaskClient) -> None:
    code_on_the_console(db, data)
    wrong = {
        "code": "A B",
        "currency": "XX",
        "time_zone": "Mars",
        "admin_email": "nope",
        "setup_code": "0000-0000-0000",
    }
    refused = browser.post("/first-visit", data=ANSWERS | wrong)
    assert refused.status_code == 422
    assert [name for name in wrong if f'href="#{name}"' not in refused.text] == []


@pytest.mark.parametrize(
    ("base", "host", "port", "shown"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", 8310, "http://127.0.0.1:8310"),
        ("http://localhost:8000", "localhost", 8310, "http://localhost:8310"),
        # Any port is free: only the line of the server tells which it took.
        ("http://127.0.0.1:8000", "127.0.0.1", 0, "http://127.0.0.1:8000"),
        ("https://books.example.org", "127.0.0.1", 8310, "https://books.example.org"),
        ("http://127.0.0.1:8000", "0.0.0.0", 8310, "http://127.0.0.1:8000"),  # noqa: S104
    ],
)
def test_the_console_shows_where_the_pages_are(base: str, host: str, port: int, shown: str) -> None:
    assert reached_at(settings_of("sqlite://", base), host, port) == shown


def test_a_server_that_can_keep_no_file_says_what_to_do_instead(
    db: Database, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    told = first_visit(db, replace(settings_of(db.url), data=tmp_path / "file" / "data"), HOME)
    assert told.startswith("There are no books yet. Run `poolbook setup`")


def test_two_servers_that_start_at_once_print_one_code(data: Path) -> None:
    assert setup_code.issue(data) == setup_code.issue(data)
    assert [path.name for path in data.iterdir()] == ["setup_code"]
