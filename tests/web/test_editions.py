"""Which reports were made, and what made two of them differ, on pages."""

from datetime import date, timedelta

from ledger.queries.books import fund_by_code
from ledger.queries.editions import editions_for
from ledger.services.offline import record_cash
from reports.build import scope_of_book
from reports.issue import issue
from tests.conftest import NOW
from tests.reports.test_proof import SIGNER
from tests.web.town import Town


def test_a_reader_sees_which_entries_made_two_editions_differ(town: Town) -> None:
    for number in (1, 2):
        with town.db.transaction() as session:
            scope = scope_of_book(session, "A")
            issue(
                session,
                scope=scope,
                since=date(2026, 1, 1),
                until=date(2026, 12, 31),
                edition="public",
                signer=SIGNER,
                made_by=None,
                now=NOW + timedelta(minutes=number),
            )
            record_cash(
                session,
                book=scope.books[0],
                fund=fund_by_code(session, scope.books[0].id, "GEN"),
                amount=1234,
                reference=f"late {number}",
                on=NOW.date(),
                now=NOW + timedelta(minutes=number),
                made_by=None,
            )
    reader = town.client("auditor")
    listed = reader.get("/reports/editions").text
    assert "What changed" in listed
    with town.db.snapshot() as session:
        newer, older = editions_for(session, book_ids=[scope.books[0].id])
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
