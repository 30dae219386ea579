"""What the journal and a register show, as files: the filter in the address, exact and harmless."""

import csv
import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from ledger.core.cells import harmless
from ledger.db import Session
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.banking.cash import Counted, record_cash
from ledger.web.accounting import sheets
from tests.conftest import NOW
from tests.worlds.town import Town

EVIL = '=HYPERLINK("http://x","y")'


@pytest.fixture(scope="module")
def town(quick_town: Town) -> Town:
    """A town with cash of 43.21 whose reference is a formula."""

    def deed(session: Session) -> None:
        book = book_by_code(session, "A")
        record_cash(
            session,
            book=book,
            counted=Counted(fund_by_code(session, book.id, "GEN"), 4321, EVIL, NOW.date()),
            now=NOW,
            made_by=None,
        )

    quick_town.tell(deed)
    return quick_town


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_page_keeps_the_filter_in_its_address_and_adds_up(town: Town) -> None:
    client = town.client("auditor")
    shown = client.get("/books/A/journal?amount=43.21&since=2026-01-01")
    assert shown.status_code == 200
    assert "Sum of debits" in shown.text
    assert "$43.21" in shown.text
    sheet = "/books/A/journal/sheet/csv?amount=43.21&amp;since=2026-01-01"
    assert sheet in shown.text
    assert 'name="donor"' not in shown.text, "an auditor does not look for donors"
    assert 'name="donor"' in town.client("treasurer").get("/books/A/journal").text
    for wrong in ("amount=x", "maker=x", "amount=-5"):
        assert client.get(f"/books/A/journal?{wrong}").status_code == 422
    # What is not part of a filter stays out of the addresses of the page.
    assert client.get("/books/A/journal?code=B&sheet=x&sums=0").status_code == 200


def test_a_csv_holds_what_is_shown_and_no_formula(town: Town) -> None:
    answer = town.client("auditor").get("/books/A/journal/sheet/csv?amount=43.21")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="A-journal.csv"'
    head, *rows = rows_of(answer.data)
    assert head[0] == "Date"
    assert [Decimal(row[6]) for row in rows] == [Decimal("43.21"), Decimal("-43.21")]
    assert {row[2] for row in rows} == {harmless(EVIL)}
    assert not rows[0][2].startswith("=")


def test_an_xlsx_holds_the_same_as_numbers_and_texts(town: Town) -> None:
    answer = town.client("auditor").get("/books/A/journal/sheet/xlsx?amount=43.21")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    _head, *rows = list(sheet.iter_rows())
    assert [(str(row[6].value), row[6].data_type) for row in rows] == [
        ("43.21", "n"),
        ("-43.21", "n"),
    ]
    assert {row[2].data_type for row in rows} == {"s"}


def test_a_register_has_its_running_balance(town: Town) -> None:
    answer = town.client("auditor").get("/books/A/accounts/1030/sheet/csv")
    _head, *rows = rows_of(answer.data)
    total = Decimal(0)
    for row in rows:
        total += Decimal(row[3])
        assert Decimal(row[4]) == total
    assert rows
    assert town.client("auditor").get("/books/A/accounts/1999/sheet/csv").status_code == 404


def test_too_many_rows_are_refused_and_an_export_is_logged(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = town.client("auditor")
    before = town.rows()["rights_log"]
    assert client.get("/books/A/journal/sheet/csv").status_code == 200
    assert town.rows()["rights_log"] == before + 1
    monkeypatch.setattr(sheets, "MOST_ENTRIES", 1)
    refused = client.get("/books/A/journal/sheet/csv")
    assert refused.status_code == 422
    assert "More than 1 rows" in refused.text
