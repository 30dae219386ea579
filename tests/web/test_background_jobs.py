"""Heavy work that is asked for on a page: never done by the request, and its page tells how far."""

import hashlib
import io
import shutil
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger import worker
from ledger.db import Database
from ledger.models.background_jobs import BackgroundJob, BackgroundKind, BackgroundState
from ledger.models.people import Membership
from ledger.services.jobs import background, jobs
from ledger.services.jobs.background import path_of, register
from ledger.services.statements import import_jobs
from reports import issue as issuing
from reports import jobs as report_jobs
from reports import views
from reports.exports import FORMATS
from tests.background import do_jobs, job_of, made
from tests.conftest import NOW
from tests.reports.printing import printed
from tests.worlds.town import Town, found_town

ASKED = {"book": "A", "from": "2026-01-01", "to": "2026-12-31", "edition": "public"}


@pytest.fixture
def quick_town(tmp_path: Path, sqlite_template: Path) -> Iterator[Town]:
    """A town of one's own: what is asked for stays in the queue."""
    path = tmp_path / "poolbook.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield found_town(database)
    database.dispose()


@pytest.fixture(autouse=True)
def quick_printer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print no pages: ``tests/web/test_editions.py`` does."""
    monkeypatch.setattr(report_jobs, "render_pdf", lambda report, **_options: printed(report, ()))
    monkeypatch.setattr(issuing, "render_pdf", printed)


def ask(town: Town, who: str = "auditor") -> UUID:
    """Ask for a draft as PDF; its job."""
    client = town.client(who)
    return job_of(client.post("/reports/transparency.pdf", data=ASKED))


def test_a_request_renders_nothing_and_leads_to_a_page_that_reloads_itself(
    quick_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("rendered in a request")

    monkeypatch.setattr(subprocess, "run", refuse)
    client = quick_town.client("auditor")
    answer = client.post("/reports/transparency.pdf", data=ASKED)
    shown = client.get(answer.headers["Location"])
    assert shown.headers["Retry-After"] == "3"
    assert '<meta http-equiv="refresh" content="3">' in shown.text
    assert "Waiting to begin" in shown.text
    # Asked for twice, it is made once; and it is found again.
    again = client.post("/reports/transparency.pdf", data=ASKED)
    assert again.headers["Location"] == answer.headers["Location"]
    assert answer.headers["Location"] in client.get("/jobs").text


def test_without_a_worker_the_page_says_so(quick_town: Town) -> None:
    path = f"/jobs/{ask(quick_town)}"
    client = quick_town.client("auditor")
    assert "No worker is running" in client.get(path).text
    quick_town.tell(lambda session: jobs.heartbeat(session, process="worker", now=NOW))
    assert "No worker is running" not in client.get(path).text
    old = NOW - timedelta(minutes=2)
    quick_town.tell(lambda session: jobs.heartbeat(session, process="worker", now=old))
    assert "No worker is running" in client.get(path).text


def test_a_draft_is_made_once_and_downloaded_by_whoever_asked(
    quick_town: Town, tmp_path: Path
) -> None:
    town, client = quick_town, quick_town.client("auditor")
    job_id = ask(town)
    file = made(town, client, tmp_path, client.post("/reports/transparency.pdf", data=ASKED))
    assert file.data.startswith(b"%PDF")
    assert "draft" in file.headers["Content-Disposition"]
    assert len(file.headers["X-Dataset-SHA256"]) == 64
    path = path_of(tmp_path, job_id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = client.get(f"/jobs/{job_id}")
    assert "Retry-After" not in shown.headers
    assert hashlib.sha256(file.data).hexdigest() in shown.text
    for who in ("treasurer", "other auditor"):
        assert town.client(who).get(f"/jobs/{job_id}/file").status_code == 404
        assert town.client(who).get(f"/jobs/{job_id}").status_code == 404


def test_who_lost_the_role_gets_neither_the_file_nor_the_work(
    quick_town: Town, tmp_path: Path
) -> None:
    town, client = quick_town, quick_town.client("auditor")
    job_id = job_of(client.post("/reports/transparency.pdf", data=ASKED))
    do_jobs(town, tmp_path)
    waiting = job_of(client.post("/reports/transparency.pdf", data={**ASKED, "edition": "auditor"}))

    def take_role(session: object) -> None:
        roles = session.scalars(  # type: ignore[attr-defined]
            select(Membership).where(Membership.person_id == town.people["auditor"])
        )
        for role in roles:
            role.ends_at = NOW

    town.tell(take_role)
    assert client.get(f"/jobs/{job_id}/file").status_code in (403, 404)
    (job,) = do_jobs(town, tmp_path)
    assert (job.id, job.state) == (waiting, BackgroundState.FAILED)
    assert not path_of(tmp_path, waiting).exists()


def test_what_is_refused_says_why_and_is_tried_again(
    quick_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, client = quick_town, quick_town.client("auditor")
    job_id = ask(town)

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("a secret of the books")

    with monkeypatch.context() as broken:
        broken.setattr(report_jobs, "render_pdf", fail)
        (job,) = do_jobs(town, tmp_path)
    assert job.state == BackgroundState.FAILED
    shown = client.get(f"/jobs/{job_id}").text
    assert "Something went wrong on our side" in shown
    assert "secret" not in shown
    assert "Try again" in shown
    assert town.client("treasurer").post(f"/jobs/{job_id}/retry").status_code == 404
    assert client.post(f"/jobs/{job_id}/retry").status_code == 303
    (job,) = do_jobs(town, tmp_path)
    assert job.state == BackgroundState.DONE
    assert client.post(f"/jobs/{job_id}/retry").status_code == 409


def test_an_issued_report_is_a_job_that_leads_to_its_edition(
    quick_town: Town, tmp_path: Path
) -> None:
    town, client = quick_town, quick_town.client("treasurer")
    job_id = job_of(client.post("/reports/transparency", data=ASKED))
    (job,) = do_jobs(town, tmp_path)
    edition = job.result["edition"]
    assert f"/reports/editions#{edition}" in client.get(f"/jobs/{job_id}").text
    # What was printed is served at once, at both addresses, as the same bytes.
    file = client.get(f"/reports/editions/{edition}.pdf")
    same = client.get("/reports/transparency.pdf", query_string=ASKED)
    assert same.status_code == 200
    assert same.data == file.data
    # Issued again, of equal data, it is the same edition.
    job_of(client.post("/reports/transparency", data=ASKED))
    (again,) = do_jobs(town, tmp_path)
    assert again.result == job.result


def test_a_period_that_ends_before_it_begins_is_refused_at_once(quick_town: Town) -> None:
    before = quick_town.rows()
    wrong = {**ASKED, "from": "2026-12-31", "to": "2026-01-01"}
    answer = quick_town.client("auditor").get("/reports/transparency.pdf", query_string=wrong)
    assert answer.status_code == 422
    assert "ends before it starts" in answer.text
    assert quick_town.rows() == before


@pytest.mark.parametrize("file_format", [*FORMATS, "bundle"])
def test_a_long_journal_is_a_job_with_the_bytes_of_a_short_one(
    quick_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    client = quick_town.client("auditor")
    path = "/books/A/bundle.zip" if file_format == "bundle" else f"/books/A/export/{file_format}"
    at_once = client.get(path)
    monkeypatch.setattr(views, "MOST_AT_ONCE", 3)
    before = quick_town.rows()
    assert "Make the file" in client.get(path).text
    assert quick_town.rows() == before, "to look writes nothing"
    asked = client.post(path)
    file = made(quick_town, client, tmp_path, asked)
    assert at_once.status_code == file.status_code == 200
    assert file.data == at_once.data
    name = at_once.headers["Content-Disposition"].split("=")[1].strip('"')
    assert name in file.headers["Content-Disposition"]


def test_old_files_are_removed_with_their_rows(quick_town: Town, tmp_path: Path) -> None:
    town, client = quick_town, quick_town.client("auditor")
    job_id = ask(town)
    do_jobs(town, tmp_path)
    stray = path_of(tmp_path, job_id).with_name("left over")
    stray.write_bytes(b"of a job that is gone")

    def remove(days: int) -> None:
        later = NOW + timedelta(days=days)
        town.tell(
            lambda session: jobs.enqueue(
                session, kind=jobs.RETENTION, key=str(days), arguments={}, now=later
            )
        )
        worker.run_due(town.db, None, now=later, without=jobs.IN_PROCESSES, folder=tmp_path)

    remove(6)
    assert path_of(tmp_path, job_id).exists()
    assert not stray.exists()
    remove(8)
    assert not path_of(tmp_path, job_id).exists()
    assert client.get(f"/jobs/{job_id}").status_code == 404


def test_nobody_fills_the_queue(quick_town: Town) -> None:
    client = quick_town.client("auditor")
    for day in range(1, background.MOST_OPEN + 1):
        asked = {**ASKED, "to": f"2026-06-{day:02}"}
        assert client.post("/reports/transparency.pdf", data=asked).status_code == 303
    more = client.post("/reports/transparency.pdf", data={**ASKED, "to": "2026-06-30"})
    assert more.status_code == 409


def test_a_job_that_was_interrupted_is_done_from_the_start(
    quick_town: Town, tmp_path: Path
) -> None:
    """A worker that stops leaves the job running; it comes back with its lease."""
    job_id = ask(quick_town)
    quick_town.tell(lambda session: background.begin(session, job_id=job_id, now=NOW))
    shown = quick_town.client("auditor").get(f"/jobs/{job_id}").text
    assert "In progress" in shown
    (job,) = do_jobs(quick_town, tmp_path)
    assert job.state == BackgroundState.DONE


def test_progress_is_written_down_while_the_work_goes_on(quick_town: Town, tmp_path: Path) -> None:
    seen = []

    def work(given: background.Work) -> background.Outcome:
        given.progress(2, 5)
        with quick_town.db.snapshot() as session:
            row = session.get_one(BackgroundJob, given.job.id)
            seen.append((row.state, row.steps_done, row.steps))
        return background.Outcome()

    ask(quick_town)
    kind = BackgroundKind.REPORT
    known = background.handler_of(kind)
    register(kind, work)
    try:
        do_jobs(quick_town, tmp_path)
    finally:
        register(kind, known)
    assert seen == [(BackgroundState.RUNNING, 2, 5)]


def bank_table(heading: str = "Date") -> bytes:
    """A bank's table of three lines."""
    return (
        f"{heading};Description;Amount;Balance\n2026-10-01;One;10.00;10.00\n"
        "2026-10-02;Two;20.00;30.00\n2026-10-03;Three;-5.00;25.00\n"
    ).encode()


