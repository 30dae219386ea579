"""From when on a role without its required factor is held back."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from ledger.db import Session
from ledger.queries.people.factors import missing_factors
from ledger.services.people.factors import set_policy
from ledger.services.people.people import grant_role
from tests.conftest import NOW
from tests.factories import make_book, make_person

WEEK = timedelta(days=7)


def due(session: Session, person_id: UUID, now: datetime) -> list[tuple[datetime | None, bool]]:
    found = missing_factors(session, person_id=person_id, now=now)
    return [(row.due_at, row.is_held_back) for row in found]


def test_seven_days_count_from_the_rule_or_from_the_role_whichever_is_later(
    session: Session,
) -> None:
    book, admin = make_book(session), make_person(session, "Admin")
    early, late = make_person(session, "Early", book, "treasurer"), make_person(session, "Late")
    assert due(session, early.id, NOW) == [(None, False)]
    demand = partial(set_policy, session, book=book, role="treasurer", set_by=admin.id)
    later = NOW + timedelta(days=3)
    assert demand(demand="required", now=later)
    # Saying the same again changes nothing, and puts nothing off.
    assert not demand(demand="required", now=later + WEEK)
    begins = later + timedelta(days=2)
    grant_role(session, person_id=late.id, book_id=book.id, role="treasurer", now=begins)
    assert due(session, early.id, begins) == [(later + WEEK, False)]
    assert due(session, late.id, begins) == [(begins + WEEK, False)]
    assert due(session, late.id, begins + WEEK) == [(begins + WEEK, True)]
    assert demand(demand="off", now=begins)
    assert due(session, early.id, begins + WEEK) == []
