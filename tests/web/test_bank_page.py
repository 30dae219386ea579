"""The bank page: a file finds its account or asks, and each payment of a batch is decided alone."""

import io
import re
from dataclasses import replace

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.db import Database, Session
from ledger.models.statements import BankLine, BankLinePart, BankStatement
from ledger.queries.books.balances import balance_of
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.banking import cash
from tests.conftest import NOW
from tests.statements.bank_files import (
    IBAN,
    OTHER_IBAN,
    balance,
    camt,
    entry,
    payment,
    statement_part,
)
from tests.worlds.town import Town, found_town

PAGE = "/books/B/statements"


@pytest.fixture
def town(db: Database) -> Town:
    """A town of its own: what a page says depends on what came in before."""
    return found_town(db)


def dollars(text: str) -> bytes:
    return text.replace("EUR", "USD").encode()


def send(town: Town, text: str, **fields: str) -> TestResponse:
    data = {"file": (io.BytesIO(dollars(text)), "bank.xml"), **fields}
    return town.client("other treasurer").post(
        PAGE, data=data, content_type="multipart/form-data", follow_redirects=True
    )


def shown(town: Town, **query: str) -> str:
    return town.client("other treasurer").get(PAGE, query_string=query).text


def test_a_statement_says_which_of_its_balances_are_derived(town: Town) -> None:
    send(town, camt(entry("25.00"), kind="052", name="R1"))
    page = shown(town)
    assert "Interim" in page
    assert "No file of this account states a balance" in page
    with town.db.snapshot() as session:
        found = session.scalars(
            select(BankStatement.id).where(BankStatement.statement_ref.startswith("R1"))
        ).one()
    text = town.client("other treasurer").get(f"/books/B/statements/{found}").text
    assert "not stated by the bank" in text
    assert "has not ended" in text


def test_a_file_of_two_accounts_asks_which_one_and_need_not_be_sent_again(town: Town) -> None:
    send(town, camt(entry("25.00"), kind="052", name="R1"))
    inside = balance("OPBD", "100.00") + balance("CLBD", "120.00") + entry("20.00")
    third = "DE89370400440532013000"
    file = camt(parts=[statement_part(inside, account=third),
                       statement_part(inside, account=OTHER_IBAN, name="S2")])  # fmt: skip
    asked = send(town, file)
    assert asked.status_code == 422
    assert "--bank-account" not in asked.text
    assert f"<option>{OTHER_IBAN}</option>" in asked.text
    kept = re.search(r'name="kept" value="([^"]+)"', asked.text)
    assert kept is not None
    client = town.client("other treasurer")
    done = client.post(PAGE, data={"kept": kept[1], "bank_account": OTHER_IBAN})
    # The book knows another account: is this the same one under another name, or one more?
    assert (done.status_code, f"same:{IBAN}" in done.text) == (422, True)
    again = re.search(r'name="kept" value="([^"]+)"', done.text)
    assert again is not None
    fields = {"kept": again[1], "bank_account": OTHER_IBAN, "known_as": "further"}
    assert client.post(PAGE, data=fields).status_code == 303
    with town.db.snapshot() as session:
        named = select(BankStatement.bank_account).where(BankStatement.statement_ref == "S2")
        assert session.scalars(named).all() == [OTHER_IBAN]
    page = shown(town)
    assert f"This is the same account as {IBAN}" in page
    assert third not in page


def test_a_kept_file_that_is_none_is_asked_for_again(town: Town) -> None:
    client = town.client("other treasurer")
    for kept in ("", "%%%", "AAAA", "eJw="):
        assert client.post(PAGE, data={"kept": kept}).status_code == 422


def test_each_payment_of_a_batch_has_its_own_decision(town: Town) -> None:
    both = payment("A1", "329.56", "Ada &lt;Lane&gt;", "Gift 1") + payment(
        "B2", "100.00", "Bo", "Gift 2"
    )
    day = "2024-04-10"
    send(town, camt(balance("OPBD", "0.00", day), balance("CLBD", "429.56", day),
                    entry("429.56", day, details=both), name="P1"))  # fmt: skip
    page = shown(town)
    assert "2 payments in one sum" in page
    assert "Ada &lt;Lane&gt;" in page
    with town.db.snapshot() as session:
        first, second = session.scalars(select(BankLinePart.id).order_by(BankLinePart.position))
    client = town.client("other treasurer")
    for part in (first, second):
        answer = client.post(f"/books/B/lines/{part}", data={"meaning": "gift", "target": "GEN"})
        assert answer.status_code == 303
        state = town.client("other treasurer").get("/books/B/journal")
        assert state.status_code == 200
    with town.db.snapshot() as session:
        line = session.scalars(select(BankLine).where(BankLine.amount == 42_956)).one()
    assert line.state == "matched"
    late = client.post(f"/books/B/lines/{first}", data={"meaning": "gift", "target": "GEN"})
    assert late.status_code == 409


def test_a_returned_debit_says_why_and_lines_are_found_by_words(town: Town) -> None:
    back = "<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>"
    details = payment("S1", name="Cy Moon", text="Monthly gift", more=back)
    day = "2024-04-20"
    send(town, camt(balance("OPBD", "100.00", day), balance("CLBD", "90.00", day),
                    entry("-10.00", day, details=details), name="P2"))  # fmt: skip
    assert "Returned: AM04 insufficient funds" in shown(town, words="monthly moon")
    assert "Monthly gift" not in shown(town, words="weekly")
    assert "No open pledge found." in shown(town, find="nobody at all")


def test_a_cheque_that_the_bank_takes_back_has_a_button_on_its_line(town: Town) -> None:
    def pay_in(session: Session) -> None:
        book = book_by_code(session, "B")
        cheque = cash.Counted(fund_by_code(session, book.id, "GEN"), 4_321, "cheque", on=NOW.date())
        entry = cash.record_cash(session, book=book, counted=cheque, made_by=None, now=NOW)
        cash.bank_cash(
            session,
            book=book,
            counted=replace(cheque, reference="b"),
            counts=[entry],
            made_by=None,
            now=NOW,
        )

    town.tell(pay_in)
    send(town, camt(entry("-43.21", day=NOW.date().isoformat()), kind="052", name="BACK"))
    page = shown(town)
    assert "Returned cheque: $43.21" in page
    wanted = r'action="([^"]+)">(?:(?!</form>).)*value="returned">\s*<input[^>]+value="([^"]+)"'
    form = re.search(wanted, page, re.DOTALL)
    assert form is not None
    client = town.client("other treasurer")
    done = client.post(form[1], data={"meaning": "returned", "target": form[2]})
    assert done.status_code == 303
    assert "Returned cheque:" not in shown(town)
    with town.db.snapshot() as session:
        book = book_by_code(session, "B")
        assert balance_of(session, book_id=book.id, accounts=[4091])["USD"] == 4_321
