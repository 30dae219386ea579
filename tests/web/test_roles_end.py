"""Roles end on a day that was set ahead, where the book is kept; an auditor's after a year."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.db import Database
from ledger.demo import people
from ledger.demo.opening import let_people_in
from ledger.models.people import Membership, Person
from ledger.queries.people.people import people_of
from ledger.services.books.books import ensure_commodity
from tests.conftest import NOW
from tests.factories import make_book
from tests.web.test_sign_in import Clock
from tests.worlds.town import TODAY, Town, found_town

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ending(db: Database, clock: Clock) -> Town:
    """A town with a clock to set."""
    return found_town(db, clock=clock)


def given(town: Town, role: str, until: str) -> tuple[UUID, datetime | None]:
    """Give somebody new a role on the page; return them and when it ends."""
    form = {"name": "Nia", "email": f"{role}.new@example.org", "role": role, "until": until}
    answer = town.client("admin").post("/books/A/people", data=form)
    assert answer.status_code == 303, answer.text
    with town.db.snapshot() as session:
        found = session.execute(
            select(Membership.person_id, Membership.ends_at)
            .join(Person, Person.id == Membership.person_id)
            .where(Person.email == form["email"])
        ).one()
        return found[0], found[1]


def test_a_role_is_held_through_its_last_day_and_gives_no_right_afterwards(
    ending: Town, clock: Clock
) -> None:
    last = TODAY + 3 * DAY
    ending.people["new"], ends = given(ending, "member", last.isoformat())
    assert ends == datetime.combine(last + DAY, datetime.min.time(), NOW.tzinfo)
    assert "until Nov 5, 2026" in ending.client("admin").get("/books/A/people").text
    client = ending.client("new")
    clock.now = ends - timedelta(seconds=1)
    # The session of somebody with a role runs out unused: a new sign-in.
    client = ending.client("new")
    assert client.get("/books/A/agreements").status_code == 200
    clock.now = ends
    assert client.get("/books/A/agreements").status_code == 404
    assert "Nia" not in ending.client("admin").get("/books/A/people").text


def test_an_auditor_is_one_for_a_year_where_no_day_is_said(ending: Town, clock: Clock) -> None:
    _person, ends = given(ending, "auditor", "")
    assert ends == NOW + timedelta(days=365)
    clock.now = NOW + timedelta(days=364)
    assert ending.client("auditor").get("/books/A/journal").status_code == 200
    clock.now = NOW + timedelta(days=365)
    assert ending.client("auditor").get("/books/A/journal").status_code == 404


@pytest.mark.parametrize("role", ["member", "treasurer"])
@pytest.mark.parametrize("until", [TODAY - DAY, date(2026, 1, 1)])
def test_a_role_does_not_end_before_it_starts(ending: Town, role: str, until: date) -> None:
    before = ending.rows()
    form = {"name": "Nia", "email": "nia@example.org", "role": role, "until": until.isoformat()}
    answer = ending.client("admin").post("/books/A/people", data=form)
    assert answer.status_code == 422
    assert 'href="#until"' in answer.text
    assert ending.rows() == before


def test_a_role_that_two_agree_on_keeps_its_last_day(ending: Town) -> None:
    form = {"name": "Tia", "email": "tia@example.org", "role": "treasurer", "until": "2027-01-31"}
    assert ending.client("admin").post("/books/A/people", data=form).status_code == 303
    approver = ending.client("approver")
    address = approver.get("/queue").text.split("New treasurer")[0].rsplit('id="p-', 1)[1]
    approval_request = address.split('"')[0]
    sent = approver.post(f"/queue/{approval_request}", data={"answer": "approve", "note": ""})
    assert sent.status_code == 303
    with ending.db.snapshot() as session:
        ends = session.scalars(
            select(Membership.ends_at)
            .join(Person, Person.id == Membership.person_id)
            .where(Person.email == "tia@example.org")
        ).one()
    assert ends == datetime(2027, 2, 1, tzinfo=NOW.tzinfo)


def test_everybody_of_the_demo_holds_their_role_today(db: Database) -> None:
    begun = NOW - timedelta(days=365)
    with db.transaction() as session:
        book = make_book(session)
        for code, *_more in people.SKILLS:
            ensure_commodity(session, code)
        let_people_in(session, {"A": book}, start=begun.date(), now=begun)
        held = {(row.email, row.role) for row in people_of(session, book_id=book.id, now=NOW)}
    assert held == {(email, role) for role, _name, email in people.STAFF if role != "donor"}
