"""Reports on the command line: issued once, marked, compared in amounts that people read."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.core.entry import Entry, Posting
from ledger.db import Database
from ledger.services.books import journal
from reports import issue as issuing
from tests.cli.conftest import Run
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.reports.printing import printed

MARCH = ("--book", "A", "--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def town(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(issuing, "render_pdf", printed)
    with db.transaction() as session:
        make_fund(session, make_book(session))
    gift(db, "first", 10000)
    return db


def gift(db: Database, reference: str, amount: int) -> None:
    legs = (Posting(1010, "GEN", "USD", amount), Posting(4010, "GEN", "USD", -amount))
    with db.transaction() as session:
        journal.post(
            session,
            [Entry("A", legs)],
            event_type="gift",
            source="test",
            external_ref=reference,
            accounting_on=date(2026, 3, 5),
            now=NOW,
        )


def made(run: Run, folder: Path, *more: str) -> dict[str, Any]:
    file = str(folder / "report.pdf")
    done = run("report", "transparency", *MARCH, *more, "-o", file, "--json")
    assert done.code == 0, done.err
    told: dict[str, Any] = done.json
    return told


def editions(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("report", "editions", "--json").json["editions"]
    return found


def test_the_same_report_is_issued_once(town: Database, run: Run, tmp_path: Path) -> None:
    assert made(run, tmp_path) == made(run, tmp_path)
    assert len(editions(run)) == 1


def test_a_comparison_shows_amounts_in_decimals(town: Database, run: Run, tmp_path: Path) -> None:
    older = made(run, tmp_path)["dataset_sha256"]
    gift(town, "late", 123456)
    newer = made(run, tmp_path)["dataset_sha256"]
    shown = run("report", "compare", older, newer).out
    assert "A 1010 GEN: +1,234.56 USD" in shown
    assert "A 4010 GEN: -1,234.56 USD" in shown
    assert "123456" not in shown


def test_look_backs_and_reports_of_a_running_period_are_marked(
    town: Database, run: Run, tmp_path: Path
) -> None:
    made(run, tmp_path)
    made(run, tmp_path, "--known-at", "2026-11-03T00:00:00+00:00")
    shown = run("report", "editions").out
    assert "look-back, as known at 2026-11-03" in shown
    assert "superseded" not in shown
    ahead = ("--known-at", "2999-01-01T00:00:00+00:00")
    done = run("report", "transparency", *MARCH, *ahead, "-o", str(tmp_path / "x.pdf"))
    assert done.code == 1
    assert "is in the future" in done.err
    assert not (tmp_path / "x.pdf").exists()


def test_a_file_that_cannot_be_written_leaves_no_edition(
    town: Database, run: Run, tmp_path: Path
) -> None:
    done = run("report", "transparency", *MARCH, "-o", str(tmp_path / "none" / "x.pdf"))
    assert done.code == 1
    assert editions(run) == []
