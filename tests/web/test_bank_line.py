"""A treasurer says on one page what a bank line is, in parts, and sees the entries before."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.models.approval_requests import ApprovalRequest
from ledger.models.statements import BankLine, BankLinePart
from tests.worlds.town import Town

TWO = {
    "meaning-0": "gift",
    "amount-0": "50.00",
    "fund-0": "GEN",
    "note-0": "For the well",
    "meaning-1": "interest",
    "amount-1": "",
    "fund-1": "GEN",
}


@pytest.fixture
def town(quick_town: Town) -> Town:
    return quick_town


def line_of(town: Town) -> UUID:
    return UUID(town.ids["line_id"])


def address(town: Town, part: object = None) -> str:
    return f"/books/A/bank/lines/{part or town.ids['line_id']}"


def test_the_bank_page_leads_to_the_page_of_a_line(town: Town) -> None:
    treasurer = town.client("treasurer")
    assert address(town) in treasurer.get("/books/A/statements").text
    page = treasurer.get(address(town)).text
    assert "With best wishes" in page
    assert page.count('<fieldset class="part"') == 1
    more = treasurer.post(address(town), data={"meaning-0": "gift", "step": "more"}).text
    assert more.count('<fieldset class="part"') == 2


def test_a_preview_shows_the_entries_and_books_nothing(town: Town) -> None:
    treasurer = town.client("treasurer")
    answer = treasurer.post(address(town), data={**TWO, "step": "preview"})
    assert answer.status_code == 200
    assert "This would be booked" in answer.text
    figures = re.findall(r'class="num">([\d.]+)</td>', answer.text)
    assert figures == ["50.00", "50.00", "20.00", "20.00"]
    with town.db.snapshot() as session:
        assert session.scalars(select(BankLinePart)).all() == []
        assert session.get_one(BankLine, line_of(town)).state == "open"


def test_booking_two_parts_shows_both_and_each_is_undone_there(town: Town) -> None:
    treasurer = town.client("treasurer")
    answer = treasurer.post(address(town), data={**TWO, "step": "book"})
    assert answer.status_code == 303
    with town.db.snapshot() as session:
        parts = session.scalars(select(BankLinePart).order_by(BankLinePart.position)).all()
        assert [part.amount for part in parts] == [5_000, 2_000]
        assert session.get_one(BankLine, line_of(town)).state == "matched"
    page = treasurer.get(address(town)).text
    assert 'class="part"' not in page
    for part in parts:
        assert f"/books/A/lines/{part.id}/undo" in page
        done = treasurer.post(f"/books/A/lines/{part.id}/undo", data={"why": "Another giver"})
        assert done.status_code == 303
    assert 'class="part"' in treasurer.get(address(town)).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount-1": "19.99"}, "0.01 USD of this line is not explained"),
        ({"amount-1": "20.01"}, "0.01 USD more than this line"),
        ({"meaning-1": "", "amount-1": "20"}, "Choose what this part is."),
        ({"fund-1": ""}, "Choose a fund."),
        ({"meaning-1": "pledge", "target-1": "P-NONE"}, "no pledge of money"),
        ({"amount-0": "x"}, "Enter"),
    ],
)
def test_what_is_wrong_is_said_at_its_row(town: Town, changed: dict[str, str], said: str) -> None:
    treasurer = town.client("treasurer")
    answer = treasurer.post(address(town), data={**TWO, **changed, "step": "book"})
    assert answer.status_code in (409, 422)
    assert said in answer.text
    assert "For the well" in answer.text
    with town.db.snapshot() as session:
        assert session.get_one(BankLine, line_of(town)).state == "open"


def test_a_payment_without_a_bill_waits_for_an_approver(town: Town) -> None:
    with town.db.transaction() as session:
        session.get_one(BankLine, line_of(town)).amount = -7_000
    treasurer = town.client("treasurer")
    cost = {"meaning-0": "cost", "fund-0": "GEN", "account-0": "5110", "note-0": "Paint"}
    answer = treasurer.post(address(town), data={**cost, "step": "book"})
    assert answer.status_code == 303
    with town.db.snapshot() as session:
        asked = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "line_cost")
        ).one()
        assert asked.reason == "Paint"
    page = treasurer.get(address(town)).text
    assert "Waits for an approver" in page
    assert f"/queue/{asked.id}" in page
    request = town.client("approver").get(f"/queue/{asked.id}").text
    assert "With best wishes" in request
    assert "5110" in request
    assert re.findall(r'class="num">([\d.]+)</td>', request) == ["70.00", "70.00"]


def test_selected_lines_are_previewed_in_sums_and_booked(town: Town) -> None:
    treasurer = town.client("treasurer")
    with town.db.transaction() as session:
        old = session.get_one(BankLine, line_of(town))
        new = {
            column.name: getattr(old, column.name)
            for column in BankLine.__table__.columns
            if column.name not in ("id", "fingerprint", "amount", "state")
        }
        line = BankLine(**new, fingerprint="more", amount=1_200, state="open")
        session.add(line)
        session.flush()
        line_id = line.id
    page = treasurer.get("/books/A/statements").text
    assert f'name="line" value="{line_id}" form="many"' in page
    asked = {"line": str(line_id), "meaning": "gift", "fund": "GEN", "what": "same"}
    seen = treasurer.post("/books/A/bank/lines", data={**asked, "step": "preview"}).text
    assert "This would be booked, in all" in seen
    assert re.findall(r'class="num">([\d.]+)</td>', seen) == ["12.00", "12.00", "12.00"]
    done = treasurer.post("/books/A/bank/lines", data={**asked, "step": "book"})
    assert done.status_code == 303
    assert "Lines booked: 1." in treasurer.get(done.headers["Location"]).text
    with town.db.snapshot() as session:
        assert session.get_one(BankLine, line_id).state == "matched"
    nothing = treasurer.post("/books/A/bank/lines", data={"what": "certain", "step": "book"})
    assert nothing.status_code == 303
    assert "None of these lines" in treasurer.get(nothing.headers["Location"]).text
