"""One thing's life on its page: planned to wear, come back harmed, given on, let go."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.db import Session
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import Asset
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.services.approvals import decisions
from ledger.services.equipment import assets
from ledger.services.equipment.depreciation import book_wear
from tests.conftest import NOW
from tests.worlds.town import TODAY, Town

CAME = date(2026, 8, 20)


@pytest.fixture
def asset_id(town: Town) -> UUID:
    """A projector worth 600.00 that came in August."""
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        intake = assets.receive_things(
            session,
            book=book,
            fund=fund_by_code(session, book.id, "GEN"),
            receipt=assets.Receipt(
                commodity="EQP.PROJECTOR",
                quantity=1,
                description="A projector",
                condition="B",
                received_on=CAME,
            ),
            received_by=town.people["second member"],
            now=NOW,
        )
        valuation = assets.propose_valuation(
            session,
            intake_id=intake.id,
            appraisal=assets.Appraisal(
                currency="USD", total=60_000, method="price_list", evidence="A list", valued_on=CAME
            ),
            valued_by=town.people["member"],
            now=NOW,
        )
        _agree(session, town, "valuation", str(valuation.id))
        return session.scalars(select(Asset.id).where(Asset.intake_id == intake.id)).one()


def _agree(session: Session, town: Town, kind: str, subject: str) -> None:
    asked = session.scalars(
        select(ApprovalRequest).where(ApprovalRequest.kind == kind, ApprovalRequest.state == "open")
    )
    approval_request = next(row for row in asked if subject in map(str, row.arguments.values()))
    decisions.decide(
        session,
        request_id=approval_request.id,
        approve=True,
        decided_by=town.people["approver"],
        note="",
        now=NOW,
    )


def ask(town: Town, endpoint: str, asset_id: UUID, **form: str) -> str:
    path = town.address(endpoint, asset_id=str(asset_id))
    answer = town.client("treasurer").post(path, data=form)
    assert answer.status_code == 303, answer.text
    return town.client("treasurer").get(answer.headers["Location"]).text


def agree(town: Town, kind: str, asset_id: UUID) -> None:
    with town.db.transaction() as session:
        _agree(session, town, kind, str(asset_id))


def money(town: Town, code: str = "A") -> dict[int, int]:
    found: dict[int, int] = {}
    with town.db.snapshot() as session:
        book = book_by_code(session, code)
        for row in trial_balance(session, book_id=book.id):
            if row.commodity == "USD":
                found[row.account] = found.get(row.account, 0) + row.quantity
    return found


def moved(before: dict[int, int], after: dict[int, int]) -> dict[int, int]:
    return {
        key: after.get(key, 0) - before.get(key, 0)
        for key in {*before, *after}
        if after.get(key, 0) != before.get(key, 0)
    }


def test_a_things_wear_is_planned_once_and_booked_by_month(town: Town, asset_id: UUID) -> None:
    before = money(town)
    assert "over 48 months" in ask(town, "items.plan_wear", asset_id, months="48")
    path = town.address("items.plan_wear", asset_id=str(asset_id))
    again = town.client("treasurer").post(path, data={"months": "24"})
    assert again.status_code == 409
    with town.db.transaction() as session:
        book = book_by_code(session, "A")
        for month in (date(2026, 8, 1), date(2026, 9, 1), date(2026, 9, 1)):
            book_wear(session, book_id=book.id, month=month, by=None, now=NOW)
    assert moved(before, money(town)) == {5410: 2500, 1519: -2500}
    page = town.client("treasurer").get(town.address("items.show", asset_id=str(asset_id))).text
    assert "$575.00" in page


def test_a_thing_is_sold_once_an_approver_agrees(town: Town, asset_id: UUID) -> None:
    before = money(town)
    ask(town, "items.let_go", asset_id, way="sold", price="100", reason="A newer one came")
    assert moved(before, money(town)) == {}
    agree(town, "disposal", asset_id)
    assert moved(before, money(town)) == {1010: 10_000, 1510: -60_000, 5440: 50_000}
    page = town.client("treasurer").get(town.address("items.show", asset_id=str(asset_id))).text
    assert "disposed" in page
    assert "Change status" not in page


def test_a_thing_given_on_stands_in_the_other_book_at_the_same_worth(
    town: Town, asset_id: UUID
) -> None:
    before, others = money(town), money(town, "B")
    ask(town, "items.give_on", asset_id, receiver="B", reason="They show films")
    agree(town, "giving_on", asset_id)
    assert moved(before, money(town)) == {1510: -60_000, 5510: 60_000}
    assert moved(others, money(town, "B")) == {1510: 60_000, 4520: -60_000}


def test_harm_to_a_lent_thing_is_booked_with_what_the_borrower_pays(
    town: Town, asset_id: UUID
) -> None:
    with town.db.transaction() as session:
        assets.lend(
            session,
            asset_id=asset_id,
            borrower_id=book_by_code(session, "B").id,
            purpose="A film night",
            lent_on=TODAY,
            due_on=TODAY,
            by=town.people["member"],
            now=NOW,
        )
    path = town.address("items.damage", asset_id=str(asset_id))
    form = {"impairment": "600.01", "compensation": "", "reason": "It fell"}
    refused = town.client("treasurer").post(path, data=form)
    assert refused.status_code == 422
    assert 'value="600.01"' in refused.text
    before = money(town)
    ask(town, "items.damage", asset_id, impairment="250", compensation="100", reason="It fell")
    agree(town, "damaged_return", asset_id)
    assert moved(before, money(town)) == {1300: 10_000, 1518: -25_000, 4550: -10_000, 5420: 25_000}


@pytest.mark.parametrize("who", ["member", "treasurer"])
def test_a_price_for_what_is_not_sold_is_refused(town: Town, asset_id: UUID, who: str) -> None:
    path = town.address("items.let_go", asset_id=str(asset_id))
    form = {"way": "lost", "price": "5", "reason": "Gone"}
    answer = town.client(who).post(path, data=form)
    assert answer.status_code == 422
    assert 'href="#price"' in answer.text
