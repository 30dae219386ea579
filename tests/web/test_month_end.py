"""The pages of the month's end and of the next days, opened from the desk."""

from html import unescape

import pytest

from bench.pages import counting
from tests.worlds.town import Town


def test_the_desk_leads_to_the_month_and_to_the_next_days(quick_town: Town) -> None:
    client = quick_town.client("treasurer")
    desk = client.get("/books/A/desk").text
    assert "/books/A/month-end" in desk
    assert "/books/A/outlook" in desk
    assert "Last close" in desk
    month = unescape(client.get("/books/A/month-end").text)
    assert "Oct 31, 2026" in month
    assert "month=2026-09" in month
    assert "/books/A/reconciliation?until=2026-10-31" in month
    present = unescape(client.get("/books/A/month-end?month=2026-11").text)
    assert "not over yet" in present
    assert "month=2026-12" not in present
    ahead = client.get("/books/A/outlook").text
    assert "Money now" in ahead


@pytest.mark.parametrize(
    "path", ["desk", "month-end", "outlook", "reconciliation", "journal?words=roof&sums=1"]
)
def test_a_page_asks_at_most_twenty_statements(quick_town: Town, path: str) -> None:
    client = quick_town.client("treasurer")
    client.get(f"/books/A/{path}")
    with counting(quick_town.db.engine) as seen:
        assert client.get(f"/books/A/{path}").status_code == 200
    assert len(seen) <= 20, "\n".join(seen)


@pytest.mark.parametrize("month", ["2026-13", "x", "2030-01", "2026-10-01", "0001-01"])
def test_what_is_no_month_is_not_found(quick_town: Town, month: str) -> None:
    answer = quick_town.client("treasurer").get(f"/books/A/month-end?month={month}")
    assert answer.status_code == 404


def test_only_the_treasurer_of_the_book_has_them(quick_town: Town) -> None:
    for who in ("auditor", "member", "other treasurer"):
        for path in ("/books/A/month-end", "/books/A/outlook"):
            assert quick_town.client(who).get(path).status_code in (403, 404)
