"""Hours pledged to a pool, worked at a member that the pool allocated them to (ALC-9)."""

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.db import Database, Session
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Fund
from ledger.models.hours import HoursEntry
from ledger.models.people import Person
from ledger.models.pledges import Fulfilment, Pledge
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.books import book_by_code, fund_by_code
from ledger.queries.invariants import check
from ledger.queries.pools.hours import allocated_hours
from ledger.services.approvals import decisions
from ledger.services.campaigns.campaigns import Need
from ledger.services.pledges.parties import Giver, party_of_person
from ledger.services.pools import lifecycle
from tests.conftest import NOW
from tests.factories import make_campaign, make_pledge
from tests.worlds.town import TODAY, Town, found_town


@pytest.fixture
def town(db: Database) -> Town:
    town = found_town(db)
    town.tell(lambda session: allocate(session, town))
    return town


def allocate(session: Session, town: Town) -> None:
    """A member of A pledges twenty hours to the pool, which allocates ten of them to A."""
    pool, member = book_by_code(session, "P"), book_by_code(session, "A")
    person = session.get_one(Person, town.people["member"])
    giver = Giver(person.name, person.email, "name")
    party = party_of_person(session, person=person, giver=giver, now=NOW)
    own = session.scalars(select(Fund).where(Fund.book_id == pool.id)).first()
    assert own is not None
    needs = (Need("MIN.ELEC", "Electricians", 1_200, 1_200),)
    campaign = make_campaign(session, pool, own, slug="pool-hours", needs=needs)
    pledge = make_pledge(session, campaign, party, "MIN.ELEC", 1_200)
    town.ids["pool_pledge"] = pledge.reference
    lifecycle.propose_conditional(
        session,
        pool=pool,
        member=member,
        fund=fund_by_code(session, member.id, "SOLAR"),
        condition=lifecycle.Condition(quantity=600, commodity="MIN.ELEC", milestone="As worked"),
        reason="Decided by the members",
        made_by=town.people["second treasurer"],
        now=NOW,
    )
    asked = session.scalars(
        select(ApprovalRequest)
        .where(ApprovalRequest.kind == "conditional_allocation")
        .order_by(ApprovalRequest.id.desc())
    ).first()
    assert asked is not None
    decisions.decide(
        session,
        request_id=asked.id,
        approve=True,
        decided_by=town.people["pool approver"],
        note="",
        now=NOW,
    )
    row = session.scalars(select(Agreement).where(Agreement.kind == "conditional_allocation")).one()
    town.ids["allocation"] = str(row.id)


def log(town: Town, **answers: str) -> TestResponse:
    data = {
        "pledge": town.ids["pool_pledge"],
        "allocation": town.ids["allocation"],
        "worked": "4",
        "worked_on": TODAY.isoformat(),
        "description": "Wiring the barn",
        **answers,
    }
    return town.client("member").post("/hours", data=data)


def newest(town: Town) -> HoursEntry:
    with town.db.snapshot() as session:
        return session.scalars(select(HoursEntry).order_by(HoursEntry.id.desc()).limit(1)).one()


def confirm(town: Town, row: HoursEntry, who: str = "treasurer") -> TestResponse:
    return town.client(who).post(f"/hours/{row.id}/confirm")


def balances(town: Town, code: str) -> dict[tuple[int, str], int]:
    with town.db.snapshot() as session:
        rows = trial_balance(session, book_id=book_by_code(session, code).id)
    found: dict[tuple[int, str], int] = {}
    for row in rows:
        key = row.account, row.commodity
        found[key] = found.get(key, 0) + row.quantity
    return found