def send_file(town: Town, data: bytes) -> TestResponse:
    """Send a bank file as the treasurer."""
    form = {"file": (io.BytesIO(data), "bank.csv")}
    return town.client("treasurer").post("/books/A/statements", data=form)


def test_a_large_bank_file_is_a_job_that_says_what_came_of_it(
    quick_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MOST_AT_ONCE_BYTES", 20)
    client = quick_town.client("treasurer")
    before = quick_town.rows()["bank_line"]
    job_id = job_of(send_file(quick_town, bank_table()))
    assert quick_town.rows()["bank_line"] == before
    (job,) = do_jobs(quick_town, tmp_path)
    assert quick_town.rows()["bank_line"] == before + 3
    shown = client.get(f"/jobs/{job_id}").text
    assert "3 new lines, 0 already known" in shown
    assert "/books/A/statements" in shown
    # The same file again adds nothing.
    job_of(send_file(quick_town, bank_table()))
    (job,) = do_jobs(quick_town, tmp_path)
    assert (job.result["new"], job.result["known"]) == (0, 3)


def test_a_large_table_of_an_unknown_bank_leads_to_its_columns(
    quick_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MOST_AT_ONCE_BYTES", 20)
    table = b"zzz;yyy;xxx\nfoo;One;10.00\nbar;Two;20.00\n"
    job_id = job_of(send_file(quick_town, table))
    (job,) = do_jobs(quick_town, tmp_path)
    client = quick_town.client("treasurer")
    assert f"/books/A/statements/tables/{job.result['draft']}" in client.get(f"/jobs/{job_id}").text


def test_a_large_file_that_contradicts_itself_says_so_and_keeps_nothing(
    quick_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MOST_AT_ONCE_BYTES", 20)
    before = quick_town.rows()["bank_line"]
    job_id = job_of(send_file(quick_town, bank_table().replace(b"30.00", b"31.00")))
    (job,) = do_jobs(quick_town, tmp_path)
    assert job.state == BackgroundState.FAILED
    assert job.reason in unescape(quick_town.client("treasurer").get(f"/jobs/{job_id}").text)
    assert quick_town.rows()["bank_line"] == before
