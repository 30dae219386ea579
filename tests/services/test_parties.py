"""A typed address is a claim: it changes nothing that is known, and joins its owner alone."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from ledger.core.reference import clean
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.services.people.people import create_person
from ledger.services.pledges.parties import Giver, find_or_create_party, join, party_of_form
from tests.conftest import NOW


@pytest.fixture
def session(hamlet_session: Session) -> Session:
    return hamlet_session


def party(session: Session, email: str = "ada@example.org", **changes: Any) -> Party:
    """Name a giver."""
    values: dict[str, Any] = {"name": " Ada Hill ", "consent": "initials", "now": NOW}
    return find_or_create_party(session, email=email, **(values | changes))


def test_an_address_is_one_party_in_any_capitals(session: Session) -> None:
    first = party(session)
    assert party(session, " ADA@Example.org").id == first.id
    assert session.scalar(select(func.count()).select_from(Party)) == 1
    assert (first.name, clean(first.reference)) == ("Ada Hill", first.reference)


def test_a_known_party_keeps_its_name_and_its_consent(session: Session) -> None:
    party(session, consent="name")
    again = party(session, name="Eve", consent="anonymous")
    assert (again.name, again.consent) == ("Ada Hill", "name")


def test_an_address_that_is_typed_is_nobodys_until_its_owner_signs_in(session: Session) -> None:
    person = create_person(session, email="ada@example.org", name="Ada", now=NOW)
    kept = party(session)
    commitment = (kept.reference, kept.salt)
    before: UUID | None = kept.person_id
    assert before is None
    assert join(session, person=person, now=NOW) == 1
    session.refresh(kept)
    assert (kept.person_id, kept.joined_at) == (person.id, NOW)
    # What entries name the giver by stays as it is.
    assert (kept.reference, kept.salt) == commitment
    assert party(session).id == kept.id
    assert join(session, person=person, now=NOW) == 0


def test_an_address_joins_nobody_else(session: Session) -> None:
    party(session)
    eve = create_person(session, email="eve@example.org", name="Eve", now=NOW)
    assert join(session, person=eve, now=NOW) == 0
    assert party(session).person_id is None


def form(session: Session, person: Person | None, email: str = "ada@example.org") -> Party:
    """Send a pledge form, signed in or not."""
    giver = Giver("Ada", email, "name")
    return party_of_form(session, giver=giver, form_key="a form", person=person, now=NOW)


def test_each_form_of_a_stranger_is_a_party_of_its_own(session: Session) -> None:
    kept = party(session)
    assert len({kept.id, form(session, None).id, form(session, None).id}) == 3


def test_who_is_signed_in_gives_as_themselves_with_their_own_address_alone(
    session: Session,
) -> None:
    ada = create_person(session, email="ada@example.org", name="Ada", now=NOW)
    stranger = form(session, None)
    own = form(session, ada, " ADA@example.org ")
    assert own.id != stranger.id
    assert (own.person_id, form(session, ada).id) == (ada.id, own.id)
    assert form(session, ada, "eve@example.org").person_id is None
    # A community that types the address adds nothing to what is theirs.
    assert party(session).id != own.id


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.org", "a b@example.org"])
def test_what_is_no_address_is_refused(session: Session, email: str) -> None:
    with pytest.raises(Invalid):
        party(session, email)


def test_an_unknown_word_about_the_name_is_refused(session: Session) -> None:
    with pytest.raises(Invalid) as refusal:
        party(session, consent="shout")
    assert refusal.value.place == "consent"