def moved(town: Town, code: str, before: dict[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    after = balances(town, code)
    gaps = {key: after.get(key, 0) - before.get(key, 0) for key in {*before, *after}}
    return {key: gap for key, gap in gaps.items() if gap}


def left(town: Town) -> int:
    with town.db.snapshot() as session:
        pool = book_by_code(session, "P")
        return sum(row.left for row in allocated_hours(session, pool_ids=[pool.id]))


def test_hours_are_logged_where_they_were_worked_and_confirmed_there(town: Town) -> None:
    page = town.client("member").get("/hours").text
    assert "Worked at" in page
    assert f'value="{town.ids["allocation"]}"' in page
    assert log(town).status_code == 303
    row = newest(town)
    waiting = town.client("treasurer").get("/hours").text
    assert "Wiring the barn" in waiting
    assert "pledged to" in waiting
    pool, member = balances(town, "P"), balances(town, "A")
    assert confirm(town, row).status_code == 303
    assert moved(town, "P", pool) == {
        (9190, "MIN.ELEC"): 240,
        (9110, "MIN.ELEC"): -240,
        (9290, "MIN.ELEC"): 240,
        (9210, "MIN.ELEC"): -240,
        (8310, "MIN.ELEC"): 240,
        (8120, "MIN.ELEC"): -240,
        (5540, "USD"): 19_200,
        (4120, "USD"): -19_200,
    }
    assert moved(town, "A", member) == {
        (8410, "MIN.ELEC"): 240,
        (8310, "MIN.ELEC"): -240,
        (5210, "USD"): 19_200,
        (4540, "USD"): -19_200,
    }
    assert left(town) == 360
    with town.db.snapshot() as session:
        of_pledge = (
            select(Fulfilment.quantity)
            .join(Pledge, Pledge.id == Fulfilment.pledge_id)
            .where(Pledge.reference == town.ids["pool_pledge"])
        )
        assert session.scalars(of_pledge).all() == [240]
        found = {row.id: row.first_violation for row in check(session) if not row.ok}
    # The town's contribution to the pool was decided by nobody.
    assert found.keys() <= {"I-09"}, found


def test_no_more_is_confirmed_than_the_pool_allocated(town: Town) -> None:
    for hours in ("7", "3:01"):
        assert log(town, worked=hours).status_code == 303
        row = newest(town)
        confirm(town, row)
    assert newest(town).state == "logged"
    assert confirm(town, row).status_code == 409
    assert left(town) == 180


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ({"pledge": ""}, "pledge"),
        ({"allocation": "01a22f0f-0000-7000-8000-000000000000"}, "allocation"),
        ({"allocation": "no id"}, "allocation"),
        ({"worked": "17"}, "worked"),
    ],
)
def test_what_does_not_belong_together_is_said_at_its_place(
    town: Town, answers: dict[str, str], place: str
) -> None:
    rows = town.rows()
    answer = log(town, **answers)
    assert answer.status_code == 422
    assert f'href="#{place}"' in answer.text
    assert town.rows() == rows


def test_somebody_elses_pledge_and_ones_own_hours_are_refused(town: Town) -> None:
    other = town.client("second member").post(
        "/hours",
        data={
            "pledge": town.ids["pool_pledge"],
            "allocation": town.ids["allocation"],
            "worked": "1",
            "worked_on": TODAY.isoformat(),
            "description": "Wiring",
        },
    )
    assert other.status_code == 422
    assert log(town).status_code == 303
    row = newest(town)
    # A's hours: the other community's treasurer has no say, and neither has who worked.
    assert confirm(town, row, "other treasurer").status_code == 404
    assert confirm(town, row, "member").status_code in (403, 404)
    assert newest(town).state == "logged"


def test_allocated_hours_are_not_taken_back_in_one_book_alone(town: Town) -> None:
    log(town)
    row = newest(town)
    confirm(town, row)
    path = town.address("manual_entries.do", task="hours-not-worked")
    answer = town.client("treasurer").post(
        path, data={"hours": str(row.id), "minutes": "1", "reason": "Left early", "step": "do"}
    )
    assert answer.status_code == 409
    assert "cannot be taken back in one book alone" in answer.text
