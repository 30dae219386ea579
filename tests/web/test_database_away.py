"""While the database is away everybody is told so calmly; when it is back, no request is lost."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from ledger.db import Database, is_away
from ledger.failures import DATABASE_AWAY
from ledger.services.jobs import jobs
from ledger.web.site import session_cookie
from ledger.web.site.context import parts_of
from tests.conftest import NOW
from tests.web.test_every_page import unprotected
from tests.worlds.town import settings_of
from wsgi import create_app

NEVER = 1e9
PAGES = ("/", "/sign-in", "/c/A", "/campaigns/none")


@pytest.fixture
def client(db: Database) -> FlaskClient:
    return create_app(
        settings_of(db.url),
        db=db,
        gateway=object(),  # type: ignore[arg-type]  # only that there is one is asked
        clock=lambda: NOW,
    ).test_client()


@contextmanager
def administering(db: Database) -> Iterator[Callable[[str], object]]:
    """Statements by somebody beside the database, who cuts off everybody else."""
    url = make_url(db.url)
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield lambda statement: connection.execute(text(statement), {"name": url.database})
    engine.dispose()


# With a bound, it waits until each has ended.
END_ALL = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = :name"


@contextmanager
def away(db: Database) -> Iterator[None]:
    """Take the database away: its folder is gone, or its server lets nobody in."""
    if db.is_sqlite:
        db.dispose()
        folder = Path(str(make_url(db.url).database)).parent
        gone = folder.rename(folder.with_name("gone"))
        yield
        gone.rename(folder)
        return
    name = make_url(db.url).database
    with administering(db) as say:
        say(f'alter database "{name}" allow_connections false')
        say(END_ALL)
        yield
        say(f'alter database "{name}" allow_connections true')


def test_while_the_database_is_away_each_answer_says_so(
    db: Database, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    DATABASE_AWAY.count = 0
    before = [client.get(path).status_code for path in PAGES]
    with away(db):
        health = client.get("/healthz")
        assert (health.status_code, health.mimetype) == (503, "application/json")
        found = health.get_json()
        assert (found["ok"], found["database"]) == (False, False)
        # Somebody whose session would be looked up, were the database there.
        name = session_cookie.names(parts_of(client.application).settings.base_url)[0]
        client.set_cookie(name, "a-token", secure=name.startswith("__Host"))
        for path in PAGES:
            answer = client.get(path)
            assert (answer.status_code, answer.mimetype) == (503, "text/html"), path
            assert "cannot be reached at the moment" in answer.text
            assert "Tell us the number" not in answer.text
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Retry-After"] == "60"
            assert "Traceback" not in answer.text
            assert unprotected(answer) == []
        told = client.get("/api/v1/campaigns", headers={"Authorization": "Bearer x"})
        assert (told.status_code, told.mimetype) == (503, "application/problem+json")
        # Even a page of refusal, which asks who is there.
        for refused in (client.get("/no/such/page"), client.post("/reports")):
            assert (refused.status_code, unprotected(refused)) == (503, [])
    client.delete_cookie(name)
    # A line for the first, the second, the fourth answer and so on, without a trace.
    lines = [one.getMessage() for one in caplog.records if "gave no answer" in one.getMessage()]
    counts = [int(found) for found in re.findall(r"\((\d+) in a row\)", " ".join(lines))]
    assert counts == [1, 2, 4]
    DATABASE_AWAY.add("a control")
    client.get("/livez")
    assert DATABASE_AWAY.count
    assert not [record for record in caplog.records if record.name.startswith("poolbook.")
                and (record.exc_info or record.levelname == "ERROR")]  # fmt: skip
    assert [client.get(path).status_code for path in PAGES] == before
    assert DATABASE_AWAY.count == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_failover_costs_no_request_after_it(
    db: Database, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection is ended right after its use, before it counts as rested."""
    monkeypatch.setattr("ledger.db.RESTED_SECONDS", NEVER)
    with administering(db) as say:
        for _ in range(10):
            assert client.get("/").status_code == 302
            say(END_ALL)
            assert client.get("/").status_code == 302


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_nobody_looks_at_costs_a_request(
    db: Database, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.db.RESTED_SECONDS", NEVER)
    monkeypatch.setattr("ledger.db._has_something_to_read", lambda _connection: False)
    with administering(db) as say:
        assert client.get("/").status_code == 302
        say(END_ALL)
        assert [client.get("/").status_code for _ in range(2)] == [503, 302]


def test_a_missing_table_is_a_defect_and_not_a_database_that_is_away(
    db: Database, client: FlaskClient
) -> None:
    with pytest.raises(Exception, match="no_such_table") as raised, db.snapshot() as session:
        session.execute(text("select 1 from no_such_table"))
    assert not is_away(raised.value)
    assert not is_away(ValueError())
    assert not isinstance(raised.value, OperationalError) or db.is_sqlite


@pytest.mark.parametrize(
    ("minutes", "lives"), [(0, True), (-2, False), (2, False), (365 * 24 * 60, False)]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sign_of_life_dated_ahead_by_a_wrong_clock_is_none(
    db: Database, client: FlaskClient, minutes: int, lives: bool
) -> None:
    at = NOW + timedelta(minutes=minutes)
    db.run(lambda session: jobs.heartbeat(session, process="worker", now=at))
    assert client.get("/healthz").get_json()["worker"] is lives
