"""An account's page, and where the links of an entry and of the desk lead."""

import re
from html import unescape

from sqlalchemy import select

from ledger.core.written import format_figure
from ledger.models.journal import Entry
from ledger.queries.books.balances import StatementFilter, account_statement, trial_balance
from ledger.queries.books.books import book_by_code
from tests.web.test_agreements import give_money
from tests.worlds.town import Town

LINK = re.compile(r'href="([^"]+)"')


def entries_on(page: str) -> set[str]:
    return set(re.findall(r"/journal/([0-9a-f-]{36})", page))


def test_an_account_without_a_fund_shows_the_entries_and_balances_of_all_funds(town: Town) -> None:
    give_money(town)
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        rows = account_statement(session, book_id=book.id, account=1010)
        held = [row for row in trial_balance(session, book_id=book.id) if row.account == 1010]
    assert len({row.fund for row in rows}) > 1
    shown = town.client("auditor").get("/books/A/accounts/1010").text
    assert entries_on(shown) == {str(row.entry_id) for row in rows}
    assert "No entries" not in shown
    by_fund = shown[shown.index('id="by-fund"') : shown.index("</table>")]
    for row in held:
        assert row.fund in by_fund
        assert format_figure(row.quantity, row.commodity) in by_fund
    assert format_figure(sum(row.quantity for row in held), "USD") in by_fund


def test_an_account_is_read_page_by_page_and_its_balances_run_on(town: Town) -> None:
    give_money(town)
    client = town.client("auditor")
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        rows = account_statement(session, book_id=book.id, account=1010)
    path, pages = "/books/A/accounts/1010?limit=1", []
    while path:
        shown = client.get(path).text
        table = shown[shown.index('<table id="entries"') :] if 'id="entries"' in shown else ""
        pages += re.findall(
            r"/journal/([0-9a-f-]{36})\".*?<td class=\"num\">.*?</td>\s*<td class=\"num\">([^<]+)<",
            table,
            re.DOTALL,
        )
        older = re.search(r'href="([^"]+before=[^"]+)"', shown)
        path = unescape(older[1]) if older else ""
    assert pages == [
        (str(row.entry_id), format_figure(row.balance, row.commodity)) for row in reversed(rows)
    ]
    stray = client.get(f"/books/A/accounts/2140?before={rows[0].entry_id}&before_line=1")
    assert stray.status_code == 404


def test_one_fund_of_an_account_shows_its_own_entries_and_leads_back_to_all(town: Town) -> None:
    give_money(town)
    client = town.client("auditor")
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        rows = account_statement(
            session, book_id=book.id, account=1010, wanted=StatementFilter(fund="SOLAR")
        )
    shown = client.get("/books/A/accounts/1010?fund=SOLAR").text
    assert entries_on(shown) == {str(row.entry_id) for row in rows}
    assert 'href="/books/A/accounts/1010"' in shown
    unknown = client.get("/books/A/accounts/1010?fund=NONE")
    assert (unknown.status_code, "no such fund" in unknown.text) == (422, True)


def test_every_account_that_an_entry_names_leads_to_a_page_that_shows_the_entry(
    town: Town,
) -> None:
    client = town.client("auditor")
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        ids = [str(row) for row in session.scalars(select(Entry.id).filter_by(book_id=book.id))]
    for entry_id in ids:
        shown = client.get(f"/books/A/journal/{entry_id}").text
        accounts = {link for link in LINK.findall(shown) if link.startswith("/books/A/accounts/")}
        assert accounts
        for link in accounts:
            assert entry_id in entries_on(client.get(link).text), link


def test_an_entry_leads_to_what_was_booked_with_it_only_where_one_may_read(town: Town) -> None:
    """A share of a pool is booked in the pool and in the member's book."""
    client = town.client("treasurer")
    with town.db.snapshot() as session:
        book, pool, other = (book_by_code(session, code) for code in "APB")
        grouped = {
            row.book_id: row
            for row in session.scalars(select(Entry).where(Entry.source == "allocation"))
        }
    shown = client.get(f"/books/P/journal/{grouped[pool.id].id}").text
    assert f"/books/A/journal/{grouped[book.id].id}" in shown
    assert str(grouped[other.id].id) in shown
    assert f"/books/B/journal/{grouped[other.id].id}" not in shown


def test_every_link_of_the_desk_leads_to_what_it_counts(town: Town) -> None:
    client = town.client("treasurer")
    desk = client.get("/books/A/desk").text
    inbox = desk[desk.index('class="inbox"') :]
    links = dict(
        reversed(found) for found in re.findall(r'href="([^"]+)"><b>[^<]+</b>([^<]+)<', inbox)
    )
    assert links["owed back to donors"] == "/books/A/payouts#owed"
    assert links["unidentified receipts"] == "/books/A/accounts/2190"
    assert links["request waiting for an approver"] == "#requests"
    assert 'id="requests"' in desk
    for link in links.values():
        assert link == "#requests" or client.get(link).status_code == 200, link
