"""Parties: who gives. The journal knows only the random reference of each.

A typed address is a claim. It never leads to what others gave, and what is typed with it changes
nothing of theirs: each pledge form of somebody who is not signed in makes a party of its own. It
joins the person of its address when they open a link sent there (``join``), and at no other time.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_, select, update

from ledger.core.reference import new_reference
from ledger.core.vocabulary import Consent
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.hours import HoursEntry
from ledger.models.parties import Party
from ledger.models.people import Person
from ledger.models.pledges import Basket
from ledger.services.jobs import rate_limits
from ledger.services.people.people import clean_email
from ledger.services.pledges.confirmations import restate_offers

LOOKED_UP_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Giver:
    """What somebody typed about themselves; ``consent`` says how they wish to be shown."""

    name: str
    email: str
    consent: str


def party_of_form(
    session: Session, *, giver: Giver, form_key: str, person: Person | None, now: datetime
) -> Party:
    """Return the party of a pledge form: the signed-in person's own if they typed their own
    address, else a new one that is nobody's yet.

    The same form sent again (``form_key``) has the party that it made. Raises Invalid for an
    address that is none.
    """
    address = _checked(giver)
    if person is not None and person.email == address:
        return party_of_person(session, person=person, giver=giver, now=now)
    sent = session.scalar(
        select(Party)
        .join(Basket, Basket.party_id == Party.id)
        .where(Basket.form_key == form_key, Party.email == address)
    )
    return sent or _new(session, giver, address, now)


def party_of_person(session: Session, *, person: Person, giver: Giver, now: datetime) -> Party:
    """Return the party under which a signed-in person gives, made when they have none."""
    own = session.scalar(
        select(Party)
        .where(Party.person_id == person.id, Party.email == person.email, Party.joined_at.is_(None))
        .order_by(Party.created_at, Party.id)
        .limit(1)
    )
    return own or _new(session, giver, person.email, now, person.id)


def find_or_create_party(
    session: Session, *, name: str, email: str, consent: str, now: datetime
) -> Party:
    """Return the party that communities keep for an address, made when there is none.

    It is apart from what pledge forms made, and joins a person as those do. A known party keeps
    its name and its consent. Raises Invalid for an address that is none.
    """
    giver = Giver(name, email, consent)
    address = _checked(giver)
    return kept_parties(session, {address}).get(address) or _new(session, giver, address, now)


def kept_parties(session: ReadSession, addresses: Collection[str]) -> dict[str, Party]:
    """Return the parties that communities keep for addresses, where there are any."""
    wanted, found = sorted(set(addresses) - {""}), dict[str, Party]()
    for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
        for party in session.scalars(
            select(Party)
            .where(
                Party.email.in_(wanted[start : start + LOOKED_UP_AT_ONCE]),
                # What somebody made signed in is theirs: nothing is added by typing the address.
                or_(Party.person_id.is_(None), Party.joined_at.is_not(None)),
                ~exists().where(Basket.party_id == Party.id),
            )
            .order_by(Party.created_at, Party.id)
        ):
            found.setdefault(party.email, party)
    return found


def join(session: Session, *, person: Person, now: datetime) -> int:
    """Give a person, who has just shown that the address is theirs, what was given with it.

    Return how many parties joined. Nothing of it is shown in public before they say so.
    """
    joined = session.scalars(
        update(Party)
        .where(Party.email == person.email, Party.person_id.is_(None))
        .values(person_id=person.id, joined_at=now)
        .returning(Party.id)
    ).all()
    restate_offers(session, parties=joined)
    baskets = session.scalars(select(Basket.id).where(Basket.party_id.in_(joined))).all()
    rate_limits.settle(session, about=baskets, now=now)
    return len(joined)


def show_basket(
    session: Session, *, person_id: UUID, basket_id: UUID, consent: str, now: datetime
) -> None:
    """Set how a person's own basket is shown in public. Raises NotFound, Invalid."""
    basket, _party = _own(session, person_id, basket_id)
    _check_consent(consent)
    basket.consent = Consent(consent)
    basket.confirmed_at = basket.confirmed_at or now
    session.flush()


def disown(session: Session, *, person_id: UUID, basket_id: UUID) -> None:
    """Part a basket that joined a person from them: somebody else typed their address.

    The gift stays in the books; no message about it goes to the address any more, and neither
    name nor message is shown. Raises NotFound, Conflict for what they made or worked on signed in.
    """
    _basket, party = _own(session, person_id, basket_id)
    worked = session.scalar(select(HoursEntry.id).where(HoursEntry.party_id == party.id).limit(1))
    if party.joined_at is None or worked is not None:
        raise Conflict(
            "You gave this while you were signed in, so it belongs to you.", place="basket"
        )
    party.person_id, party.joined_at, party.email = None, None, ""
    for basket in session.scalars(select(Basket).where(Basket.party_id == party.id)):
        basket.confirmed_at = None
    restate_offers(session, parties=[party.id])


def _own(session: Session, person_id: UUID, basket_id: UUID) -> tuple[Basket, Party]:
    found = session.execute(
        select(Basket, Party)
        .join(Party, Party.id == Basket.party_id)
        .where(Basket.id == basket_id, Party.person_id == person_id)
    ).one_or_none()
    if found is None:
        raise NotFound("You have no such pledge or contribution.", place="basket")
    return found[0], found[1]


def _new(
    session: Session, giver: Giver, address: str, now: datetime, person_id: UUID | None = None
) -> Party:
    party = Party(
        reference=new_reference("D", secrets.choice),
        name=giver.name.strip(),
        email=address,
        person_id=person_id,
        consent=giver.consent,
        created_at=now,
    )
    session.add(party)
    session.flush()
    return party


def _checked(giver: Giver) -> str:
    _check_consent(giver.consent)
    return clean_email(giver.email)


def _check_consent(consent: str) -> None:
    if consent not in tuple(Consent):
        raise Invalid("Choose how your name is shown.", place="consent")
