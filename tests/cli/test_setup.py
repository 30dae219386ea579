"""From an empty folder to a book whose admin signs in, and what the doctor finds of each part."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import ledger.doctor
from ledger.config import from_environment
from ledger.core.entry import Posting, entry
from ledger.db import Database, Session
from ledger.doctor import Finding, Patient, examine
from ledger.gateway import GatewayDown
from ledger.models.jobs import CheckRun, Job
from ledger.models.payments import BalanceTransaction
from ledger.queries.books.books import book_by_code
from ledger.queries.invariants import Result
from ledger.queries.people.people import installation_admins
from ledger.services.books import journal, seals
from ledger.services.books.books import NewFund, create_fund
from ledger.services.jobs import jobs
from ledger.services.people.people import send
from ledger.services.workflow.first_book import FirstBook, open_first_book
from ledger.services.workflow.nightly import record_check
from tests.cli.conftest import Run, run
from tests.conftest import NOW
from tests.mail.relay import running
from wsgi import create_app

__all__ = ["run"]

ADA = "ada@example.org"
ANSWERS = (
    *("--name", "The Hall", "--code", "HALL", "--currency", "EUR"),
    *("--time-zone", "Europe/Berlin", "--place", "Halle"),
    *("--admin-name", "Ada", "--admin-email", ADA),
)
PLAN = FirstBook("HALL", "The Hall", "EUR", "Europe/Berlin", "Halle", "US_GAAP", ADA, "Ada")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database in which nothing is, not even tables."""
    monkeypatch.setenv("POOLBOOK_DATA", str(tmp_path / "data"))
    return f"sqlite:///{tmp_path / 'new.db'}"


def test_one_command_leads_from_nothing_to_a_signed_in_admin(run: Run, empty: str) -> None:
    done = run("setup", *ANSWERS, "--database", empty, "--json")
    assert (done.code, done.json["book"], done.json["admin"]) == (0, "HALL", ADA)
    path = done.json["link"].removeprefix("http://127.0.0.1:8000")
    app = create_app(from_environment({**os.environ, "POOLBOOK_DATABASE_URL": empty}))
    client = app.test_client()
    shown = client.get(path)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token is not None
    assert client.post(path, data={"csrf_token": token[1]}).status_code == 303
    page = client.get("/books/HALL/people")
    assert page.status_code == 200
    assert "Ada" in page.text


def test_setting_up_twice_changes_nothing_and_another_name_is_refused(run: Run, empty: str) -> None:
    assert run("setup", *ANSWERS, "--database", empty).code == 0
    again = run("setup", *ANSWERS, "--database", empty)
    assert again.code == 0
    assert "Book HALL created with the fund GEN and" in again.out
    other = run("setup", *ANSWERS, "--name", "Other", "--database", empty)
    assert (other.code, other.err) == (1, "code: Another book already has the code HALL.\n")
    elsewhere = run("setup", *ANSWERS, "--time-zone", "Asia/Tokyo", "--database", empty)
    assert elsewhere.code == 1


def test_the_first_admin_looks_after_the_installation_and_others_are_given_it_by_command(
    run: Run, empty: str
) -> None:
    assert run("setup", *ANSWERS, "--database", empty).code == 0
    on = ("--database", empty, "--json")
    second = ("--code", "BARN", "--admin-email", "bo@example.org")
    assert run("setup", *ANSWERS, *second, "--database", empty).code == 0
    assert admins(empty) == [ADA]
    given = run("role", "give", "bo@example.org", "--installation", *on)
    assert given.json == {"email": "bo@example.org", "role": "installation", "new": True}
    assert not run("role", "give", "bo@example.org", "--installation", *on).json["new"]
    assert admins(empty) == [ADA, "bo@example.org"]
    assert run("role", "end", ADA, "--installation", *on).code == 0
    assert admins(empty) == ["bo@example.org"]
    assert run("role", "end", ADA, "--installation", *on).code == 1
    assert run("role", "end", "cy@example.org", "--installation", *on).code == 1
    for wrong in (("HALL", "admin", "--installation"), (), ("HALL",)):
        assert run("role", "give", ADA, *wrong, *on).code == 2


def admins(url: str) -> list[str]:
    db = Database(url)
    with db.snapshot() as session:
        # After the commands, whose clock is the machine's.
        rows = installation_admins(session, now=datetime.now(NOW.tzinfo))
        return sorted(row.email for row in rows)


def test_what_is_missing_is_asked_for_or_named(run: Run, empty: str) -> None:
    refused = run("setup", "--name", "The Hall", "--database", empty)
    assert refused.code == 2
    assert "--code" in refused.err


