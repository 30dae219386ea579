"""Money that comes by bank or in cash before an all-or-nothing campaign has its goal (PAY-13)."""

from datetime import date
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from ledger.db import Database, Session
from ledger.models.campaigns import Campaign
from ledger.models.pledges import Pledge
from ledger.models.statements import BankStatement
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.campaigns.campaigns import progress
from ledger.queries.invariants import check
from ledger.queries.pledges.pledge_status import standings_of
from ledger.services.campaigns.campaigns import Need, close_campaign
from tests.conftest import NOW
from tests.factories import make_campaign, make_party, make_pledge
from tests.web.test_owed_refunds import balances, change
from tests.worlds.town import TODAY, Town, _line, found_town

OVER = date(2027, 1, 1)
MEMO = {9120: -6_000, 9190: 6_000}


@pytest.fixture
def town(db: Database) -> Town:
    town = found_town(db)

    def begin(session: Session) -> None:
        book = book_by_code(session, "A")
        campaign = make_campaign(
            session,
            book,
            fund_by_code(session, book.id, "SOLAR"),
            slug="all",
            mode="all_or_nothing",
            needs=(Need("USD", "Panels", 6_000, 9_000),),
        )
        donor = make_party(session, "early@example.org", "Early Donor")
        pledge = make_pledge(session, campaign, donor)
        town.ids |= {"campaign": str(campaign.id), "early": str(pledge.id)}
        town.ids["early_reference"] = pledge.reference

    town.tell(begin)
    return town


def line(town: Town, amount: int) -> str:
    """A line of the bank's statement."""
    made: list[str] = []

    def tell(session: Session) -> None:
        statement = session.get_one(BankStatement, UUID(town.ids["statement_id"]))
        statement.closing += amount
        position = 20_000 + amount
        made.append(str(_line(session, statement, position, amount, "Early", "hello").id))

    town.tell(tell)
    return made[0]


def matched(town: Town, item: str, meaning: str, target: str) -> TestResponse:
    data = {"meaning": meaning, "target": target}
    return town.client("treasurer").post(f"/books/A/lines/{item}", data=data)


def paid_in_cash(town: Town, amount: str) -> TestResponse:
    return town.client("treasurer").post(
        town.address("offline.record"),
        data={
            "amount": amount,
            "fund": "SOLAR",
            "received_on": TODAY.isoformat(),
            "pledge": town.ids["early_reference"],
            "key": f"k{amount}",
            "action": "count",
        },
    )


def close(town: Town) -> str:
    states: list[str] = []

    def tell(session: Session) -> None:
        key = UUID(town.ids["campaign"])
        states.append(close_campaign(session, campaign_id=key, on=OVER, now=NOW))

    town.tell(tell)
    return states[0]


def said(town: Town) -> str:
    """What the donor is told."""
    with town.db.snapshot() as session:
        key = UUID(town.ids["early"])
        return str(standings_of(session, pledge_ids=[key], now=NOW)[key].status)


def holds(town: Town) -> None:
    with town.db.snapshot() as session:
        found = {row.id: row.first_violation for row in check(session) if not row.ok}
    # The town's contribution to the pool was decided by nobody.
    assert found.keys() <= {"I-09"}, found


def test_a_transfer_is_held_and_earned_when_the_goal_is_reached(town: Town) -> None:
    before = balances(town)
    assert (
        matched(town, line(town, 6_000), "pledge", town.ids["early_reference"]).status_code == 303
    )
    assert change(town, before) == {1010: 6_000, 2410: -6_000, **MEMO}
    with town.db.snapshot() as session:
        (need,) = progress(session, campaign_id=UUID(town.ids["campaign"]))
        assert need.counted == 6_000
    holds(town)
    before = balances(town)
    assert close(town) == "succeeded"
    assert change(town, before) == {2410: 6_000, 4010: -6_000}
    assert said(town) == "fulfilled"
    with town.db.snapshot() as session:
        assert session.get_one(Pledge, UUID(town.ids["early"])).legal_nature == "intention"
    holds(town)


def test_a_transfer_is_owed_back_when_the_goal_is_missed(town: Town) -> None:
    matched(town, line(town, 4_000), "pledge", town.ids["early_reference"])
    before = balances(town)
    assert close(town) == "failed"
    assert change(town, before) == {2410: 4_000, 2140: -4_000, 9120: -2_000, 9190: 2_000}
    assert said(town) == "refund_on_its_way"
    stripe = town.client("treasurer").get(town.address("payouts.show")).text
    assert "Goal not reached" in stripe
    back = line(town, -4_000)
    bank = town.client("treasurer").get(town.address("statements.show")).text
    assert "Owed back to Early Donor" in bank
    before = balances(town)
    assert matched(town, back, "repaid", town.ids["early_reference"]).status_code == 303
    assert change(town, before) == {2140: 4_000, 1010: -4_000}
    assert said(town) == "refunded"
    holds(town)
    undo = town.client("treasurer").post(f"/books/A/lines/{back}/undo", data={"why": "Another"})
    assert undo.status_code == 303
    assert said(town) == "refund_on_its_way"
    holds(town)


def test_cash_is_held_too_and_paid_back_by_hand(town: Town) -> None:
    before = balances(town)
    assert paid_in_cash(town, "10").status_code == 303
    assert change(town, before) == {1030: 1_000, 2410: -1_000, 9120: -1_000, 9190: 1_000}
    close(town)
    path = town.address("manual_entries.do", task="donor-repaid")
    data = {
        "owed": town.ids["early_reference"],
        "amount": "",
        "done_on": TODAY.isoformat(),
        "step": "do",
    }
    before = balances(town)
    assert town.client("treasurer").post(path, data=data).status_code == 303
    assert change(town, before) == {2140: 1_000, 1010: -1_000}
    assert town.client("treasurer").post(path, data=data).status_code == 409
    holds(town)


def test_part_held_and_part_promised_end_as_one(town: Town) -> None:
    matched(town, line(town, 2_000), "pledge", town.ids["early_reference"])

    def give(session: Session) -> None:
        other = make_party(session, "late@example.org", "Late Donor")
        campaign = session.get_one(Campaign, UUID(town.ids["campaign"]))
        pledge = make_pledge(session, campaign, other, quantity=4_000)
        town.ids["late_reference"] = pledge.reference

    town.tell(give)
    matched(town, line(town, 4_000), "pledge", town.ids["late_reference"])
    before = balances(town)
    assert close(town) == "succeeded"
    assert change(town, before) == {
        2410: 6_000,
        4010: -6_000,
        1210: 4_000,
        4030: -4_000,
        9120: -4_000,
        9190: 4_000,
    }
    holds(town)


def test_money_that_comes_after_a_missed_goal_is_a_contribution(town: Town) -> None:
    assert close(town) == "failed"
    before = balances(town)
    matched(town, line(town, 6_000), "pledge", town.ids["early_reference"])
    assert change(town, before) == {1010: 6_000, 4010: -6_000}
    holds(town)
