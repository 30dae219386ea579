"""Agreements on the pages: asked for, agreed by somebody else, carried out step by step."""

import re

import pytest
from sqlalchemy import select

from ledger.ids import new_id
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code
from tests.worlds.town import TODAY, Town

DAY = {"done_on": TODAY.isoformat()}
COMMON = {"title": "A thing", "amount": "20", "fund": "GEN", "reason": "Because"}
# Kind → what the form says besides, who asks, and the steps: (name, answers).
WALKS: dict[str, tuple[dict[str, str], str, list[tuple[str, dict[str, str]]]]] = {
    "spending": (
        {"account": "5110", "function": "programme"},
        "member",
        [
            ("bill", {"amount": "18"}),
            ("release", {"reference": "T1"}),
            ("clear", {"reference": "T1"}),
        ],
    ),
    "expense": ({}, "member", [("reimburse", {})]),
    "grant": (
        {},
        "treasurer",
        [
            ("receive", {"amount": "12", "reference": "B1"}),
            ("earn", {"amount": "7", "reference": "M1"}),
            ("claim", {"amount": "8", "reference": "C1"}),
            ("return", {"amount": "5", "reference": "R1"}),
        ],
    ),
    "outside_grant": (
        {},
        "treasurer",
        [("pay", {"amount": "8", "reference": "1"}), ("pay", {"amount": "12", "reference": "2"})],
    ),
    "loan": (
        {"other": "B", "other_fund": ""},
        "treasurer",
        [("repay", {"amount": "20", "reference": "1"})],
    ),
    "purchase": (
        {"commodity": "EQP.PROJECTOR", "items": "1", "fund": "SOLAR"},
        "treasurer",
        [("serve", {"to_fund": "GEN"})],
    ),
}
ENDS = {
    "spending": {(1010, "GEN"): -1800, (5110, "GEN"): 1800},
    "expense": {(1010, "GEN"): -2000, (5110, "GEN"): 2000},
    "grant": {
        (1010, "GEN"): 700,
        (1220, "GEN"): 800,
        (4210, "GEN"): -1500,
        (9140, "GEN"): 0,
        (9190, "GEN"): 0,
    },
    "outside_grant": {(1010, "GEN"): -2000, (5610, "GEN"): 2000},
    "loan": {},
    "purchase": {
        (1510, "GEN"): 2000,
        (2110, "SOLAR"): -2000,
        (5910, "SOLAR"): 2000,
        (4910, "GEN"): -2000,
    },
}


def money(town: Town) -> dict[tuple[int, str], int]:
    with town.db.snapshot() as session:
        book = book_by_code(session, "A")
        rows = trial_balance(session, book_id=book.id)
        return {(row.account, row.fund): row.quantity for row in rows if row.commodity == "USD"}


def ask(town: Town, kind: str, **other: str) -> Agreement:
    also, who, _steps = WALKS[kind]
    # The town is shared by all tests of this file.
    title = f"A thing {new_id()}"
    form = {**COMMON, **also, **other, "title": title}
    answer = town.client(who).post(town.address("agreements.ask", kind=kind), data=form)
    assert answer.status_code == 303, answer.text
    with town.db.snapshot() as session:
        return session.scalars(
            select(Agreement).where(Agreement.kind == kind, Agreement.title == title)
        ).one()


def approve(town: Town, kind: str) -> None:
    with town.db.snapshot() as session:
        asked = session.scalar(
            select(ApprovalRequest).where(
                ApprovalRequest.kind == kind, ApprovalRequest.state == "open"
            )
        )
    if asked is not None:
        path = town.address("queue.decide", request_id=str(asked.id))
        answer = town.client("approver").post(path, data={"answer": "approve", "note": ""})
        assert answer.status_code == 303, answer.text


def give_money(town: Town) -> None:
    """Put cash into the restricted fund, so that it can buy something."""
    form = {"amount": "50", "fund": "SOLAR", "received_on": TODAY.isoformat(), "key": "k9"}
    for deed in ("count", "bank"):
        town.client("treasurer").post(
            town.address("offline.record"), data={**form, "action": deed, "key": f"k9{deed}"}
        )