def test_a_time_zone_is_corrected_as_long_as_nothing_is_sealed(run: Run, db: Database) -> None:
    create = ("book", "create", "B", "--name", "B", "--kind", "community", "--currency", "EUR")
    assert run(*create).code == 0
    assert run("book", "time-zone", "B", "Nowhere/Never").err.startswith("time_zone: There is no")
    done = run("book", "time-zone", "B", "Pacific/Auckland", "--json")
    assert done.json == {"book": "B", "time_zone": "Pacific/Auckland"}
    _record(db, "B", NOW)
    assert run("book", "time-zone", "B", "Asia/Tokyo").code == 0
    with db.transaction() as session:
        seals.seal_book(session, book_id=book_by_code(session, "B").id)
    refused = run("book", "time-zone", "B", "Europe/Berlin")
    assert refused.code == 1
    assert "sealed with the time zone Asia/Tokyo, so it cannot be changed" in refused.err


def test_a_time_zone_stays_once_a_checkpoint_of_the_empty_book_names_it(
    run: Run, db: Database
) -> None:
    """The first leaf of a log names the zone: to change it then would break the proof."""
    create = ("book", "create", "B", "--name", "B", "--kind", "community", "--currency", "EUR")
    assert run(*create).code == 0
    assert run("checkpoint", "--book", "B").code == 0
    assert run("book", "time-zone", "B", "Europe/Berlin").code == 1
    assert run("check").code == 0


def _record(db: Database, code: str, at: datetime) -> None:
    """Book something at an instant."""

    def deed(session: Session) -> None:
        book = book_by_code(session, code)
        create_fund(
            session, book_id=book.id, fund=NewFund(code="GEN", fund_class="unrestricted"), now=NOW
        )
        journal.post(
            session,
            [entry(code, Posting(1010, "GEN", "EUR", 5), Posting(4010, "GEN", "EUR", -5))],
            event_type="gift",
            source="test",
            external_ref="1",
            accounting_on=NOW.date(),
            now=at,
        )

    db.run(deed)


# The doctor


@pytest.fixture
def patient(db: Database, tmp_path: Path) -> Patient:
    """An installation in which all is well but mail and Stripe, which are not named."""
    data = tmp_path / "data"
    settings = replace(
        from_environment({"POOLBOOK_DATA": str(data)}), base_url="https://books.example.org"
    )

    def deed(session: Session) -> None:
        open_first_book(session, plan=PLAN, now=NOW - timedelta(hours=1))
        _beat_all(session, NOW)

    db.run(deed)
    return Patient(settings, db, None, NOW)


def found_of(patient: Patient) -> dict[str, Finding]:
    return {row.part: row for row in examine(patient)}


def sick(patient: Patient) -> set[str]:
    """The parts that are not well, each with a cure."""
    rows = [row for row in examine(patient) if not row.ok]
    assert all(row.cure and row.told for row in rows)
    return {row.part for row in rows}


ALWAYS = {"mail", "stripe"}


def test_a_well_installation_lacks_only_what_nobody_named(patient: Patient) -> None:
    if not patient.db.is_sqlite:
        # The server's clock is today's.
        patient = replace(patient, now=datetime.now(NOW.tzinfo))
        patient.db.run(lambda session: _beat_all(session, patient.now))
    assert sick(patient) == ALWAYS


def _beat_all(session: Session, now: datetime) -> None:
    for process in (jobs.WORKER, jobs.BACKUP):
        jobs.heartbeat(session, process=process, now=now)
    record_check(session, results=[], duration_ms=1, now=now)


def _no_beat(patient: Patient, process: str) -> None:
    with patient.db.transaction() as session:
        session.execute(text("delete from heartbeat where process = :p"), {"p": process})


def _given_up_job(patient: Patient) -> None:
    with patient.db.transaction() as session:
        session.add(
            Job(
                kind="stripe_event",
                key="x",
                arguments={},
                run_at=NOW,
                attempts=12,
                error="GatewayDown",
                created_at=NOW,
                done_at=NOW,
            )
        )


def _no_admin(patient: Patient) -> None:
    with patient.db.transaction() as session:
        session.execute(text("delete from membership"))


def _old_mail(patient: Patient) -> None:
    at = NOW - timedelta(hours=2)
    patient.db.run(lambda session: send(session, to_email=ADA, subject="s", body="b", now=at))


def _moved_unheard(patient: Patient) -> None:
    with patient.db.transaction() as session:
        session.add(
            BalanceTransaction(
                stripe_txn_id="txn_1",
                livemode=False,
                kind="charge",
                reporting_category="charge",
                amount=100,
                fee=3,
                net=97,
                commodity="EUR",
                body={},
                created_at=NOW - timedelta(days=2),
                available_on=NOW.date(),
            )
        )


def _open_file(patient: Patient) -> None:
    (patient.settings.data / "notes.txt").write_text("x")
    (patient.settings.data / "notes.txt").chmod(0o644)


def _broken_rule(patient: Patient) -> None:
    broken = Result("I-02", "value legs are money", False, 5, "entry 1")
    patient.db.run(lambda s: record_check(s, results=[broken], duration_ms=1, now=NOW))
    # The mail about it is not what is looked for.
    with patient.db.transaction() as session:
        session.execute(text("delete from outbox_message"))


