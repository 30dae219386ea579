"""An approver sees exactly what is booked; large amounts wait for a second signature."""

import re
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.models.approval_requests import ApprovalRequest
from ledger.models.journal import Entry, Posting
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.spending.spending import SpendingRequest, request_spending
from tests.conftest import NOW
from tests.factories import make_person
from tests.worlds.town import Town


@pytest.fixture(scope="module")
def second(town: Town) -> str:
    """A second approver of book A."""
    with town.db.transaction() as session:
        person = make_person(session, "Sam Second", book_by_code(session, "A"), "approver")
    town.people["second approver"] = person.id
    return "second approver"


def ask(town: Town, amount: int) -> UUID:
    """Ask for spending as the treasurer and return the request's id."""
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        row = request_spending(
            session,
            book=book,
            fund=fund_by_code(session, book.id, "GEN"),
            request=SpendingRequest(
                amount=amount, title=f"Timber for {amount}", reason="The roof leaks"
            ),
            made_by=town.people["treasurer"],
            now=NOW,
        )
        return session.scalars(
            select(ApprovalRequest.id).where(
                ApprovalRequest.arguments["commitment"].as_string() == str(row.id)
            )
        ).one()


def entries(town: Town) -> int:
    with town.db.snapshot() as session:
        return int(session.scalar(select(func.count()).select_from(Entry)) or 0)


def test_the_page_of_a_request_shows_what_is_then_booked(town: Town) -> None:
    request_id = ask(town, 1_234)
    before = town.rows()
    page = town.client("approver").get(f"/queue/{request_id}").text
    assert town.rows() == before
    shown = page[page.index('id="preview"') :].split("</section>")[0]
    assert "Treasurer" in page
    assert "The roof leaks" in page
    assert "5110" in page
    assert "available to spend" in shown
    assert shown.count("12.34") >= 2
    answer = town.client("approver").post(
        f"/queue/{request_id}", data={"answer": "approve", "note": ""}
    )
    assert answer.status_code == 303
    with town.db.snapshot() as session:
        entry = session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1)).one()
        legs = session.scalars(select(Posting).where(Posting.entry_id == entry.id)).all()
    assert {str(leg.account) for leg in legs} <= set(re.findall(r"\b\d{4}\b", shown))
    after = town.client("approver").get(f"/queue/{request_id}").text
    assert "1 of 1 approval " in " ".join(after.split())
    assert "<button name" not in after


def test_what_cannot_be_booked_says_so_before_anybody_signs(town: Town) -> None:
    page = town.client("approver").get(f"/queue/{ask(town, 90_000_000)}").text
    assert "this cannot be booked" in page


def test_a_large_amount_waits_for_a_second_person(town: Town, second: str) -> None:
    admin = town.client("admin")
    form = {"kind": "spending", "two_from": "100", "three_from": "", "reason": "We grew"}
    assert admin.post("/books/A/approval-rules", data=form).status_code == 303
    page = admin.get("/books/A/approval-rules").text
    assert "requests another rule" in page
    with town.db.snapshot() as session:
        rule = session.scalars(
            select(ApprovalRequest.id).where(
                ApprovalRequest.kind == "approval_rule", ApprovalRequest.state == "open"
            )
        ).one()
    own = admin.post(f"/queue/{rule}", data={"answer": "approve", "note": ""})
    assert own.status_code == 403
    agreed = town.client("approver").post(f"/queue/{rule}", data={"answer": "approve", "note": ""})
    assert agreed.status_code == 303
    assert "from $100.00: 2" in admin.get("/books/A/approval-rules").text

    request_id = ask(town, 10_000)
    listed = town.client("approver").get("/queue").text
    row = listed[listed.index(f'id="p-{request_id}"') :].split("</li>")[0]
    assert "0 of 2 approvals" in row
    before = entries(town)
    for _time in range(2):
        town.client("approver").post(f"/queue/{request_id}", data={"answer": "approve", "note": ""})
    page = town.client(second).get(f"/queue/{request_id}").text
    assert "1 of 2 approvals" in page
    assert entries(town) == before
    last = town.client(second).post(f"/queue/{request_id}", data={"answer": "approve", "note": ""})
    assert last.status_code == 303, last.text
    assert entries(town) > before


def test_an_admin_sees_requests_about_rights_and_no_others(town: Town) -> None:
    request_id = ask(town, 10)
    page = town.client("admin").get("/queue").text
    assert str(request_id) not in page
    assert town.client("admin").get(f"/queue/{request_id}").status_code == 404
    answer = town.client("admin").post(
        f"/queue/{request_id}", data={"answer": "approve", "note": ""}
    )
    assert answer.status_code == 404


def test_three_people_come_in_at_a_higher_amount_than_two(town: Town) -> None:
    form = {"kind": "loan", "two_from": "300", "three_from": "200", "reason": "x"}
    answer = town.client("admin").post("/books/A/approval-rules", data=form)
    assert answer.status_code == 422
    assert "at a higher amount" in answer.text