@pytest.mark.parametrize("kind", sorted(WALKS))
def test_an_agreement_is_asked_for_agreed_and_carried_out(town: Town, kind: str) -> None:
    give_money(town)
    before = money(town)
    row = ask(town, kind)
    approve(town, kind)
    treasurer = town.client("treasurer")
    for move, answers in WALKS[kind][2]:
        path = town.address("agreements.carry_out", agreement=row.reference, move=move)
        answer = treasurer.post(path, data={**DAY, **answers})
        assert answer.status_code == 303, answer.text
    after = money(town)
    moved = {
        key: after.get(key, 0) - before.get(key, 0)
        for key in {*before, *after, *ENDS[kind]}
        if after.get(key, 0) != before.get(key, 0) or key in ENDS[kind]
    }
    assert moved == ENDS[kind]
    shown = treasurer.get(town.address("agreements.show", agreement=row.reference)).text
    # The approval is a step as well; a grant is noted without one, and some end by themselves.
    assert shown.count('data-label="Step"') >= len(WALKS[kind][2])


def test_the_form_offers_and_takes_the_accounts_on_which_something_is_bought(town: Town) -> None:
    path = town.address("agreements.ask", kind="spending")
    shown = town.client("member").get(path).text
    assert re.findall(r'<option value="(\d{4})"', shown) == ["5110", "5120", "6110", "6210"]
    before = town.rows()
    for account in ("5910", "5915", "4010", "5510", "9999", "1"):
        form = {**COMMON, "account": account, "function": "programme"}
        answer = town.client("member").post(path, data=form)
        assert answer.status_code == 422
        assert "like 5110 or 6110" in answer.text
    assert town.rows() == before


def test_whoever_approved_a_spending_cannot_pay_it_and_a_step_out_of_turn_says_why(
    town: Town,
) -> None:
    path = town.address("agreements.carry_out", move="clear")
    answer = town.client("treasurer").post(path, data={**DAY, "reference": "T1"})
    assert answer.status_code == 409
    assert "” is not possible while the status is" in answer.text
    pay = town.address("agreements.carry_out", move="release")
    assert town.client("approver").post(pay, data={**DAY, "reference": "T1"}).status_code == 403


def test_a_member_gives_what_they_laid_out_and_nobody_else_can(town: Town) -> None:
    row = ask(town, "expense")
    approve(town, "expense")
    path = town.address("agreements.carry_out", agreement=row.reference, move="waive")
    assert town.client("treasurer").post(path, data=DAY).status_code == 403
    before = money(town)
    assert town.client("member").post(path, data=DAY).status_code == 303
    assert money(town)[4010, "GEN"] == before[4010, "GEN"] - 2000


def test_a_bill_above_the_order_is_refused_and_what_was_typed_is_kept(town: Town) -> None:
    path = town.address("agreements.carry_out", move="bill")
    answer = town.client("treasurer").post(path, data={**DAY, "amount": "10.01"})
    assert answer.status_code == 409
    assert 'value="10.01"' in answer.text
    assert "higher than the order" in answer.text


def test_money_moves_between_own_funds_once_an_approver_agrees(town: Town) -> None:
    form = {"amount": "20", "fund": "GEN", "to_fund": "SOLAR", "reason": "For the roof"}
    path = town.address("agreements.ask", kind="designation")
    assert town.client("treasurer").post(path, data=form).status_code == 303
    before = money(town)
    approve(town, "designation")
    assert money(town)[5915, "GEN"] == before.get((5915, "GEN"), 0) + 2000


def test_an_agreement_of_another_book_or_kind_is_not_found(town: Town) -> None:
    treasurer = town.client("treasurer")
    assert treasurer.get(town.address("agreements.show", agreement="C-NONE-1")).status_code == 404
    assert treasurer.get(town.address("agreements.new", kind="gambling")).status_code == 404
    path = town.address("agreements.carry_out", move="vanish")
    assert treasurer.post(path, data=DAY).status_code == 404


def test_a_shared_cost_shows_its_exact_shares_before_it_is_asked_for(town: Town) -> None:
    form = {
        "title": "Hall hire",
        "amount": "100",
        "fund": "GEN",
        "measure-A": "2",
        "measure-B": "1",
        "reason": "By heads",
    }
    path, treasurer = town.address("cost_sharing.propose"), town.client("treasurer")
    rows = town.rows()
    shown = treasurer.post(path, data={**form, "action": "preview"}).text
    assert "$66.67" in shown
    assert "$33.33" in shown
    assert town.rows() == rows
    before = money(town)
    assert treasurer.post(path, data={**form, "action": "ask"}).status_code == 303
    approve(town, "cost_sharing")
    after = money(town)
    assert after[1300, "GEN"] - before.get((1300, "GEN"), 0) == 3333
    assert after[1010, "GEN"] - before[1010, "GEN"] == -10_000