def _old_check(patient: Patient) -> None:
    with patient.db.transaction() as session:
        session.get_one(CheckRun, NOW.date()).checked_at = NOW - timedelta(days=2)


def _short_key(patient: Patient) -> Patient:
    """A key file of which a copy broke off."""
    (patient.settings.data / "secret_key").write_text("5e")
    key = from_environment({"POOLBOOK_DATA": str(patient.settings.data)}).secret_key
    return replace(patient, settings=replace(patient.settings, secret_key=key))


def _address(text: str) -> Callable[[Patient], Patient]:
    return lambda patient: replace(patient, settings=replace(patient.settings, base_url=text))


# The part, how its fault comes about, and how the cure begins.
FAULTS: dict[str, tuple[str, Callable[[Patient], Patient | None], str]] = {
    "no worker": ("worker", lambda one: _no_beat(one, jobs.WORKER), "Start `poolbook worker`."),
    "no backup": ("backup", lambda one: _no_beat(one, jobs.BACKUP), "Run `poolbook backup FILE`"),
    "failed job": ("jobs", _given_up_job, "See the worker's log for the reason."),
    "broken rule": ("check", _broken_rule, "Run `poolbook check`, which names"),
    "no check": ("check", _old_check, "See the worker's log for why it does not check"),
    "no admin": ("people", _no_admin, "Run `poolbook role give EMAIL BOOK admin`."),
    "mail stuck": ("outbox", _old_mail, "See `poolbook mail list` for the reason"),
    "no webhook": ("webhook", _moved_unheard, "In Stripe's dashboard, send events to https://"),
    "open file": ("files", _open_file, "Run `chmod -R go= "),
    "short key": ("secrets", _short_key, "Leave it unset."),
    "no TLS": ("address", _address("http://books.example.org"), "Set POOLBOOK_BASE_URL to the"),
    "local address": ("address", _address("http://127.0.0.1:8000"), "Set POOLBOOK_BASE_URL to"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_planted_fault_is_found_with_its_cure(patient: Patient, fault: str) -> None:
    part, plant, cure = FAULTS[fault]
    patient = plant(patient) or patient
    assert sick(patient) == ALWAYS | {part}
    assert found_of(patient)[part].cure.startswith(cure)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_and_missing_fonts_are_found(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    monkeypatch.setattr(ledger.doctor, "NOTO", tmp_path)
    assert sick(patient) == ALWAYS | {"disk", "fonts"}
    assert found_of(patient)["disk"].cure.startswith("Free some space where ")
    assert found_of(patient)["fonts"].cure.startswith("Run `apt-get install fonts-noto-core ")


def test_a_clock_that_was_ahead_is_found(patient: Patient) -> None:
    _record(patient.db, "HALL", NOW + timedelta(minutes=5))
    assert "clock" in sick(patient)


def test_a_database_of_another_revision_or_none_is_found_with_its_cure(
    patient: Patient,
) -> None:
    with patient.db.transaction() as session:
        session.execute(text("update alembic_version set version_num = '0012'"))
    assert found_of(patient)["database"].cure.startswith("Stop serve and worker")
    with patient.db.transaction() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    assert found_of(patient)["database"].cure.startswith("Install the newer version")
    with patient.db.transaction() as session:
        session.execute(text("delete from alembic_version"))
    assert found_of(patient)["database"].cure == "Run `poolbook setup`."
    away = replace(patient, db=Database("postgresql://x@127.0.0.1:1/none"))
    assert found_of(away)["database"].told == "no response (OperationalError)"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_mail_and_stripe_are_tried(patient: Patient, tmp_path: Path) -> None:
    with running(tmp_path) as (relay, mail):
        named = replace(patient, settings=replace(patient.settings, mail=mail))
        assert found_of(named)["mail"].ok
        assert relay.taken == []
    assert "ConnectionRefusedError" in found_of(named)["mail"].told

    class Account:
        """Answers, is down, or refuses."""

        def __init__(self, answer: Exception | None) -> None:
            self.answer = answer

        def retrieve_account(self) -> None:
            if self.answer:
                raise self.answer

    for answer, ok in ((None, True), (GatewayDown("x"), False), (ValueError("sk_test_x"), False)):
        asked = replace(patient, gateway=Account(answer))  # type: ignore[arg-type]  # all that is asked
        row = found_of(asked)["stripe"]
        assert row.ok is ok
        assert "sk_test" not in row.told


def test_the_command_says_each_part_and_fails_when_one_is_not_well(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOLBOOK_DATA", str(tmp_path))
    done = run("doctor", "--json")
    assert done.code == 1
    parts = {row["part"]: row for row in done.json["parts"]}
    assert parts["worker"]["cure"] == "Start `poolbook worker`."
    assert parts["database"]["ok"]
    assert "MEND  worker" in run("doctor").out
