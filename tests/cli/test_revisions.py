"""A program and a database of two versions: refused in one sentence, by all that open it."""

from pathlib import Path

import pytest
from sqlalchemy import text

import migrations
import wsgi
from ledger.db import Database
from ledger.errors import Conflict
from ledger.services.jobs import jobs
from tests.cli.conftest import Run
from tests.conftest import NOW
from tests.worlds.town import settings_of

PROGRAMS = {
    "serve": ("serve", "--port", "1"),
    "worker": ("worker",),
    "check": ("check",),
    "trial-balance": ("trial-balance", "--book", "A"),
}
OTHER = {
    "0013": f"revision 0013, older than this program's {migrations.head()}",
    "9999": f"revision 9999, newer than this program's {migrations.head()}",
}


def at(db: Database, revision: str) -> Database:
    with db.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :v"), {"v": revision})
    return db


@pytest.mark.parametrize("revision", OTHER)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_opens_a_database_of_another_version_refuses_to(
    run: Run, db: Database, revision: str, program: str
) -> None:
    at(db, revision)
    done = run(*PROGRAMS[program])
    assert (done.code, done.out) == (1, "")
    assert OTHER[revision] in done.err
    assert done.err.count("\n") == 1


def test_a_database_that_is_newer_is_not_upgraded(run: Run, db: Database) -> None:
    at(db, "9999")
    done = run("init")
    assert (done.code, done.out) == (1, "")
    assert OTHER["9999"] in done.err


def test_one_without_books_is_to_be_made_first(run: Run, tmp_path: Path) -> None:
    done = run("--database", f"sqlite:///{tmp_path / 'new.db'}", "serve", "--port", "1")
    assert (done.code, done.out) == (1, "")
    assert done.err == "The database holds no books yet: run `poolbook init` first.\n"


def test_every_server_refuses_and_not_ours_alone(db: Database) -> None:
    wsgi.create_app(settings_of(db.url), db=db)
    with pytest.raises(Conflict, match="older than this program"):
        wsgi.create_app(settings_of(db.url), db=at(db, "0013"))


def test_health_is_not_well_once_the_database_was_upgraded_by_another(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = wsgi.create_app(
        settings_of(db.url),
        db=db,
        gateway=object(),  # type: ignore[arg-type]  # only that there is one is asked
        clock=lambda: NOW,
    ).test_client()
    db.run(lambda session: jobs.heartbeat(session, process="worker", now=NOW))
    well = client.get("/healthz")
    assert (well.status_code, well.json) == (
        200,
        {"ok": True, "database": True, "schema": True, "worker": True, "payments": True},
    )
    at(db, "9999")
    told = client.get("/healthz")
    assert (told.status_code, told.get_json()["schema"], told.get_json()["ok"]) == (
        503,
        False,
        False,
    )
    with db.engine.begin() as connection:
        connection.execute(text("drop table heartbeat"))
    told = client.get("/healthz")
    assert (told.status_code, told.get_json()["worker"], told.get_json()["ok"]) == (
        503,
        False,
        False,
    )
