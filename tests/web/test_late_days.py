"""A day in a closed period is asked about before anything is booked on another one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger.db import Database, Session
from ledger.ids import new_id
from ledger.models.assets import Intake
from ledger.models.journal import Entry
from ledger.models.periods import Period
from ledger.queries.books.books import book_by_code
from tests.conftest import NOW
from tests.worlds.town import TODAY, Town, found_town

CLOSED = TODAY - timedelta(days=20)
OPENS = date(2026, 10, 31)


@pytest.fixture
def town(db: Database) -> Town:
    """A town whose book A is closed until the day before OPENS."""
    made = found_town(db)

    def close(session: Session) -> None:
        book = book_by_code(session, "A")
        session.add(
            Period(
                id=new_id(),
                book_id=book.id,
                until_on=OPENS - timedelta(days=1),
                state="closed",
                snapshot="{}",
                snapshot_sha256="0" * 64,
                log_size=0,
                log_root="0" * 64,
                closed_at=NOW,
                closed_by=made.people["treasurer"],
                approved_by=made.people["approver"],
            )
        )

    made.tell(close)
    return made


FORMS = {
    "offline.record": {
        "amount": "5",
        "fund": "GEN",
        "received_on": CLOSED.isoformat(),
        "key": "k1",
        "action": "count",
    },
    "agreements.carry_out": {"amount": "5", "done_on": CLOSED.isoformat()},
}


@pytest.mark.parametrize("endpoint", FORMS)
def test_it_is_asked_first_and_booked_on_the_day_that_was_agreed_to(
    town: Town, endpoint: str
) -> None:
    client, path = town.client("treasurer"), town.address(endpoint)
    before = town.rows()
    asked = client.post(path, data=FORMS[endpoint])
    assert asked.status_code == 422
    assert "is in a closed period. It can be booked on October 31, 2026" in asked.text
    assert f'name="moved_to" value="{OPENS.isoformat()}"' in asked.text
    assert town.rows() == before
    # Another day than the one that was shown is no answer.
    other = client.post(path, data={**FORMS[endpoint], "moved_to": "2026-11-01"})
    assert (other.status_code, town.rows() == before) == (422, True)
    done = client.post(path, data={**FORMS[endpoint], "moved_to": OPENS.isoformat()})
    assert done.status_code == 303
    with town.db.snapshot() as session:
        last = session.scalars(select(Entry).order_by(Entry.recorded_at.desc(), Entry.id.desc()))
        assert next(iter(last)).accounting_on == OPENS


def test_an_open_day_is_not_asked_about(town: Town) -> None:
    form = {**FORMS["offline.record"], "received_on": OPENS.isoformat()}
    client = town.client("treasurer")
    assert client.post(town.address("offline.record"), data=form).status_code == 303
    assert "moved_to" not in client.get(town.address("offline.show")).text


def test_what_names_no_day_says_afterwards_where_it_was_booked(town: Town) -> None:
    """A value is booked on the day on which the thing came."""

    def came_earlier(session: Session) -> None:
        for row in session.scalars(select(Intake)):
            row.received_on = CLOSED

    town.tell(came_earlier)
    form = {"answer": "approve", "note": ""}
    answer = town.client("approver").post(
        town.address("queue.decide"), data=form, follow_redirects=True
    )
    assert "is in a closed period, so it is booked on October 31, 2026." in answer.text
