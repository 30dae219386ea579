"""Funds and accounts that are no longer used: closed while empty, offered nowhere, opened again."""

import pytest

from ledger.db import Session
from ledger.errors import Conflict, Invalid
from ledger.models.books import Account
from ledger.queries.books.books import book_by_code, fund_by_code, funds_of
from ledger.services.banking import cash
from ledger.services.books import closing
from ledger.services.books.books import check_own_fund, open_account
from tests.conftest import NOW
from tests.factories import make_book, make_fund
from tests.worlds.town import TODAY, Town

FUNDS = "/books/A/settings/funds"
ACCOUNTS = "/books/A/settings/accounts"


def test_an_empty_fund_is_closed_offered_nowhere_and_opened_again(town: Town) -> None:
    town.tell(lambda session: make_fund(session, book_by_code(session, "A"), "OLD"))
    admin, treasurer = town.client("admin"), town.client("treasurer")
    assert 'value="OLD"' in treasurer.get("/books/A/cash").text
    assert treasurer.post(f"{FUNDS}/OLD", data={"action": "close"}).status_code == 403
    assert admin.post(f"{FUNDS}/OLD", data={"action": "close"}).status_code == 303
    shown = admin.get(FUNDS).text
    assert "closed on Nov 2, 2026" in " ".join(shown.split())
    for page in ("cash", "agreements/new/spending", "sponsors", "transfers"):
        assert "OLD" not in treasurer.get(f"/books/A/{page}").text, page
    # What was typed by hand is refused as well.
    asked = {"amount": "5", "fund": "OLD", "received_on": TODAY.isoformat(), "key": "k"}
    refused = treasurer.post("/books/A/cash", data={**asked, "pledge": "", "action": "count"})
    assert (refused.status_code, "is closed" in refused.text) == (422, True)
    assert admin.post(f"{FUNDS}/OLD", data={"action": "reopen"}).status_code == 303
    assert 'value="OLD"' in treasurer.get("/books/A/cash").text


@pytest.mark.parametrize(
    ("fund", "why"),
    [("GEN", "still holds or owes"), ("SOLAR", "Pledges to this fund"), ("HELD", "pool")],
)
def test_what_is_in_the_way_is_said_beside_the_fund(town: Town, fund: str, why: str) -> None:
    answer = town.client("admin").post(f"{FUNDS}/{fund}", data={"action": "close"})
    assert answer.status_code == 409
    assert why in answer.text or "still holds" in answer.text
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        assert fund_by_code(session, book.id, fund).closed_on is None


def test_the_last_fund_stays(session: Session) -> None:
    book = make_book(session, "Z")
    fund = make_fund(session, book)
    with pytest.raises(Conflict, match="A book needs a fund"):
        closing.close_fund(session, book=book, code="GEN", on=TODAY)
    make_fund(session, book, "NEXT")
    assert closing.close_fund(session, book=book, code="GEN", on=TODAY).closed_on == TODAY
    with pytest.raises(Invalid, match="The fund GEN is closed"):
        check_own_fund(book, fund)
    assert len(funds_of(session, book.id)) == 2


def test_an_own_account_is_closed_and_opened_again(town: Town) -> None:
    town.tell(
        lambda session: open_account(
            session, book=book_by_code(session, "A"), number=5140, name="Paint"
        )
    )
    admin, treasurer = town.client("admin"), town.client("treasurer")
    spending = "/books/A/agreements/new/spending"
    assert "5140 Paint" in treasurer.get(spending).text
    assert treasurer.post(f"{ACCOUNTS}/5140", data={"action": "close"}).status_code == 403
    assert admin.post(f"{ACCOUNTS}/5140", data={"action": "close"}).status_code == 303
    assert "5140" not in treasurer.get(spending).text
    asked = {"title": "Paint", "reason": "x", "amount": "5", "fund": "GEN", "account": "5140"}
    refused = treasurer.post(spending, data={**asked, "function": "programme"})
    assert (refused.status_code, "Account 5140 is closed" in refused.text) == (422, True)
    assert admin.post(f"{ACCOUNTS}/5140", data={"action": "reopen"}).status_code == 303
    assert "5140 Paint" in treasurer.get(spending).text
    # Services book on those of the chart.
    assert admin.post(f"{ACCOUNTS}/5110", data={"action": "close"}).status_code == 422
    assert admin.post(f"{ACCOUNTS}/9999", data={"action": "close"}).status_code == 404


def test_an_account_with_a_balance_stays_open(session: Session) -> None:
    book = make_book(session, "Z")
    fund = make_fund(session, book)
    open_account(session, book=book, number=1011, name="Savings")
    cash.record_cash(
        session,
        book=book,
        counted=cash.Counted(fund, 500, "x", TODAY),
        now=NOW,
        made_by=None,
    )
    closing.close_account(session, book=book, number=1011, on=TODAY)
    row = session.get_one(Account, (book.id, 1011))
    assert row.closed_on == TODAY
    with pytest.raises(Conflict, match="still holds or owes"):
        closing.close_fund(session, book=book, code="GEN", on=TODAY)
