"""Probes and figures in eight states: each is told as it is, and nothing else changes."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from ledger import worker
from ledger.config import MailSettings
from ledger.db import Database
from ledger.models.jobs import Job
from ledger.queries.invariants import Result
from ledger.queries.jobs.measurements import MEANINGS
from ledger.queries.jobs.readiness import DISK_BYTES
from ledger.services.jobs import jobs
from ledger.services.people.people import send
from ledger.services.workflow.nightly import record_check
from ledger.web.site.context import parts_of
from tests.conftest import NOW
from tests.mail.relay import SENDER
from tests.web.test_database_away import away
from tests.worlds.town import settings_of
from wsgi import create_app

MAIL = MailSettings("127.0.0.1", 25, "none", "", "", SENDER)
TOKEN = "a token of thirty-two characters"


@pytest.fixture
def app(db: Database) -> Flask:
    """A program with mail and payments, whose worker has just done everything."""
    settings = replace(settings_of(db.url, "http://127.0.0.1:8000"), mail=MAIL)
    for process in (jobs.WORKER, jobs.STRIPE):
        _alive(db, process, timedelta())
    return create_app(
        settings,
        db=db,
        gateway=object(),  # type: ignore[arg-type]  # only that there is one is asked
        clock=lambda: NOW,
    )


def _alive(db: Database, process: str, ago: timedelta) -> None:
    db.run(lambda session: jobs.heartbeat(session, process=process, now=NOW - ago))


def figures(client: FlaskClient, **headers: str) -> dict[str, float]:
    """The figures without labels, and those with one by name and label."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = "".join(f" {value}" for _name, value in sorted(sample.labels.items()))
            found[sample.name + labels] = sample.value
    return found


