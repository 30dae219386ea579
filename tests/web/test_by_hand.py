"""Deeds by hand on the pages: looked at first, then booked or asked for, and led to the entry."""

import re

from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.models.pledges import Pledge
from ledger.models.proposals import Proposal
from ledger.queries.balances import trial_balance
from ledger.queries.books import book_by_code
from tests.web.town import TODAY, Town

DAY = TODAY.isoformat()
DONOR = {"name": "Ann Field", "email": "ann@example.org", "consent": "initials"}
LETTER = {
    **DONOR,
    "fund": "GEN",
    "schedule": "2027-11-30 1000\n2028-11-30 1000\n2029-11-30 1000",
    "basis_points": "5",
    "reason": "A letter of November",
}


def send(town: Town, task: str, step: str = "do", **answers: str) -> TestResponse:
    path = town.address("by_hand.do", task=task)
    return town.client("treasurer").post(path, data={**answers, "step": step})


def money(town: Town) -> dict[tuple[int, str], int]:
    with town.db.snapshot() as session:
        rows = trial_balance(session, book_id=book_by_code(session, "A").id)
    return {(row.account, row.commodity): row.quantity for row in rows if row.fund == "GEN"}


def moved(town: Town, before: dict[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    after = money(town)
    keys = {*before, *after}
    changes = {key: after.get(key, 0) - before.get(key, 0) for key in keys}
    return {key: change for key, change in changes.items() if change}


def approve(town: Town, kind: str) -> None:
    with town.db.snapshot() as session:
        asked = session.scalars(
            select(Proposal)
            .where(Proposal.kind == kind, Proposal.state == "open")
            .order_by(Proposal.id.desc())
        ).first()
    assert asked is not None
    path = town.address("queue.decide", proposal_id=str(asked.id))
    answer = town.client("approver").post(path, data={"answer": "approve", "note": ""})
    assert answer.status_code == 303, answer.text


def looked_at(town: Town, task: str, **answers: str) -> str:
    """What a deed would come to; looking at it changes nothing."""
    before = town.rows()
    answer = send(town, task, "try", **answers)
    assert answer.status_code == 200, answer.text
    assert town.rows() == before
    return answer.text.split("It would come to this")[1]


def entry_of(town: Town, answer: TestResponse) -> str:
    """The page of the entry to which an answer leads."""
    assert answer.status_code == 303, answer.text
    assert "/journal/" in answer.headers["Location"]
    return town.client("treasurer").get(answer.headers["Location"]).text


def test_a_promise_on_paper_is_asked_agreed_raised_paid_and_written_off(town: Town) -> None:
    before = money(town)
    shown = looked_at(town, "promise", **LETTER)
    # 1000 due in one, two and three whole years at five percent.
    assert "$2,723.25" in shown
    answer = send(town, "promise", **LETTER)
    assert answer.status_code == 303
    path = answer.headers["Location"]
    queue = town.client("approver").get("/queue").text
    assert "Ann Field" in queue
    assert "Nov 30, 2029" in queue
    approve(town, "promise")
    assert moved(town, before)[1210, "USD"] == 300_000
    treasurer = town.client("treasurer")
    for step, answers in (
        ("increase", {"amount": "100", "evidence": "A second letter"}),
        ("write_off", {"reason": "Ann has left the country"}),
    ):
        assert treasurer.post(f"{path}/{step}", data=answers).status_code == 303
        if step == "increase":
            approve(town, "promise_increase")
            assert moved(town, before)[1210, "USD"] == 310_000
            with town.db.snapshot() as session:
                reference = session.scalars(
                    select(Pledge.reference).where(Pledge.legal_nature == "unconditional")
                ).one()
            cash = {"amount": "60", "fund": "GEN", "received_on": DAY, "pledge": reference}
            paid = treasurer.post("/books/A/cash", data={**cash, "key": "p", "deed": "count"})
            assert paid.status_code == 303
            assert "$3,040.00" in treasurer.get(path).text
    approve(town, "write_off")
    assert (1210, "USD") not in moved(town, before)
    page = treasurer.get(path).text
    assert "written off" in page
    assert page.count("/journal/") == 3


def test_who_promised_is_told_to_treasurers_and_approvers_only(town: Town) -> None:
    asked = send(town, "promise", **{**LETTER, "name": "Zelda Unique", "email": "z@example.org"})
    for who, knows in (("treasurer", True), ("approver", True), ("member", False)):
        page = town.client(who).get(asked.headers["Location"])
        assert page.status_code == 200
        assert ("Zelda Unique" in page.text) is knows, who


def test_a_pledge_by_phone_is_noted_and_taken_back(town: Town) -> None:
    before = money(town)
    answers = {**DONOR, "amount": "75", "fund": "GEN", "due_on": "2027-01-31"}
    page = entry_of(town, send(town, "spoken-pledge", **answers))
    assert "Treasurer" in page
    reference = re.search(r"P-[0-9A-Z]{3}-[0-9A-Z]{4}", page)
    assert reference is not None
    noted = moved(town, before)
    assert {account // 1000 for account, _unit in noted} == {9}
    back = {"pledge": reference[0].lower(), "done_on": DAY}
    entry_of(town, send(town, "pledge-taken-back", **back))
    assert moved(town, before) == {}
    assert send(town, "pledge-taken-back", **back).status_code == 409


def test_foreign_money_is_looked_at_received_revalued_and_sold(town: Town) -> None:
    before = money(town)
    gift = {"fund": "GEN", "foreign": "eur", "amount": "100", "rate": "1.085", "done_on": DAY}
    assert "108.50" in looked_at(town, "foreign-gift", reference="1", **gift)
    assert "foreign gift" in entry_of(town, send(town, "foreign-gift", reference="1", **gift))
    rates = {"fund": "GEN", "rates": "EUR 1.10", "done_on": DAY}
    assert "1.50" in looked_at(town, "revaluation", **rates)
    entry_of(town, send(town, "revaluation", **rates))
    assert send(town, "revaluation", **rates).status_code == 409
    sale = {**gift, "received": "109.50", "reference": "2"}
    del sale["rate"]
    assert "109.50" in looked_at(town, "foreign-sale", **sale)
    entry_of(town, send(town, "foreign-sale", **sale))
    last = {"fund": "GEN", "rates": "EUR 1.2", "done_on": DAY}
    entry_of(town, send(town, "revaluation", **last))
    # What was given is income at the day's rate; the rest of what came is gain less loss.
    assert moved(town, before) == {
        (1010, "USD"): 10_950,
        (4010, "USD"): -10_850,
        (4920, "USD"): -100,
    }


def test_more_foreign_money_than_there_is_cannot_be_sold_nor_yens_have_cents(town: Town) -> None:
    sale = {"fund": "GEN", "foreign": "GBP", "amount": "5", "received": "6", "reference": "9"}
    assert send(town, "foreign-sale", done_on=DAY, **sale).status_code == 409
    yen = {"fund": "GEN", "foreign": "JPY", "amount": "5.50", "rate": "0.007", "reference": "9"}
    answer = send(town, "foreign-gift", done_on=DAY, **yen)
    assert answer.status_code == 422
    assert "0 decimal places" in answer.text
    ahead = send(town, "foreign-gift", done_on="2027-01-01", **{**yen, "amount": "5"})
    assert "still ahead" in ahead.text


def test_an_allowance_is_what_the_rules_say_and_leads_to_its_entry(town: Town) -> None:
    nothing = send(town, "allowance", fund="GEN", amount="", reason="Old promises")
    assert nothing.status_code == 422
    old = {**LETTER, "schedule": "2026-01-31 200", "reason": "An old letter"}
    send(town, "promise", **old)
    approve(town, "promise")
    before = money(town)
    # Overdue by more than ninety days: sixty percent.
    asked = {"fund": "GEN", "amount": "", "reason": "Old promises"}
    assert "$120.00" in looked_at(town, "allowance", **asked)
    assert send(town, "allowance", **asked).status_code == 303
    approve(town, "allowance")
    assert moved(town, before)[1218, "USD"] == -12_000
    index = town.client("treasurer").get("/books/A/by-hand").text
    link = re.search(r'href="(/books/A/journal/[^"]+)"', index)
    assert link is not None
    assert "allowance" in town.client("treasurer").get(link[1]).text


def test_a_deed_that_nobody_knows_is_not_found(town: Town) -> None:
    assert send(town, "nothing").status_code == 404
    assert town.client("treasurer").get("/books/A/by-hand/nothing").status_code == 404
