"""Pages for whoever looks after the installation, a role of no book."""

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.db import Database
from ledger.models.jobs import Job
from ledger.queries.books.books import all_books, book_by_code
from ledger.queries.people.people import people_of
from ledger.queries.people.sessions import session_of
from ledger.services.jobs import jobs, outbox
from ledger.services.people import installation_admins
from ledger.services.people.people import send, sha256
from ledger.services.people.sessions import start_session
from tests.conftest import NOW
from tests.web.permissions import NEW_BOOK
from tests.worlds.town import INSTALLER, Town, found_town

BOOKS = "/installation/books"


@pytest.fixture
def town(db: Database) -> Town:
    return found_town(db)


def test_the_overview_leads_to_each_part_and_has_its_state(town: Town) -> None:
    town.tell(lambda session: jobs.heartbeat(session, process=jobs.BACKUP, now=NOW))
    client = town.client(INSTALLER)
    assert client.get("/start").headers["Location"] == "/installation"
    shown = " ".join(client.get("/installation").text.split())
    for part in ("books", "jobs", "mail", "health"):
        assert f'href="/installation/{part}"' in shown
        assert client.get(f"/installation/{part}").status_code == 200
    for state in ("4 books", "1 job failed", "Not connected", "Last on Nov 2, 2026"):
        assert state in shown
    assert 'href="/installation"' in shown
    assert 'href="/installation"' not in town.client("admin").get("/books/A/settings").text


def test_the_role_gives_no_right_in_any_book_and_ends_at_once(town: Town) -> None:
    client = town.client(INSTALLER)
    for path in ("/books/A/settings", "/books/A/people", "/books/A/journal", "/queue"):
        assert client.get(path).status_code == 404
    town.tell(
        lambda session: installation_admins.end(session, person_id=town.people[INSTALLER], now=NOW)
    )
    assert client.get("/installation").status_code == 404


def test_a_session_from_before_the_role_is_to_get_another_token(town: Town) -> None:
    donor, later = town.people["donor"], NOW + timedelta(seconds=1)
    with town.db.transaction() as session:
        _row, token = start_session(
            session, person_id=donor, methods=("link",), device="", now=NOW, fresh=True
        )
        hashed = sha256(token)
        before = session_of(session, token_sha256=hashed, now=NOW)
        installation_admins.give(session, person_id=donor, now=later)
        early = session_of(session, token_sha256=hashed, now=NOW)
        since = session_of(session, token_sha256=hashed, now=later)
    told = [(one.runs_installation, one.has_gained) for one in (before, early, since) if one]
    assert told == [(False, False), (False, False), (True, True)]


def test_a_book_is_opened_with_its_first_admin(town: Town) -> None:
    client = town.client(INSTALLER)
    assert client.post(BOOKS, data={**NEW_BOOK, "code": "orchard"}).status_code == 303
    assert "The Orchard" in client.get(BOOKS).text
    with town.db.snapshot() as session:
        book = book_by_code(session, "ORCHARD")
        assert (book.time_zone, book.commodity, book.profile) == ("Europe/Berlin", "EUR", "US_GAAP")
        held = [(row.email, row.role) for row in people_of(session, book_id=book.id, now=NOW)]
    assert held == [("olga@example.org", "admin")]


def test_nobody_opens_their_way_into_a_book_that_is_there(town: Town) -> None:
    client = town.client(INSTALLER)
    assert client.post(BOOKS, data=NEW_BOOK).status_code == 303
    mine = {**NEW_BOOK, "admin_email": "eve@example.org"}
    refused = client.post(BOOKS, data=mine)
    assert refused.status_code == 409
    assert 'href="#code"' in refused.text
    with town.db.snapshot() as session:
        book = book_by_code(session, "ORCHARD")
        held = [row.email for row in people_of(session, book_id=book.id, now=NOW)]
        assert len(all_books(session)) == 5
    assert held == ["olga@example.org"]


def test_a_job_that_failed_is_tried_again_once(town: Town) -> None:
    client = town.client(INSTALLER)
    page = client.get("/installation/jobs").text
    assert "GatewayDown" in page
    address = f"/installation/jobs/{town.ids['job_id']}/retry"
    assert client.post(address).status_code == 303
    assert client.post(address).status_code == 404
    assert "No job has failed." in client.get("/installation/jobs").text
    with town.db.transaction() as session:
        job = session.get_one(Job, UUID(town.ids["job_id"]))
        assert (job.attempts, job.error, job.done_at) == (0, None, None)
        # The same work, waiting beside it: one is enough.
        job.done_at, job.error = NOW, "GatewayDown"
        jobs.enqueue(session, kind=job.kind, key=job.key, arguments={}, now=NOW)
    assert client.post(address).status_code == 409


def test_the_mail_log_shows_no_message_and_tries_again(town: Town) -> None:
    town.tell(
        lambda session: send(
            session,
            to_email="ada@example.org",
            subject="About <your> pledge",
            body="Only for Ada",
            now=NOW,
        )
    )
    with town.db.transaction() as session:
        (row,) = outbox.claim(session, now=NOW)
        outbox.note_refused(session, message_id=row.id, error="550 no such mailbox")
    client = town.client(INSTALLER)
    shown = client.get("/installation/mail").text
    assert "About &lt;your&gt; pledge" in shown
    assert "550 no such mailbox" in shown
    assert "Only for Ada" not in shown
    assert client.post("/installation/mail/retry").status_code == 303
    assert "1 message will be tried again." in client.get("/installation/mail").text


def test_health_is_what_the_doctor_finds(town: Town) -> None:
    shown = " ".join(town.client(INSTALLER).get("/installation/health").text.split())
    assert "Some parts need attention." in shown
    assert "Start `poolbook worker`." in shown