def _revision(db: Database, revision: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :r"), {"r": revision})


def _old_mail(db: Database) -> None:
    at = NOW - timedelta(minutes=16)
    db.run(lambda s: send(s, to_email="ada@example.org", subject="s", body="b", now=at))


# State → how it comes about, what is down, and figures that tell it.
STATES: dict[str, tuple[Callable[[Database], None], list[str], dict[str, float]]] = {
    "fresh": (
        lambda _db: None,
        [],
        {"poolbook_database_up": 1, "poolbook_schema_current": 1, "poolbook_mail_waiting": 0},
    ),
    "old schema": (
        lambda db: _revision(db, "0012"),
        ["schema"],
        {"poolbook_database_up": 1, "poolbook_schema_current": 0},
    ),
    "newer schema": (
        lambda db: _revision(db, "9999"),
        ["schema"],
        {"poolbook_database_up": 1, "poolbook_schema_current": 0},
    ),
    "worker dead": (
        lambda db: _alive(db, jobs.WORKER, timedelta(seconds=61)),
        ["worker"],
        {"poolbook_heartbeat_age_seconds worker": 61},
    ),
    "mail stuck": (
        _old_mail,
        ["mail"],
        {"poolbook_mail_waiting": 1, "poolbook_mail_oldest_seconds": 960},
    ),
    "Stripe refused": (
        lambda db: _alive(db, jobs.STRIPE, timedelta(minutes=5)),
        ["stripe"],
        {"poolbook_heartbeat_age_seconds stripe": 300},
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_probes_and_figures_tell_the_state(db: Database, app: Flask, state: str) -> None:
    bring_about, down, told = STATES[state]
    bring_about(db)
    client = app.test_client()
    assert (client.get("/livez").status_code, client.get("/livez").json) == (200, {"ok": True})
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["down"]) == (503 if down else 200, down)
    assert ready.get_json()["ok"] is not bool(down)
    assert [name for name, ok in ready.get_json().items() if ok is False and name != "ok"] == down
    assert figures(client).items() >= told.items()


def test_while_the_database_is_away_the_process_lives(db: Database, app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("session", "a-token")
    with away(db):
        live, ready = client.get("/livez"), client.get("/readyz")
        assert (live.status_code, live.json) == (200, {"ok": True})
        assert (ready.status_code, ready.mimetype) == (503, "application/json")
        assert ready.get_json()["down"] == ["database", "schema", "worker", "mail", "stripe"]
        told = figures(client)
        assert (told["poolbook_database_up"], told["poolbook_schema_current"]) == (0, 0)
        assert told["poolbook_requests_total GET health.live 200"] == 1
        assert "poolbook_mail_waiting" not in told
    assert client.get("/readyz").get_json()["down"] == []


def test_a_full_disk_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    full = usage._replace(free=DISK_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: full)
    client = app.test_client()
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["down"]) == (503, ["disk"])
    assert figures(client)["poolbook_disk_free_bytes"] == DISK_BYTES - 1


def test_an_installation_without_mail_and_payments_is_asked_for_neither(db: Database) -> None:
    _alive(db, jobs.WORKER, timedelta())
    app = create_app(settings_of(db.url), db=db, clock=lambda: NOW)
    ready = app.test_client().get("/readyz").json
    assert ready == {
        "ok": True, "down": [], "database": True, "schema": True, "worker": True, "disk": True,
    }  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_jobs_and_mail_are_counted(db: Database, app: Flask) -> None:
    def write(session: Any) -> None:
        for key, done, error in (("1", None, None), ("2", None, "GatewayDown"), ("3", NOW, None),
                                 ("4", NOW, "GatewayDown")):  # fmt: skip
            at = NOW - timedelta(seconds=int(key))
            session.add(Job(kind="stripe_event", key=key, arguments={}, run_at=NOW, created_at=at,
                            done_at=done, error=error))  # fmt: skip

    db.run(write)
    told = figures(app.test_client())
    assert told["poolbook_jobs stripe_event waiting"] == 2
    assert told["poolbook_jobs stripe_event failed"] == 1
    assert told["poolbook_jobs stripe_event done"] == 1
    assert told["poolbook_job_oldest_seconds stripe_event"] == 2
    assert set(MEANINGS) >= {name.split(" ")[0] for name in told if "_jobs" in name}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_last_check_is_told(db: Database, app: Flask) -> None:
    client = app.test_client()
    assert not [name for name in figures(client) if "_check_" in name]
    found = [Result(f"I-0{n}", "a rule", n != 2, 5, None) for n in (1, 2, 3)]
    at = NOW - timedelta(hours=7)
    db.run(lambda session: record_check(session, results=found, duration_ms=1500, now=at))
    assert {name: value for name, value in figures(client).items() if "_check_" in name} == {
        "poolbook_check_age_seconds": 25_200,
        "poolbook_check_duration_seconds": 1.5,
        "poolbook_check_failed_rules": 1,
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_requests_are_counted_by_route_and_never_by_what_was_typed(app: Flask) -> None:
    client = app.test_client()
    for path in ("/sign-in", "/sign-in", "/no/such/page/ada@example.org", "/c/ada@example.org"):
        client.get(path)
    told = figures(client)
    assert told["poolbook_requests_total GET sign_in.form 200"] == 2
    assert told["poolbook_requests_total GET none 404"] == 1
    assert told["poolbook_request_duration_seconds_count sign_in.form"] == 2
    assert not [name for name in told if "ada" in name]
    # The page that shows it holds the one that it reads with.
    assert told["poolbook_database_connections_in_use"] == 0


ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "environ", "headers", "status"),
    [
        ({}, {}, {}, 200),
        ({}, {"REMOTE_ADDR": "::1"}, {}, 200),
        ({}, ELSEWHERE, {}, 401),
        ({}, {"REMOTE_ADDR": ""}, {}, 401),
        # A proxy that nobody named stands in between.
        ({}, {}, {"X-Forwarded-For": "127.0.0.1"}, 401),
        ({}, {}, {"Via": "1.1 proxy"}, 401),
        # A named one says where from; all its visitors could say so.
        ({"trusted_proxies": 1}, {}, {"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"trusted_proxies": 1}, {}, {}, 401),
        ({"base_url": "https://books.example.org"}, {}, {}, 401),
        ({"metrics_token": TOKEN}, ELSEWHERE, {}, 401),
        ({"metrics_token": TOKEN}, ELSEWHERE, {"Authorization": "Bearer other"}, 401),
        ({"metrics_token": TOKEN}, {}, {"Authorization": "Bearer other"}, 401),
        ({"metrics_token": TOKEN}, ELSEWHERE, {"Authorization": "Bearer ü"}, 401),
        ({"metrics_token": TOKEN}, ELSEWHERE, {"Authorization": f"Bearer {TOKEN}"}, 200),
        # Without one set, none is right, not even an empty one.
        ({}, ELSEWHERE, {"Authorization": "Bearer "}, 401),
    ],
)
def test_figures_are_for_this_machine_or_for_a_token(
    app: Flask,
    change: dict[str, Any],
    environ: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    parts = parts_of(app)
    app.extensions["poolbook"] = replace(parts, settings=replace(parts.settings, **change))
    answer = app.test_client().get("/metrics", headers=headers, environ_overrides=environ)
    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "poolbook_" not in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_stripe_refuses_stops_only_what_needs_stripe(db: Database) -> None:
    """The worker's other jobs are done, the sync stays silent, and jobs of payments wait."""

    class Refusing:
        def retrieve_account(self) -> Any:
            raise ValueError("Invalid API Key provided")

    for kind in ("stripe_event", "unknown"):
        db.run(partial(jobs.enqueue, kind=kind, key="1", arguments={}, now=NOW))
    stop, passes = Event(), iter(range(3))

    def clock() -> Any:
        if next(passes, None) is None:
            stop.set()
        return NOW

    # Waits no time.
    stop.wait = lambda _seconds=None: stop.is_set()  # type: ignore[assignment]
    worker.run(db, Refusing(), clock, stop)  # type: ignore[arg-type]  # refuses before anything else
    with db.snapshot() as session:
        rows = session.execute(text("select kind, attempts from job"))
        attempts = {row.kind: row.attempts for row in rows}
        alive = session.execute(text("select process from heartbeat")).scalars().all()
    assert attempts == {"stripe_event": 0, "unknown": 1, "check": 0, "retention": 1}
    assert alive == ["worker"]
