"""A giver's pledges come a page at a time, newest first, each once."""

from ledger.db import Session
from ledger.paging import CARDS
from ledger.queries.pledges.pledges import is_of_person, page_of_person
from tests.factories import make_person
from tests.services.undone import shared_db_fixture, undone_fixture  # noqa: F401
from tests.worlds.till import Till


def test_many_pledges_come_in_pages(undone: Session) -> None:
    till = Till(undone)
    person, other = make_person(undone, "Ada Hill"), make_person(undone, "Ben Low")
    till.party.person_id = person.id
    made = {till.pledge(1_000 + number).id for number in range(CARDS + 5)}
    first = page_of_person(undone, person_id=person.id)
    second = page_of_person(undone, person_id=person.id, after=first.after)
    assert (len(first.rows), len(second.rows), second.after) == (CARDS, 5, None)
    assert {row.id for row in (*first.rows, *second.rows)} == made
    assert page_of_person(undone, person_id=other.id).rows == ()


def test_a_pledge_is_its_givers_alone(undone: Session) -> None:
    till = Till(undone)
    person, other = make_person(undone, "Ada Hill"), make_person(undone, "Ben Low")
    till.party.person_id = person.id
    pledge = till.pledge()
    assert is_of_person(undone, pledge_id=pledge.id, person_id=person.id)
    assert not is_of_person(undone, pledge_id=pledge.id, person_id=other.id)
