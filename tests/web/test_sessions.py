"""Sessions are rows: copied cookies, sign-out, limits, and where somebody is signed in."""

import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.db import Database
from ledger.models.sessions import SignInSession
from ledger.services.people import sessions
from ledger.services.people.people import grant_role, sha256
from ledger.services.workflow import backups
from tests.conftest import NOW
from tests.web.test_claimed_addresses import (
    address,
    give,
    mailed,
    sign_in,
    sign_in_after_giving,
)
from tests.web.test_sign_in import Clock
from tests.worlds.town import Town, found_town, person_in, token_of

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)
ROLE_PAGE = "/books/A/desk"


CLOCK = Clock()


@pytest.fixture(autouse=True)
def clock() -> Clock:
    """The towns' clock, put right before each test."""
    CLOCK.now = NOW
    return CLOCK


@pytest.fixture(scope="module")
def lasting(shared_db: Database) -> Town:
    """A town with a clock to set."""
    return found_town(shared_db, clock=CLOCK)


@pytest.fixture(scope="module")
def quick(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The same on SQLite alone."""
    path = tmp_path_factory.mktemp("town") / "poolbook.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield found_town(database, clock=CLOCK)
    database.dispose()


def copy_of(town: Town, client: FlaskClient) -> FlaskClient:
    """Another browser with copies of all cookies of this one."""
    thief = town.client()
    for cookie in (client._cookies or {}).values():
        thief.set_cookie(cookie.key, cookie.value, domain=cookie.domain)
    return thief


def is_in(client: FlaskClient, page: str = "/giving") -> bool:
    """Whether somebody is signed in in a browser, or may see another page."""
    return client.get(page).status_code == 200


def row_of(town: Town, client: FlaskClient) -> SignInSession:
    """The row of a browser's session."""
    with town.db.snapshot() as session:
        return session.scalars(
            select(SignInSession).where(
                SignInSession.token_sha256 == sha256(token_of(client) or "")
            )
        ).one()


def test_a_copied_cookie_reads_nothing_after_the_sign_out(lasting: Town) -> None:
    owner = lasting.client("treasurer")
    thief = copy_of(lasting, owner)
    assert is_in(thief, ROLE_PAGE)
    assert owner.post("/sign-out").status_code == 303
    assert not is_in(owner)
    for page in ("/giving", ROLE_PAGE, "/my-data.json", "/sessions"):
        assert not is_in(thief, page)
    assert lasting.client("treasurer").get("/giving").status_code == 200


def test_signing_out_everywhere_ends_every_browser_and_nobody_elses(lasting: Town) -> None:
    here, there, other = (lasting.client(who) for who in ("member", "member", "donor"))
    tokens = [token_of(client) or "" for client in (here, there)]
    assert here.post("/sessions/end").status_code == 303
    assert [is_in(client) for client in (here, there, other)] == [False, False, True]
    with lasting.db.snapshot() as session:
        ended = select(SignInSession.ended_reason).where(
            SignInSession.token_sha256.in_([sha256(token) for token in tokens])
        )
        assert session.scalars(ended).all() == ["everywhere", "everywhere"]


def test_one_sees_ones_own_browsers_and_signs_out_one(quick: Town, clock: Clock) -> None:
    email = address()
    give(quick.client(), email)
    browsers = []
    for agent in (FIREFOX, EDGE, SAFARI):
        client = quick.client()
        client.environ_base["HTTP_USER_AGENT"] = agent
        client.post("/sign-in", data={"email": email})
        link = mailed(quick, email)[0]
        assert client.post(link, data={"name": "Dana"}).status_code == 303
        browsers.append(client)
    firefox, edge, _safari = browsers
    quick.client("member")
    shown = firefox.get("/sessions").text
    for device in ("Firefox on Windows", "Edge on Windows", "Safari on iPhone"):
        assert shown.count(f'label="Browser">{device}<') == 1
    assert shown.count('data-label="Browser"') == 3
    assert "Mozilla" not in shown
    row = row_of(quick, edge)
    assert f"/sessions/{row.id}/end" in shown
    # Nobody else ends it, not even an admin.
    assert quick.client("admin").post(f"/sessions/{row.id}/end").status_code == 404
    assert is_in(edge)
    assert firefox.post(f"/sessions/{row.id}/end").status_code == 303
    assert [is_in(client) for client in browsers] == [True, False, True]
    assert firefox.post(f"/sessions/{row.id}/end").status_code == 404


@pytest.mark.parametrize(
    ("who", "idle", "longest"),
    [
        ("donor", timedelta(days=30), timedelta(days=90)),
        ("member", timedelta(hours=12), timedelta(days=7)),
    ],
)
def test_a_session_ends_unused_and_at_the_latest_after_a_time(
    lasting: Town, clock: Clock, who: str, idle: timedelta, longest: timedelta
) -> None:
    idling = lasting.client(who)
    clock.now = NOW + idle - timedelta(seconds=1)
    assert is_in(idling)
    clock.now += idle
    assert not is_in(idling)
    clock.now = NOW
    busy = lasting.client(who)
    while clock.now + idle / 2 < NOW + longest:
        clock.now += idle / 2
        assert is_in(busy)
    clock.now = NOW + longest - timedelta(seconds=1)
    assert is_in(busy)
    clock.now = NOW + longest
    assert not is_in(busy)


def test_a_use_is_written_down_once_a_minute(quick: Town, clock: Clock) -> None:
    client = quick.client("member")
    clock.now = NOW + timedelta(seconds=59)
    assert is_in(client)
    assert row_of(quick, client).last_seen_at == NOW
    clock.now = NOW + timedelta(seconds=60)
    assert is_in(client)
    row = row_of(quick, client)
    assert row.last_seen_at == clock.now
    assert row.idle_until == clock.now + sessions.IDLE[True]


def test_a_page_does_not_wait_to_write_down_its_use(quick: Town, clock: Clock) -> None:
    client = quick.client("member")
    clock.now = NOW + timedelta(minutes=5)
    with quick.db.transaction() as writer:
        # SQLite has one writer: until this one is through, nobody else is.
        writer.connection()
        assert is_in(client)
    assert row_of(quick, client).last_seen_at == NOW
    assert is_in(client)
    assert row_of(quick, client).last_seen_at == clock.now


def test_signing_in_brings_another_token_and_ends_the_one_before(lasting: Town) -> None:
    client = sign_in_after_giving(lasting)
    first, copied = token_of(client), copy_of(lasting, client)
    assert person_in(lasting, client) is not None
    email = address()
    give(lasting.client(), email)
    client.post("/sign-in", data={"email": email})
    client.post(mailed(lasting, email)[0], data={"name": "Dana"})
    second = token_of(client)
    assert second != first
    assert not is_in(copied)
    # The same person in the same browser: one session, another token.
    before = row_of(lasting, client)
    client.post("/sign-in", data={"email": email})
    client.post(mailed(lasting, email)[0], data={"name": "Dana"})
    assert token_of(client) not in (first, second)
    assert row_of(lasting, client).id == before.id


def test_a_token_is_replaced_when_its_owner_gains_a_role(lasting: Town, clock: Clock) -> None:
    client = lasting.client("donor")
    before, copied = token_of(client), copy_of(lasting, client)
    clock.now = NOW + timedelta(minutes=1)
    with lasting.db.transaction() as session:
        book = lasting.ids["other_book"]
        grant_role(
            session,
            person_id=lasting.people["donor"],
            book_id=UUID(book),
            role="member",
            now=clock.now,
        )
    clock.now += timedelta(seconds=1)
    assert is_in(client)
    after = token_of(client)
    assert after != before
    assert not is_in(copied)
    row = row_of(lasting, client)
    assert row.idle_until == clock.now + sessions.IDLE[True]
    assert row.absolute_until == clock.now + sessions.ABSOLUTE[True]
    assert is_in(client)
    assert token_of(client) == after


def test_the_database_holds_no_token_and_a_backup_no_session(quick: Town) -> None:
    token = token_of(quick.client("treasurer")) or ""
    assert len(token) >= 43
    quick.db.flush_log()
    stored = Path(quick.db.url.removeprefix("sqlite:///")).read_bytes()
    assert token.encode() not in stored
    assert sha256(token).encode() in stored
    out = BytesIO()
    with quick.db.snapshot() as session:
        backups.write_backup(session, out, revision="0")
    with zipfile.ZipFile(out) as archive:
        assert "person.jsonl" in archive.namelist()
        assert "session.jsonl" not in archive.namelist()


def test_strangers_get_no_session(lasting: Town) -> None:
    before, email = lasting.rows()["session"], address()
    stranger = lasting.client()
    give(stranger, email)
    stranger.get("/sign-in")
    assert lasting.rows()["session"] == before
    assert token_of(stranger) is None
    sign_in(lasting, email, "Stranger")
    assert lasting.rows()["session"] == before + 1


def test_an_erased_person_is_signed_in_nowhere(lasting: Town) -> None:
    client = sign_in_after_giving(lasting)
    copied, row = copy_of(lasting, client), row_of(lasting, client)
    email = client.get("/my-data.json").get_json()["email"]
    assert client.get("/my-data.json").get_json()["signed_in"][0]["since"] == NOW.isoformat()
    # What is still open of a gift is taken back first.
    assert client.post("/my-data/erase", data={"email": email}).status_code == 303
    assert not is_in(client)
    assert not is_in(copied)
    with lasting.db.snapshot() as session:
        assert session.get(SignInSession, row.id) is None


def test_what_is_known_of_old_sessions_is_forgotten(quick: Town, clock: Clock) -> None:
    old = row_of(quick, quick.client("member"))
    clock.now = NOW + sessions.KEPT + timedelta(days=8)
    quick.client("member")
    with quick.db.snapshot() as session:
        assert session.get(SignInSession, old.id) is None


def test_a_session_is_fresh_for_a_quarter_of_an_hour(quick: Town) -> None:
    row = row_of(quick, quick.client("treasurer"))
    until: datetime = NOW + timedelta(minutes=15)
    assert sessions.is_fresh(row, until - timedelta(seconds=1))
    assert not sessions.is_fresh(row, until)


def confirm_by_link(town: Town, client: FlaskClient, email: str) -> str:
    """Ask for another link on the page that wants one, press it, and return where that leads."""
    shown = client.get("/sign-in/again").text
    assert email not in shown
    assert f"{email[0]}•••@example.org" in shown
    assert client.post("/sign-in/again").status_code == 200
    return client.post(mailed(town, email)[0], data={"name": ""}).headers["Location"]


def test_a_deed_about_rights_wants_a_sign_in_of_the_last_quarter_of_an_hour(
    lasting: Town, clock: Clock
) -> None:
    client, who = lasting.client("admin"), {"name": "Nia <Bo>", "email": address()}
    clock.now = NOW + sessions.FRESH
    before, token = lasting.rows(), token_of(client)
    sent = client.post("/books/A/people", data=who | {"role": "auditor"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/sign-in/again")
    assert lasting.rows() == before
    assert confirm_by_link(lasting, client, "admin@example.org") == "/books/A/people"
    assert token_of(client) != token
    assert lasting.rows()["membership"] == before["membership"]
    # What was typed is still there, once, and is sent by a press alone.
    form = client.get("/books/A/people").text
    assert f'value="{who["email"]}"' in form
    assert 'value="Nia &lt;Bo&gt;"' in form
    assert "auditor" in form
    assert who["email"] not in client.get("/books/A/people").text
    assert client.post("/books/A/people", data=who | {"role": "auditor"}).status_code == 303
    assert lasting.rows()["membership"] == before["membership"] + 1


@pytest.mark.parametrize(
    ("who", "path", "page"),
    [
        ("admin", "/books/A/people/{membership_id}/end", "/books/A/people"),
        ("treasurer", "/tokens", "/tokens"),
        ("donor", "/my-data/erase", "/my-data"),
    ],
)
def test_other_deeds_about_rights_want_it_too(
    quick: Town, clock: Clock, who: str, path: str, page: str
) -> None:
    client = quick.client(who)
    clock.now = NOW + sessions.FRESH
    before = quick.rows()
    headers = {"Referer": f"https://poolbook.example{page}"}
    sent = client.post(path.format(**quick.ids), headers=headers)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/sign-in/again")
    assert quick.rows() == before
    assert confirm_by_link(quick, client, f"{who}@example.org") == page


def test_nobody_is_led_elsewhere_by_what_a_browser_says_it_came_from(
    quick: Town, clock: Clock
) -> None:
    client = quick.client("treasurer")
    for referrer in (
        "https://evil.example/books/A/people",
        "https://poolbook.example//evil.example/",
        # A page of ours with two slashes is served, and leads to a server of this name.
        "https://poolbook.example//start",
        "https://poolbook.example/\\evil.example/",
        "https://poolbook.example/nowhere",
        "javascript:alert(1)",
        "x" * 5000,
    ):
        # At most five links an hour go to one address.
        clock.now += timedelta(hours=1)
        client.post("/tokens", data={"name": "x" * 2000}, headers={"Referer": referrer})
        assert confirm_by_link(quick, client, "treasurer@example.org") == "/tokens", referrer
        assert "xxxx" not in client.get("/tokens").text


def test_what_one_person_typed_is_not_shown_to_the_next(quick: Town, clock: Clock) -> None:
    client = quick.client("treasurer")
    clock.now = NOW + sessions.FRESH
    client.post("/tokens", data={"name": "A secret plan", "days": "90"})
    client.post("/sign-in", data={"email": "approver@example.org"})
    client.post(mailed(quick, "approver@example.org")[0], data={"name": ""})
    assert "A secret plan" not in client.get("/tokens").text
