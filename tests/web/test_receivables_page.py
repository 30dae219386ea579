"""The list of open pledges as pages and files show it: by right, by page, as exact figures."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from ledger.core.vocabulary import LegalNature
from ledger.db import Session
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.pledges.open_items import open_items
from ledger.services.pledges.pledges import Promised, make_promise
from ledger.web.pledges import receivables
from tests.conftest import NOW
from tests.factories import make_party
from tests.worlds.town import TODAY, Town

NAME = '=cmd|"Vera Late"'


@pytest.fixture(scope="module")
def town(quick_town: Town) -> Town:
    """A town where somebody with the name of a formula is 40 days late with 12.34."""

    def deed(session: Session) -> None:
        book = book_by_code(session, "A")
        for days, amount in ((40, 1234), (2, 100)):
            make_promise(
                session,
                promised=Promised(
                    party=make_party(session, "vera@example.org", NAME),
                    book=book,
                    fund=fund_by_code(session, book.id, "GEN"),
                    quantity=amount,
                    legal_nature=LegalNature.INTENTION,
                    due_on=TODAY - timedelta(days=days),
                ),
                on=TODAY,
                now=NOW,
            )

    quick_town.tell(deed)
    return quick_town


def test_the_list_names_donors_to_those_who_may_know_them(town: Town) -> None:
    address = "/books/A/receivables?when=overdue&words="
    shown = town.client("treasurer").get(address)
    assert shown.status_code == 200
    assert "Vera Late" in shown.text
    assert "40 days overdue" in shown.text
    assert "$12.34" in shown.text
    assert "Withdraw" in shown.text
    auditor = town.client("auditor").get(address).text
    assert "40 days overdue" in auditor
    assert "Vera" not in auditor, "an auditor does not know donors"
    assert "Withdraw" not in auditor
    for wrong in ("when=x", "campaign=x", "nature=x", "after_day=x"):
        assert town.client("treasurer").get(f"/books/A/receivables?{wrong}").status_code == 422


def test_a_file_holds_what_the_filter_shows(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    client = town.client("treasurer")
    before = town.rows()["rights_log"]
    answer = client.get("/books/A/receivables/sheet/csv?words=vera")
    _head, *rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row[7], Decimal(row[10])) for row in rows] == [
        ("40", Decimal("12.34")),
        ("2", Decimal("1.00")),
    ]
    assert not rows[0][0].startswith("=")
    assert town.rows()["rights_log"] == before + 1
    auditor = town.client("auditor").get("/books/A/receivables/sheet/csv").text
    assert "Vera" not in auditor
    assert client.get("/books/A/receivables/sheet/xlsx").status_code == 200
    monkeypatch.setattr(receivables, "MOST_ROWS", 1)
    assert client.get("/books/A/receivables/sheet/csv").status_code == 422


def test_the_next_page_begins_behind_the_last_row(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivables, "open_items", partial(open_items, limit=1))
    client = town.client("treasurer")
    first = client.get("/books/A/receivables?words=vera").text
    assert "40 days overdue" in first
    assert "2 days overdue" not in first
    address = first.split('<p class="more">')[1].split('href="')[1].split('"')[0]
    second = client.get(address.replace("&amp;", "&")).text
    assert "2 days overdue" in second
    assert "40 days overdue" not in second
