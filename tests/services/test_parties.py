"""One party per address; it belongs to the person of that address and to nobody else."""

import pytest
from sqlalchemy import func, select

from ledger.core.reference import is_reference
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.parties import Party
from ledger.services.parties import find_or_create_party
from ledger.services.people import create_person
from tests.conftest import NOW


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


def party(session: Session, email: str = "ada@example.org", **changes: object) -> Party:
    """Name a giver."""
    values: dict[str, object] = {"name": " Ada Hill ", "consent": "initials", "now": NOW}
    return find_or_create_party(session, email=email, **(values | changes))  # type: ignore[arg-type]


def test_an_address_is_one_party_in_any_capitals(session):
    first = party(session)
    assert party(session, " ADA@Example.org").id == first.id
    assert session.scalar(select(func.count()).select_from(Party)) == 1
    assert (first.name, is_reference(first.reference)) == ("Ada Hill", True)


def test_the_latest_word_about_the_name_counts(session):
    party(session, consent="name")
    assert party(session, consent="anonymous").consent == "anonymous"


def test_a_party_belongs_to_who_has_the_address_already(session):
    person = create_person(session, email="ada@example.org", name="Ada", now=NOW)
    assert party(session).person_id == person.id


def test_a_party_belongs_to_who_signs_up_with_its_address_later(session):
    assert party(session).person_id is None
    person = create_person(session, email="ada@example.org", name="Ada", now=NOW)
    assert party(session).person_id == person.id


def test_typing_an_address_does_not_make_its_gifts_ones_own(session):
    party(session)
    eve = create_person(session, email="eve@example.org", name="Eve", now=NOW)
    assert party(session, person_id=eve.id).person_id is None


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.org", "a b@example.org"])
def test_what_is_no_address_is_refused(session, email):
    with pytest.raises(Invalid):
        party(session, email)


def test_an_unknown_word_about_the_name_is_refused(session):
    with pytest.raises(Invalid) as refusal:
        party(session, consent="shout")
    assert refusal.value.place == "consent"
