"""The operator's commands about mail, against a real relay, and the worker that sends it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.config import MailSettings
from ledger.db import Database, Session
from ledger.services.jobs import jobs
from ledger.services.people.people import create_person, send
from tests.cli.conftest import Run, run
from tests.conftest import NOW
from tests.mail.relay import SENDER, Relay, running
from tests.worlds.town import found_town

__all__ = ["run"]

ADA = "ada@example.org"


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Relay, MailSettings]]:
    """A relay that the settings name."""
    with running(tmp_path) as (found, settings):
        monkeypatch.setenv("POOLBOOK_DATA", str(tmp_path))
        monkeypatch.setenv("POOLBOOK_MAIL_URL", f"smtp+plain://127.0.0.1:{settings.port}")
        monkeypatch.setenv("POOLBOOK_MAIL_FROM", "Three Streams <books@example.org>")
        yield found, settings


def test_the_relay_is_tried_by_one_command(run: Run, relay: tuple[Relay, MailSettings]) -> None:
    done = run("mail", "test", ADA, "--json")
    assert (done.code, done.json) == (0, {"sent": True, "relay": "127.0.0.1"})
    assert relay[0].recipients == [ADA]
    relay[0].answers = {ADA: "550 no"}
    refused = run("mail", "test", ADA)
    assert (refused.code, refused.err) == (1, "127.0.0.1 does not accept the mail: answered 550.\n")
    assert run("mail", "test", "ada").code == 1


def test_without_a_relay_the_command_says_which_setting_is_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOLBOOK_DATA", str(tmp_path))
    assert run("mail", "test", ADA).err == "POOLBOOK_MAIL_URL: No mail server is set.\n"


def test_messages_are_listed_without_their_words_and_tried_again(run: Run, db: Database) -> None:
    now = datetime.now(UTC)

    def deed(session: Session) -> None:
        send(session, to_email=ADA, subject="Hello", body="secret words", now=now)

    db.run(deed)
    listed = run("mail", "list", "--json")
    assert "secret words" not in listed.out
    [row] = listed.json["messages"]
    assert (row["to"], row["subject"], row["state"], row["attempts"]) == (
        ADA,
        "Hello",
        "waiting",
        0,
    )
    assert listed.json["waiting"] == 1
    assert run("mail", "list", "--state", "sent", "--json").json["messages"] == []
    assert "Hello" in run("mail", "list").out
    assert run("mail", "retry", "--json").json == {"again": 0}


def test_the_operator_signs_somebody_in_without_mail(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, run: Run, db: Database
) -> None:
    monkeypatch.setenv("POOLBOOK_DATA", str(tmp_path / "data"))
    unknown = run("sign-in-link", ADA)
    assert unknown.code == 1
    assert "We found no role, pledge or contribution with this e-mail address" in unknown.err
    db.run(lambda session: create_person(session, email=ADA, name="Ada", now=datetime.now(UTC)))
    done = run("sign-in-link", ADA, "--json")
    assert done.code == 0
    assert done.json["link"].startswith("http://127.0.0.1:8000/sign-in/")


def wait_for(relay: Relay, count: int) -> None:
    until = time.monotonic() + 60
    while len(relay.taken) < count:
        assert time.monotonic() < until, "the worker sent nothing within a minute"
        time.sleep(0.1)


def test_the_worker_sends_what_is_due_and_stops_when_it_is_told_to(
    relay: tuple[Relay, MailSettings], tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "poolbook.db")
    database = Database(f"sqlite:///{tmp_path / 'poolbook.db'}")
    now = datetime.now(UTC)

    def deed(session: Session) -> None:
        send(session, to_email=ADA, subject="Hello", body="Words.", now=now)

    database.run(deed)
    worker = subprocess.Popen([sys.executable, "-c", "from wsgi import main; main()", "worker"])
    try:
        wait_for(relay[0], 1)
    finally:
        worker.terminate()
    assert worker.wait(timeout=30) == 0
    assert relay[0].recipients == [ADA]
    database.dispose()


@pytest.mark.parametrize(
    ("minutes", "well"), [(14, True), (16, False)], ids=["a little late", "stuck"]
)
def test_health_names_mail_that_is_stuck(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, minutes: int, well: bool
) -> None:
    shutil.copy(sqlite_template, tmp_path / "poolbook.db")
    database = Database(f"sqlite:///{tmp_path / 'poolbook.db'}")
    town = found_town(database)
    parts = town.app.extensions["poolbook"]
    client: FlaskClient = town.client()
    assert "mail" not in client.get("/healthz").get_json()
    assert "does not send mail yet" in client.get("/sign-in").text
    settings = replace(
        parts.settings, demo=False, mail=MailSettings("127.0.0.1", 25, "none", "", "", SENDER)
    )
    town.app.extensions["poolbook"] = replace(parts, settings=settings)
    at = NOW - timedelta(minutes=minutes)
    database.run(lambda session: send(session, to_email=ADA, subject="s", body="b", now=at))
    database.run(lambda session: jobs.heartbeat(session, process="worker", now=NOW))
    assert client.get("/healthz").get_json()["mail"] is well
    assert "does not send mail yet" not in client.get("/sign-in").text
    database.dispose()
