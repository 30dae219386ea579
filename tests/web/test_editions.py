"""Which reports were made, and what made two of them differ, on pages."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger.queries.books.books import fund_by_code
from ledger.queries.books.editions import editions_for
from ledger.services.banking.cash import Counted, record_cash
from reports import issue as issuing
from reports.build import scope_of_book
from reports.issue import Wanted, issue
from tests.background import do_jobs, made
from tests.conftest import NOW
from tests.reports.printing import printed
from tests.reports.test_proof import SIGNER
from tests.worlds.town import Town


def test_a_reader_sees_which_entries_made_two_editions_differ(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "render_pdf", printed)
    for number in (1, 2):
        wanted = Wanted(
            lambda session: scope_of_book(session, "A"),
            date(2026, 1, 1),
            date(2026, 12, 31),
            "public",
        )
        later = NOW + timedelta(minutes=number)
        issue(town.db, wanted, signer=SIGNER, made_by=None, now=later)
        with town.db.transaction() as session:
            scope = scope_of_book(session, "A")
            record_cash(
                session,
                book=scope.books[0],
                counted=Counted(
                    fund=fund_by_code(session, scope.books[0].id, "GEN"),
                    amount=1234,
                    reference=f"late {number}",
                    on=NOW.date(),
                ),
                now=later,
                made_by=None,
            )
    reader = town.client("auditor")
    listed = reader.get("/reports/editions").text
    assert "What changed" in listed
    with town.db.snapshot() as reading:
        newer, older = editions_for(reading, book_ids=[scope.books[0].id])
    page = f"/reports/editions/{older.id}/{newer.id}"
    shown = reader.get(page)
    assert "12.34" in shown.text
    assert shown.text.count("Cash received") + shown.text.count("cash received") == 1
    assert town.client("other auditor").get(page).status_code == 404
    assert "What changed" not in town.client("other auditor").get("/reports/editions").text


def test_balances_are_shown_as_known_at_an_instant(town: Town) -> None:
    reader = town.client("auditor")
    before = (NOW - timedelta(days=400)).isoformat(timespec="minutes")[:16]
    assert "The book is empty" in reader.get(f"/books/A/trial-balance?known_at={before}").text
    assert "The book is empty" not in reader.get("/books/A/trial-balance").text
    account = reader.get(f"/books/A/accounts/1010?known_at={before}").text
    assert "As known at" in account
    assert "No entries" in account
    assert reader.get("/books/A/trial-balance?known_at=yesterday").status_code == 422


ASKED = {"book": "A", "from": "2026-01-01", "to": "2026-12-31", "edition": "public"}


def test_looking_and_downloading_write_nothing_and_issuing_is_a_form(
    town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(issuing, "render_pdf", printed)
    reader = town.client("auditor")
    before = town.rows()
    shown = reader.get("/reports/transparency", query_string=ASKED)
    assert "Interim: this period has not ended yet." in shown.text
    assert "Download the PDF" in shown.text
    assert "Issue this report" not in shown.text
    assert town.rows() == before
    offer = reader.get("/reports/transparency.pdf", query_string=ASKED)
    assert "Make the file" in offer.text
    assert town.rows() == before
    asked = reader.post("/reports/transparency.pdf", data=ASKED)
    before = town.rows()
    draft = made(town, reader, tmp_path, asked)
    assert "draft" in draft.headers["Content-Disposition"]
    assert draft.data.startswith(b"%PDF")
    assert town.rows() == before
    # The treasurer and the approver issue; an auditor reads.
    done = town.client("treasurer").post("/reports/transparency", data=ASKED)
    assert done.status_code == 303, done.text
    (job,) = do_jobs(town, tmp_path)
    edition = job.result["edition"]
    assert reader.post("/reports/transparency", data=ASKED).status_code == 404
    before = town.rows()
    listed = reader.get("/reports/editions").text
    assert f"/reports/editions/{edition}.pdf" in listed
    assert "interim" in listed
    file = reader.get(f"/reports/editions/{edition}.pdf")
    assert file.data.startswith(b"%PDF")
    same = reader.get("/reports/transparency.pdf", query_string=ASKED)
    assert same.data == file.data, "what was issued is downloaded, not made anew"
    assert "draft" not in same.headers["Content-Disposition"]
    assert town.rows() == before
    assert town.client("other auditor").get(f"/reports/editions/{edition}.pdf").status_code == 404


def test_an_instant_ahead_is_refused_beside_its_field(town: Town) -> None:
    ahead = (NOW + timedelta(days=400)).isoformat(timespec="minutes")[:16]
    answer = town.client("auditor").get(
        "/reports/transparency", query_string={**ASKED, "known_at": ahead}
    )
    assert answer.status_code == 422
    assert "is in the future" in answer.text
