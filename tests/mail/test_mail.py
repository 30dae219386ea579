"""Mail leaves: through a real SMTP server, with and without TLS, and what does not go is kept."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ledger import mail_worker
from ledger.config import MailSecurity, MailSettings
from ledger.db import Database, Session
from ledger.links import PLEDGE, Links, place_for
from ledger.mail import Letter, MailDown, MailServer
from ledger.models.people import OutboxMessage
from ledger.queries.jobs.outbox import MessageRow, messages_in
from ledger.services.jobs import outbox
from ledger.services.people.people import send
from tests.conftest import NOW
from tests.mail.relay import PASSWORD, USER, running


class Stop:
    """Stops a loop after three passes, and keeps how long it would have waited."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def is_set(self) -> bool:
        return len(self.pauses) == 3

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)


HOME = "https://books.example.org"
LINKS = Links(HOME, "secret")
PLEDGED = UUID("0192f000000070008000000000000001")


@pytest.fixture
def sqlite_db(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A database on one engine: what happens on the wire is the same."""
    shutil.copy(sqlite_template, tmp_path / "poolbook.db")
    database = Database(f"sqlite:///{tmp_path / 'poolbook.db'}")
    yield database
    database.dispose()


def write(
    db: Database,
    *to: str,
    subject: str = "About your pledge",
    body: str = "It has arrived.",
    now: datetime = NOW,
) -> None:
    """Put a message to each of these into the outbox."""

    def deed(session: Session) -> None:
        for one in to:
            send(session, to_email=one, subject=subject, body=body, now=now)

    db.run(deed)


def states(db: Database) -> dict[str, MessageRow]:
    """What became of the messages, by address."""
    with db.snapshot() as session:
        return {row.to_email: row for row in messages_in(session, state=None, limit=100)}


def bodies(db: Database) -> set[str]:
    with db.snapshot() as session:
        return {row.body for row in session.query(OutboxMessage)}


def post(db: Database, settings: MailSettings, *, now: datetime = NOW) -> int:
    return mail_worker.send_due(db, MailServer(settings, HOME), LINKS, now=now)


def test_a_message_arrives_as_text_and_html_with_its_link_and_its_words_are_forgotten(
    db: Database, tmp_path: Path
) -> None:
    body = f"Your pledge waits.\n\n{place_for(PLEDGE, PLEDGED)}\n\nThank <you> & all."
    write(db, "dana@example.org", subject="Æ pledge\r\nBcc: eve@example.org", body=body)
    with running(tmp_path) as (relay, settings):
        assert post(db, settings) == 1
        assert post(db, settings) == 0
    [message] = relay.taken
    assert relay.recipients == ["dana@example.org"]
    assert message["Subject"] == "Æ pledge Bcc: eve@example.org"
    assert message["Bcc"] is None
    assert message["From"] == "Three Streams <books@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    link = LINKS.to(PLEDGE, PLEDGED)
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert link in text.get_content().splitlines()
    assert f'href="{link}"' in page.get_content()
    assert "Thank &lt;you&gt; &amp; all." in page.get_content()
    assert states(db)["dana@example.org"].state == "sent"
    assert bodies(db) == {""}


def test_one_that_is_sent_twice_after_a_crash_bears_the_same_name(
    db: Database, tmp_path: Path
) -> None:
    write(db, "dana@example.org")
    with running(tmp_path) as (relay, settings):
        [row] = db.run(lambda session: outbox.claim(session, now=NOW))
        with MailServer(settings, HOME).connected() as connection:
            connection.send(Letter(row.id, row.to_email, row.subject, row.body, row.created_at))
        # The worker died here. Nobody else takes it before the lease is over.
        assert post(db, settings, now=NOW + timedelta(minutes=14)) == 0
        assert post(db, settings, now=NOW + timedelta(minutes=15)) == 1
    assert len(relay.taken) == 2
    assert len({message["Message-ID"] for message in relay.taken}) == 1


def test_a_refused_address_is_given_up_and_one_put_off_is_tried_again_and_others_go(
    db: Database, tmp_path: Path
) -> None:
    write(db, "gone@example.org")
    write(db, "full@example.org", now=NOW + timedelta(seconds=1))
    write(db, "dana@example.org", now=NOW + timedelta(seconds=2))
    now = NOW + timedelta(seconds=2)
    with running(tmp_path) as (relay, settings):
        relay.answers = {
            "gone@example.org": "550 no mailbox for gone@example.org",
            "full@example.org": "452 mailbox full",
        }
        assert post(db, settings, now=now) == 1
        found = states(db)
        assert {one: row.state for one, row in found.items()} == {
            "gone@example.org": "given up",
            "full@example.org": "waiting",
            "dana@example.org": "sent",
        }
        assert found["gone@example.org"].error == "answered 550"
        assert found["full@example.org"].error == "answered 452"
        relay.answers = {}
        assert post(db, settings, now=now + timedelta(seconds=59)) == 0
        assert post(db, settings, now=now + timedelta(seconds=60)) == 1
        assert db.run(lambda session: outbox.retry(session, now=now)) == 1
        assert post(db, settings, now=now) == 1
    assert relay.recipients == ["dana@example.org", "full@example.org", "gone@example.org"]


def test_a_relay_that_is_away_loses_nothing_and_is_asked_ever_more_rarely(
    db: Database, tmp_path: Path
) -> None:
    write(db, "a@example.org", "b@example.org")
    with running(tmp_path) as (_, settings):
        pass
    now, waits = NOW, []
    for _ in range(12):
        with pytest.raises(MailDown, match="ConnectionRefusedError"):
            post(db, settings, now=now)
        with db.snapshot() as session:
            due = {row.due_at for row in session.query(OutboxMessage)}
        [at] = due
        assert at is not None
        waits.append((at - now) // timedelta(minutes=1))
        assert post(db, settings, now=at - timedelta(seconds=1)) == 0
        now = at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    with running(tmp_path) as (relay, again):
        assert post(db, again, now=now) == 2
    assert sorted(relay.recipients) == ["a@example.org", "b@example.org"]


def test_what_is_three_days_old_is_given_up_and_not_sent_when_a_relay_is_named_at_last(
    db: Database, tmp_path: Path
) -> None:
    write(db, "old@example.org", now=NOW - timedelta(days=3))
    write(db, "new@example.org", now=NOW - timedelta(days=3) + timedelta(seconds=1))
    with running(tmp_path) as (relay, settings):
        assert post(db, settings) == 1
        assert db.run(lambda session: outbox.retry(session, now=NOW)) == 0
    assert relay.recipients == ["new@example.org"]
    assert states(db)["old@example.org"].error == "too old"


# aiosmtpd knows of TLS only what STARTTLS began.
BY_TLS_ALONE = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@BY_TLS_ALONE
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_over_tls_to_a_server_whose_name_is_shown(
    sqlite_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: MailSecurity
) -> None:
    write(sqlite_db, "dana@example.org")
    with running(tmp_path, security=security, user=USER, password=PASSWORD) as (relay, settings):
        with pytest.raises(MailDown, match="certificate"):
            post(sqlite_db, settings)
        assert relay.taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "relay.pem"))
        assert post(sqlite_db, settings, now=NOW + timedelta(minutes=1)) == 1
    assert relay.recipients == ["dana@example.org"]


@BY_TLS_ALONE
def test_a_wrong_password_keeps_all_waiting(
    sqlite_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(sqlite_db, "dana@example.org")
    with running(tmp_path, security="tls", user=USER, password="wrong") as (relay, settings):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "relay.pem"))
        with pytest.raises(MailDown, match="answered 535"):
            post(sqlite_db, settings)
    assert relay.taken == []
    assert states(sqlite_db)["dana@example.org"].state == "waiting"


def test_a_relay_without_starttls_gets_nothing_in_the_clear(
    sqlite_db: Database, tmp_path: Path
) -> None:
    write(sqlite_db, "dana@example.org")
    with (
        running(tmp_path) as (relay, plain),
        pytest.raises(MailDown, match="SMTPNotSupportedError"),
    ):
        post(sqlite_db, replace(plain, security="starttls"))
    assert relay.taken == []


def test_the_loop_goes_on_after_failures_and_logs_no_address(
    sqlite_db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write(sqlite_db, "dana@example.org")
    stop = Stop()
    with running(tmp_path) as (_, gone):
        pass
    clock = iter([NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=3)])
    server = MailServer(gone, HOME)
    # What it waits with counts the pauses instead of waiting.
    mail_worker.run(sqlite_db, server, LINKS, lambda: next(clock), stop)  # type: ignore[arg-type]
    assert stop.pauses == [1.0, 2.0, 4.0]
    assert "the mail relay: ConnectionRefusedError" in caplog.text
    assert "dana" not in caplog.text
